"""What is wrong is said and takes nothing away; what Envoy refuses does not stop the rest."""

from __future__ import annotations

from typing import Any

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
