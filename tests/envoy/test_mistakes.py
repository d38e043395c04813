"""What is wrong is said and takes nothing away; what Envoy refuses does not stop the rest.

Most of what Envoy refuses legation says first. What it leaves to Envoy depends on how that was built, or started.
"""

from __future__ import annotations

from copy import deepcopy
from functools import partial
from typing import Any

import yaml

from demo import web
from demo.programs import free_ports
from tests.envoy.world import World


def cluster(name: str, **config: Any) -> dict[str, Any]:
    """Return the manifest of a cluster."""
    spec = {"config": {"name": name, "connect_timeout": "1s", **config}}
    return {"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": {"name": name}, "spec": spec}


def static(name: str, address: str) -> dict[str, Any]:
    """Return the manifest of a cluster with one fixed address."""
    endpoint = {"endpoint": {"address": {"socket_address": {"address": address, "port_value": 80}}}}
    hosts = {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}
    return cluster(name, type="STATIC", load_assignment=hosts)


def answering(name: str, text: str, **match: Any) -> dict[str, Any]:
    """Return the manifest of a route that answers by itself."""
    routes = [{"match": match or {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": text}}}]
    config = {"name": name, "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]}
    return {"apiVersion": "bootes.io/v1", "kind": "Route", "metadata": {"name": name}, "spec": {"config": config}}


IMAGINARY = {"cluster_type": {"name": "envoy.clusters.imaginary"}}
"""A kind of cluster that no Envoy was built with, as far as we know."""


def scripted(listener: dict[str, Any]) -> dict[str, Any]:
    """Return the listener with a script that is none."""
    kind = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"
    script = {"@type": kind, "default_source_code": {"inline_string": "function envoy_on_request(handle"}}
    changed = deepcopy(listener)
    manager = changed["spec"]["config"]["filter_chains"][0]["filters"][0]["typed_config"]
    manager["http_filters"].insert(0, {"name": "script", "typed_config": script})
    return changed


async def answer(port: int, text: str) -> bool:
    """Say whether that is what the port answers."""
    return await web.get(f"127.0.0.1:{port}", "/") == text


async def test_a_broken_manifest_keeps_the_last_good_one_until_it_is_mended(world: World, variant: str) -> None:
    """The problem says file, line, field and mend; requests never notice."""
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    async with world.load() as load:
        await world.shares(load, blue=1, green=0)
        world.edit("route.yaml", r"weighted_clusters", "weighted_cluster")
        world.edit("route.yaml", r"weight: \d+", "weight: 0", "weight: 100")
        found = await world.problem("weighted_cluster")
        assert found["file"].endswith("route.yaml")
        assert found["line"] == 14
        assert found["object"] == "Route default/colours"
        assert "weighted_clusters" in found["mend"]
        world.edit("green.yaml", r"connect_timeout: 1s", "connect_timeout: 2s")  # the others go on
        await world.more_answers(load)
        await world.shares(load, blue=1, green=0)
        world.edit("route.yaml", r"weighted_cluster\b", "weighted_clusters")
        await world.shares(load, blue=0, green=1)
    await world.no_problems()


async def test_yaml_that_does_not_parse_takes_nothing_away(world: World) -> None:
    """Half a file is no deletion, nor is an empty one."""
    await world.serve()
    await world.start_envoy(await world.bootstrap("delta"))
    whole = (world.manifests / "blue.yaml").read_text()
    async with world.load() as load:
        for half in (whole[: whole.index("port_value")], ""):
            (world.manifests / "blue.yaml").write_text(half)
            found = await world.problem("blue.yaml")
            assert found["level"] == "error"
            await world.more_answers(load)
            await world.shares(load, blue=1, green=0)
        (world.manifests / "blue.yaml").write_text(whole)
        await world.no_problems()


async def test_a_refused_cluster_is_told_in_envoys_words_and_the_others_go_on(world: World, variant: str) -> None:
    """A kind of cluster that this Envoy lacks and another may have: so Envoy is the first to say it."""
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    async with world.load() as load:
        world.save("more.yaml", static("good", "127.0.0.1"), cluster("bad", **IMAGINARY))
        found = await world.problem('Cluster "bad" is refused by 1 of 1 Envoys', "registered cluster factory")
        assert found["object"] == "Cluster default/bad"
        assert found["path"] == "spec.config.cluster_type.name"
        assert "registered cluster factory" in await world.proxies()
        await world.clusters(has=("blue", "green", "good"), lacks=("bad",))
        world.edit("route.yaml", r"weight: \d+", "weight: 0", "weight: 100")
        await world.shares(load, blue=0, green=1)
        world.save("more.yaml", static("good", "127.0.0.1"), static("bad", "127.0.0.2"))
        await world.clusters(has=("good", "bad"))
    await world.no_problems()


async def test_what_breaks_a_rule_of_the_schema_is_said_before_envoy_hears_of_it(world: World, variant: str) -> None:
    """Envoy would drop the whole response, and name the culprit only in the dump of it."""
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    async with world.load() as load:
        world.save("more.yaml", cluster("good"), cluster("bad", connect_timeout="0s"), cluster("better"))
        found = await world.problem("bad", "connect_timeout", "0s")
        assert found["object"] == "Cluster default/bad"
        assert found["code"] == "constraint"
        assert "0s" in (world.manifests / "more.yaml").read_text().splitlines()[found["line"] - 1]
        await world.clusters(has=("blue", "green", "good", "better"), lacks=("bad",))
        await world.more_answers(load)
        world.save("more.yaml", cluster("good"), cluster("bad"), cluster("better"))
        await world.clusters(has=("good", "bad", "better"))
    await world.no_problems()


async def test_a_refused_change_leaves_the_version_before_in_use(world: World, variant: str) -> None:
    """The listener goes on serving as it was; a new one beside it is taken."""
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    text = (world.manifests / "listener.yaml").read_text()
    first, second = yaml.safe_load(text), text.replace("front", "second")
    async with world.load() as load:
        world.save("listener.yaml", scripted(first))
        (world.manifests / "second.yaml").write_text(second)
        found = await world.problem('Listener "front" is refused by 1 of 1 Envoys', "script load error")
        assert found["object"] == "Listener default/front"
        async with world.load("second") as other:
            await world.shares(other, blue=1, green=0)
        await world.more_answers(load)
        world.save("listener.yaml", first)
        await world.no_problems()


async def test_a_route_that_envoy_refuses_without_a_name_is_found_and_the_others_go_on(
    world: World, variant: str
) -> None:
    """A regular expression that is too large for this Envoy: its words hold no name, and it takes nothing."""
    names = [f"r{number}" for number in range(5)]
    listener = (world.manifests / "listener.yaml").read_text()
    for name in names:
        text = listener.replace("front", f"of-{name}").replace("colours", name)
        (world.manifests / f"of-{name}.yaml").write_text(text)
    world.save("routes.yaml", *(answering(name, "one") for name in names))
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    ports = {name: await world.until(partial(world.envoy.listener_port, f"of-{name}"), name) for name in names}
    for name in names:
        await world.until(partial(answer, ports[name], "one"), f"the first {name}")

    wrong = answering("r3", "two", safe_regex={"regex": "/(a{1,100}){1,10}"})
    world.save("routes.yaml", *(wrong if name == "r3" else answering(name, "two") for name in names))
    found = await world.problem("refused by 1 of 1")
    assert found["object"] == "Route default/r3"
    for name in names:
        await world.until(partial(answer, ports[name], "one" if name == "r3" else "two"), f"the second {name}")
    world.save("routes.yaml", *(answering(name, "three") for name in names))
    for name in names:
        await world.until(partial(answer, ports[name], "three"), f"the third {name}")
    await world.no_problems()


async def test_a_listener_stays_until_who_takes_its_address_is_accepted(world: World, variant: str) -> None:
    """Envoy removes before it adds: when it refuses the new one, the old one comes back."""
    (port,) = free_ports(1)
    world.save("routes.yaml", answering("colours", "here"))
    (world.manifests / "route.yaml").unlink()
    world.edit("listener.yaml", r"port_value: \d+", f"port_value: {port}")
    renamed = yaml.safe_load((world.manifests / "listener.yaml").read_text().replace("name: front", "name: back"))
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    await world.until(partial(answer, port, "here"), "the first listener")

    world.save("listener.yaml", scripted(renamed))
    found = await world.problem('Listener "back" is refused by 1 of 1 Envoys')
    assert found["object"] == "Listener default/back"
    await world.until(partial(answer, port, "here"), "the first listener again")
    assert await world.envoy.listener_port("front") == port
    world.save("listener.yaml", renamed)
    await world.until(partial(world.envoy.listener_port, "back"), "the second listener")
    await world.until(partial(answer, port, "here"), "the second listener")
    await world.no_problems()
