"""One of fifty is what Envoy refuses: the others arrive, nothing fails, its object is told, and its mend comes at once.

Each culprit is something that legation passes on knowingly, since it cannot know what an Envoy makes of it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

import pytest
import yaml

from demo import web
from demo.load import Load
from demo.proxy import Envoy
from tests.envoy.world import World

MANY = 50
"""Of each type."""
FIRST, SECOND = 25, 7
"""Who is bad when Envoy starts, and who becomes so while it runs."""

_TYPE = "type.googleapis.com/envoy"
_HTTP = f"{_TYPE}.extensions.filters.http"
_ADS = {"ads": {}, "resource_api_version": "V3"}
_ROUTER = {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{_HTTP}.router.v3.Router"}}
_NO_LUA = "function envoy_on_request(handle"

Config = dict[str, Any]


def lua(text: str, *, good: bool) -> Config:
    """Return the filter that answers with a text, or one that Envoy does not take: nobody here reads Lua."""
    code = f'function envoy_on_request(handle) handle:respond({{[":status"] = "200"}}, "{text}") end'
    return {"@type": f"{_HTTP}.lua.v3.Lua", "default_source_code": {"inline_string": code if good else _NO_LUA}}


def table(name: str, text: str, **more: Any) -> Config:
    """Return a route table that answers by itself."""
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": text}}, **more}
    return {"name": name, "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]}


def listener(name: str, *filters: Config, **routes: Any) -> Config:
    """Return a listener at a port that the system gives."""
    manager = {
        "@type": f"{_TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "http_filters": [*filters, _ROUTER],
        **routes,
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    return {"name": name, "address": address, "filter_chains": [chain]}


def cluster(name: str, **more: Any) -> Config:
    """Return a cluster with one address."""
    hosts = [{"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 1}}}}]
    assignment = {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]}
    return {"name": name, "load_assignment": assignment, **more}


# What is made of each name: it is `good` or not, and says the text.


def clusters(name: str, text: str, *, good: bool) -> Config:
    """A kind of cluster that this Envoy was not built with; the text is a detail that it shows."""
    kind = {"type": "STATIC"} if good else {"cluster_type": {"name": "envoy.clusters.imaginary"}}
    return cluster(name, alt_stat_name=f"{name}-{text}", **kind)


def listeners(name: str, text: str, *, good: bool) -> Config:
    """A script that does not parse."""
    script = {"name": "script", "typed_config": lua(text, good=good)}
    return listener(name, script, route_config=table(name, "no script"))


def routes(name: str, text: str, *, good: bool) -> Config:
    """A setting for a filter that takes none; Envoy's words do not name the table."""
    wrong = {"envoy.filters.http.router": {"@type": f"{_HTTP}.router.v3.Router"}}
    return table(name, text, **({} if good else {"typed_per_filter_config": wrong}))


def secrets(name: str, text: str, *, good: bool) -> Config:
    """A file that is not there, on the machine of this Envoy."""
    known = {"verify_certificate_hash": [digest(text)]}
    return {"name": name, "validation_context": known if good else {"trusted_ca": {"filename": f"/nowhere/{name}.pem"}}}


def digest(text: str) -> str:
    """Return what may be the hash of a certificate."""
    return sha256(text.encode()).hexdigest()


def extensions(name: str, text: str, *, good: bool) -> Config:
    """A script that does not parse, by discovery."""
    return {"name": name, "typed_config": lua(text, good=good)}


# Who uses them, and what Envoy shows of them.


def nobody(_name: str) -> None:
    """Envoy asks for all of them."""


def by_table(name: str) -> Config:
    """Return a listener that asks for a route table."""
    return listener(f"of-{name}", rds={"route_config_name": name, "config_source": _ADS})


