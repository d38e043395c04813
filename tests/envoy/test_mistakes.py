"""What is wrong is said and takes nothing away; what Envoy refuses does not stop the rest."""

from __future__ import annotations

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
    """A host name where only an address may stand: no rule of the schema, so Envoy is the first to say it."""
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    async with world.load() as load:
        world.save("more.yaml", static("good", "127.0.0.1"), static("bad", "no.address.example"))
        found = await world.problem("bad", "malformed IP address")
        assert found["object"] == "Cluster default/bad"
        assert "malformed IP address" in await world.proxies()
        await world.clusters(has=("blue", "green", "good"), lacks=("bad",))
        world.edit("route.yaml", r"weight: \d+", "weight: 0", "weight: 100")
        await world.shares(load, blue=0, green=1)
        world.save("more.yaml", static("good", "127.0.0.1"), static("bad", "127.0.0.2"))
        await world.clusters(has=("good", "bad"))
    await world.no_problems()


async def test_what_breaks_a_rule_of_the_schema_is_told_with_the_rule_and_the_others_go_on(
    world: World, variant: str
) -> None:
    """Envoy drops the whole response then, and names the culprit only in the dump of it."""
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    async with world.load() as load:
        world.save("more.yaml", cluster("good"), cluster("bad", connect_timeout="0s"), cluster("better"))
        found = await world.problem("bad", "value must be greater than 0s")
        assert found["object"] == "Cluster default/bad"
        await world.clusters(has=("blue", "green", "good", "better"), lacks=("bad",))
        await world.more_answers(load)
        world.save("more.yaml", cluster("good"), cluster("bad"), cluster("better"))
        await world.clusters(has=("good", "bad", "better"))
    await world.no_problems()


async def test_a_refused_change_leaves_the_version_before_in_use(world: World, variant: str) -> None:
    """The listener goes on serving as it was; a new one beside it is taken."""
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    second = (world.manifests / "listener.yaml").read_text().replace("front", "second")
    async with world.load() as load:
        world.edit("listener.yaml", r"address: 127.0.0.1", "address: no.address.example")
        (world.manifests / "second.yaml").write_text(second)
        found = await world.problem("front", "no.address.example")
        assert found["object"] == "Listener default/front"
        async with world.load("second") as other:
            await world.shares(other, blue=1, green=0)
        await world.more_answers(load)
        world.edit("listener.yaml", r"address: no.address.example", "address: 127.0.0.1")
        await world.no_problems()


async def test_a_route_that_envoy_refuses_without_a_name_is_found_and_the_others_go_on(
    world: World, variant: str
) -> None:
    """A wrong regular expression: Envoy's words hold no name, and it takes nothing of the response."""
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

    wrong = answering("r3", "two", safe_regex={"regex": "/("})
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

    chains = renamed["spec"]["config"]["filter_chains"]
    twice = renamed | {"spec": {"config": renamed["spec"]["config"] | {"filter_chains": chains * 2}}}
    world.save("listener.yaml", twice)
    found = await world.problem("refused", "back")
    assert found["object"] == "Listener default/back"
    await world.until(partial(answer, port, "here"), "the first listener again")
    assert await world.envoy.listener_port("front") == port
    world.save("listener.yaml", renamed)
    await world.until(partial(world.envoy.listener_port, "back"), "the second listener")
    await world.until(partial(answer, port, "here"), "the second listener")
    await world.no_problems()
