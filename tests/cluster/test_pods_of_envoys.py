"""Who an Envoy is, by the Pod that it is in; what becomes of it when that goes; and who is not served at all."""

from __future__ import annotations

from tests.cluster import manifests
from tests.cluster.stage import Proxy, Stage
from tests.envoy.world import GRACES


async def told(edge: Proxy, *words: str) -> str:
    """Wait until Envoy has logged a line with these words, and return it."""

    async def logged() -> str | None:
        lines = edge.envoy.log.read_text(errors="replace").splitlines()
        return next((each for each in lines if all(word in each for word in words)), None)

    line: str = await edge.until(logged, f"a line with {words}")
    return line


async def test_an_envoy_whose_pod_is_deleted_keeps_what_it_has(stage: Stage) -> None:
    """Later changes do not reach it, though the others get them; when it goes, nothing of it is left."""
    namespace = stage.namespace
    replica = await stage.serve(*GRACES)
    await stage.shop("blue", "green")
    edge, gone = await stage.envoy("edge-0"), await stage.envoy("edge-1")
    await edge.serves()
    await gone.serves()
    async with edge.load() as load, gone.load() as load_of_gone:
        stage.admin.delete(manifests.pod(namespace, "edge-1"))

        async def noticed() -> bool:
            found = await replica.proxies()
            return bool(found[gone.node]["group"] == f"{namespace} (its Pod is gone)")

        await replica.until(noticed, "that its Pod is gone")
        assert "(its Pod is gone)" in await replica.said("proxies")
        stage.apply(manifests.route(namespace, "green"), manifests.listener(namespace, "extra"))
        await edge.shares(load, blue=0, green=1)
        await edge.serves("extra")
        await gone.more_answers(load_of_gone)
        await gone.shares(load_of_gone, blue=1, green=0)
        await gone.listeners("front")

    gone.envoy.stop()

    async def left() -> bool:
        return set(await replica.proxies()) == {edge.node}

    await replica.until(left, "that it is gone")
    assert "its Pod is gone" not in await replica.said("proxies")


async def test_a_pod_of_the_same_name_is_another_one(stage: Stage) -> None:
    """As of a StatefulSet: the new Envoy is served by the new Pod's labels, while the old one still drains."""
    namespace = stage.namespace
    replica = await stage.serve(*GRACES)
    await stage.shop("web")
    old = await stage.envoy("edge-0")
    await old.serves()
    async with old.load() as load:
        stage.admin.delete(manifests.pod(namespace, "edge-0"))
        stage.apply(manifests.listener(namespace, "extra", {"team": "blue"}))
        new = await stage.envoy("edge-0", {"team": "blue"})
        await new.serves("extra")
        await old.more_answers(load)
        await old.listeners("front")
        assert {each["group"] for each in await replica.all_proxies()} == {
            f"{namespace} (its Pod is gone)",
            f"{namespace}/team=blue",
        }


async def test_an_envoy_at_a_wrong_address_is_denied(stage: Stage) -> None:
    """It is told so, in words, and shown; the one that it says it is goes on."""
    replica = await stage.serve()
    await stage.shop("web")
    edge = await stage.envoy("edge-0")
    await edge.serves()
    async with edge.load() as load:
        liar = stage.launch("edge-0", next(stage.addresses))
        await told(liar, f"closed: 7, the node id {edge.node!r}", "does not have the address")
        found = await replica.turned_away(edge.node)
        assert found["status"] == "PERMISSION_DENIED"
        assert found["address"].startswith("ipv4:10.244.")
        shown = await replica.said("proxies")
        assert f"{edge.node} at {found['address']}: PERMISSION_DENIED" in shown
        await edge.more_answers(load)
    assert await liar.envoy.statistics(r"^cluster_manager\.cds\.update_success$") == {
        "cluster_manager.cds.update_success": 0
    }


async def test_an_envoy_of_an_unknown_pod_is_not_found(stage: Stage) -> None:
    """After it was waited for; once the Pod is there, the Envoy comes by itself and is shown so no more."""
    replica = await stage.serve("--pod-wait", "0.5s")
    await stage.shop("web")
    address = next(stage.addresses)
    edge = stage.launch("edge-0", address)
    await told(edge, f"closed: 5, there is no Pod called edge-0 in the namespace {stage.namespace}")
    found = await replica.turned_away(edge.node)
    assert found["status"] == "NOT_FOUND"
    assert f"{edge.node} at {found['address']}: NOT_FOUND" in await replica.said("proxies")
    stage.pod("edge-0", address=address)
    await edge.serves()
    assert "turned away" not in await replica.said("proxies")


async def test_without_the_check_of_peers_the_uid_is_enough(stage: Stage) -> None:
    """As for a Pod in the network of its host."""
    await stage.serve("--peer-check", "none")
    await stage.shop("web")
    stage.pod("edge-0")
    made = stage.admin.get(manifests.pod(stage.namespace, "edge-0"))
    edge = stage.launch("edge-0", next(stage.addresses), node=made["metadata"]["uid"])
    await edge.serves()