def by_secret(name: str) -> Config:
    """Return a cluster that asks for a secret."""
    asked = {"validation_context_sds_secret_config": {"name": name, "sds_config": _ADS}}
    context = {
        "@type": f"{_TYPE}.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": asked,
        "sni": "of.example",
    }
    socket = {"name": "envoy.transport_sockets.tls", "typed_config": context}
    return cluster(f"of-{name}", type="STATIC", transport_socket=socket)


def by_extension(name: str) -> Config:
    """Return a listener that asks for a filter."""
    asked = {"config_source": _ADS, "type_urls": [f"{_HTTP}.lua.v3.Lua"]}
    return listener(f"of-{name}", {"name": name, "config_discovery": asked}, route_config=table("all", "no script"))


async def dumped(world: World, resource: str) -> str:
    """Return what Envoy says that it has."""
    return await world.envoy.ask(f"/config_dump?resource={resource}")


async def shown_clusters(world: World, names: Collection[str], text: str) -> bool:
    """Say whether the clusters show the text."""
    shown = await dumped(world, "dynamic_active_clusters")
    return all(f'"{name}-{text}"' in shown for name in names)


async def shown_secrets(world: World, names: Collection[str], text: str) -> bool:
    """Say whether the secrets show the text."""
    found = json.loads(await dumped(world, "dynamic_active_secrets")).get("configs", [])
    has = {each["name"] for each in found if digest(text) in json.dumps(each)}
    return has.issuperset(names)


async def answered(world: World, names: Collection[str], text: str, *, of: str = "") -> bool:
    """Say whether the listeners of that name answer with the text."""
    listeners = json.loads(await world.envoy.ask("/listeners?format=json")).get("listener_statuses", [])
    ports = {each["name"]: each["local_address"]["socket_address"]["port_value"] for each in listeners}
    for name in names:
        port = ports.get(f"{of}{name}")
        if port is None or await web.get(f"127.0.0.1:{port}", "/") != text:
            return False
    return True


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One type of resource, and one way in which Envoy does not take it."""

    type: str
    message: str
    make: Callable[..., Config]
    use: Callable[[str], Config | None]
    arrived: Callable[[World, Collection[str], str], Awaitable[bool]]
    words: str
    """Part of Envoy's."""
    line: str
    """Part of the line that the problem tells."""
    stays: bool = True
    """Whether it can be seen that Envoy goes on with what it had: a secret is shown, and not used."""


KINDS = {
    each.type: each
    for each in (
        Kind(
            type="Cluster",
            message=f"{_TYPE}.config.cluster.v3.Cluster",
            make=clusters,
            use=nobody,
            arrived=shown_clusters,
            words="registered cluster factory",
            line="envoy.clusters.imaginary",
        ),
        Kind(
            type="Listener",
            message=f"{_TYPE}.config.listener.v3.Listener",
            make=listeners,
            use=nobody,
            arrived=answered,
            words="script load error",
            line="@type",
        ),
        Kind(
            type="RouteConfiguration",
            message=f"{_TYPE}.config.route.v3.RouteConfiguration",
            make=routes,
            use=by_table,
            arrived=partial(answered, of="of-"),
            words="doesn't support virtual host or route specific configurations",
            line="envoy.filters.http.router",
        ),
        Kind(
            type="Secret",
            message=f"{_TYPE}.extensions.transport_sockets.tls.v3.Secret",
            make=secrets,
            use=by_secret,
            arrived=shown_secrets,
            words="/nowhere/: No such file or directory",
            line="@type",
            stays=False,
        ),
        Kind(
            type="ExtensionConfig",
            message=f"{_TYPE}.config.core.v3.TypedExtensionConfig",
            make=extensions,
            use=by_extension,
            arrived=partial(answered, of="of-"),
            words="script load error",
            line="@type",
        ),
    )
}


def holder(name: str, message: str, config: Config) -> Config:
    """Return an object with one resource."""
    return {
        "apiVersion": "legation.dev/v1alpha1",
        "kind": "EnvoyResources",
        "metadata": {"name": name},
        "spec": {"resources": [{"@type": message, **config}]},
    }


def use(world: World, kind: Kind, names: Collection[str]) -> None:
    """Save who asks for what is named."""
    made = [(name, kind.use(name)) for name in names]
    rows = {True: KINDS["Listener"].message, False: KINDS["Cluster"].message}
    users = [holder(f"of-{name}", rows["filter_chains" in each], each) for name, each in made if each is not None]
    if users:
        world.save("users.yaml", *users)


async def culprit(world: World, kind: Kind, name: str) -> None:
    """Wait until somebody is named as the only culprit, with the place and the field in its file."""
    found = await world.problem(f'{kind.type} "{name}" is refused by 1 of 1 Envoys: ', kind.words)
    assert found["object"] == f"EnvoyResources default/{name}"
    assert found["path"].startswith("spec.resources[0]")
    lines = (world.manifests / "subjects.yaml").read_text().splitlines()
    assert kind.line in lines[found["line"] - 1]
    assert name in "".join(lines[found["line"] - 16 : found["line"] + 24])
    told = await world.metrics()
    assert 'legation_problems{code="refused",kind="EnvoyResources",level="error"} 1.0' in told
    assert f'legation_proxies_refusing{{type="{kind.type}"}} 1.0' in told


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_one_of_fifty_takes_no_other_with_it_and_is_told(world: World, variant: str, kind: Kind) -> None:
    """When Envoy starts, and when it runs."""
    names = [f"n{number:02}" for number in range(MANY)]

    def save(text: str, bad: str = "") -> None:
        made = ((name, kind.make(name, text, good=name != bad)) for name in names)
        world.save("subjects.yaml", *(holder(name, kind.message, each) for name, each in made))

    async def have(text: str, but: str = "") -> None:
        good = [name for name in names if name != but]
        await world.until(partial(kind.arrived, world, good, text), f"all but {but or 'none'} have come: {text}")

    first, second = names[FIRST], names[SECOND]
    use(world, kind, names)
    save("one", bad=first)
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    async with world.load() as load:
        await have("one", but=first)
        await culprit(world, kind, first)
        save("two", bad=second)  # mends the first
        await have("two", but=second)
        await culprit(world, kind, second)
        if kind.stays:
            assert await kind.arrived(world, [second], "one")
        await world.more_answers(load)
        save("three")
        await have("three")
    await world.no_problems()


async def test_of_two_envoys_one_may_refuse(world: World, variant: str) -> None:
    """The one is told to take larger programs of regular expressions than the other."""
    await world.serve()
    bootstrap = await world.bootstrap(variant)
    await world.start_envoy(bootstrap)
    folder = world.folder / "generous"
    folder.mkdir()
    generous = deepcopy(bootstrap)
    generous["node"]["id"] = "generous"
    layer = {"name": "generous", "static_layer": {"re2.max_program_size.error_level": 100_000}}
    generous["layered_runtime"] = {"layers": [layer]}
    (folder / "bootstrap.yaml").write_text(yaml.safe_dump(generous))
    with Envoy(folder / "bootstrap.yaml", folder=folder) as other:
        await other.until(other.ready)
        async with world.load() as load:
            world.edit("route.yaml", r"prefix: /", 'safe_regex: {regex: "/(a{0,99}){0,9}"}')
            world.edit("route.yaml", r"weight: \d+", "weight: 0", "weight: 100")
            found = await world.problem('RouteConfiguration "colours" is refused by 1 of 2 Envoys: regex')
            assert found["object"] == "Route default/colours"
            assert found["path"].endswith("routes[0].match.safe_regex.regex")
            port = await world.until(partial(other.listener_port, "front"), "the listener of the other one")
            async with Load(port) as generous_load:
                await world.shares(generous_load, green=1)
            await world.more_answers(load)
            await world.shares(load, blue=1, green=0)
            world.edit("route.yaml", r'safe_regex: \{regex: "[^"]*"\}', "prefix: /")
            await world.shares(load, blue=0, green=1)
    await world.no_problems()
