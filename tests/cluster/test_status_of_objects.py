"""What the status of objects says of what real Envoys make of them."""

from __future__ import annotations

from tests.cluster import manifests
from tests.cluster.admin import Object
from tests.cluster.stage import Stage
from tests.envoy.world import GRACES

STATUS = ("--status", "on", *GRACES)
TOGETHER = ("--replica-service", "legation")


async def test_an_object_tells_how_many_envoys_have_it(stage: Stage) -> None:
    """Of those that match by its newest generation; who matches no more does not count."""
    await stage.serve(*STATUS)
    await stage.shop("web")
    web = manifests.cluster(stage.namespace, "web")
    await stage.condition(web, "Accepted", "True")
    await stage.condition(web, "Programmed", "False", "no Envoy")
    edge = await stage.envoy("edge-0")
    await stage.envoy("edge-1", {"team": "blue"})
    extra = manifests.listener(stage.namespace, "extra")
    stage.apply(extra)
    for each in (web, extra, manifests.route(stage.namespace, "web")):
        assert (await stage.condition(each, "Programmed", "True", "2 of 2"))["programmed"] == "2/2"
    await edge.serves()
    async with edge.load() as load:
        stage.apply(manifests.listener(stage.namespace, "extra", {"team": "blue"}))
        assert (await stage.condition(extra, "Programmed", "True", "1 of 1"))["programmed"] == "1/1"
        await edge.listeners("front")
        await edge.more_answers(load)


async def test_a_broken_object_is_not_accepted_until_it_is_mended(stage: Stage) -> None:
    """The reason and the path are told; what is served meanwhile is said to be the generation before."""
    await stage.serve(*STATUS)
    await stage.shop("web")
    edge = await stage.envoy()
    await edge.serves()
    web = manifests.cluster(stage.namespace, "web")
    async with edge.load() as load:
        await stage.condition(web, "Programmed", "True")
        stage.admin.patch(manifests.cluster(stage.namespace, "web", connect_timeot="2s"))
        status = await stage.condition(web, "Accepted", "False", "spec.config.connect_timeot", "connect_timeout")
        assert status["programmed"] == "0/1"
        await stage.condition(web, "Programmed", "False", "generation 1 still is")
        stage.admin.patch(manifests.cluster(stage.namespace, "web", connect_timeot=None, connect_timeout="2s"))
        await stage.condition(web, "Accepted", "True")
        assert (await stage.condition(web, "Programmed", "True"))["programmed"] == "1/1"
        await edge.more_answers(load)

    async def told() -> bool:
        events = stage.admin.list("events.k8s.io/v1", "Event", stage.namespace)
        return {each["reason"] for each in events} >= {"UnknownField", "Accepted", "Programmed"}

    await stage.replica.until(told, "an Event for each change of mind")


async def test_what_envoy_alone_refuses_is_told_in_its_own_words(stage: Stage) -> None:
    """A kind of cluster that this Envoy lacks: another one may have been built with it."""
    await stage.serve(*STATUS)
    await stage.shop("web")
    edge = await stage.envoy()
    await edge.serves()

    def fixed(**kind: object) -> Object:
        endpoint = {"endpoint": {"address": {"socket_address": {"address": "10.244.0.1", "port_value": 80}}}}
        hosts = {"cluster_name": "fixed", "endpoints": [{"lb_endpoints": [endpoint]}]}
        config = {"name": "fixed", "connect_timeout": "1s", "load_assignment": hosts, **kind}
        return manifests.raw("Cluster", stage.namespace, "fixed", config)

    good, bad = fixed(type="STATIC"), fixed(cluster_type={"name": "envoy.clusters.imaginary"})

    async with edge.load() as load:
        stage.apply(bad)
        words = ("1 of 1 Envoys refuses it", edge.node, "registered cluster factory")
        told = await stage.condition(bad, "Refused", "True", *words)
        assert told["envoys"]["refused"] == 1
        assert told["programmed"] == "0/1"
        await stage.condition(bad, "Accepted", "True")
        stage.apply(good)
        await stage.condition(good, "Refused", "False")
        await stage.condition(good, "Programmed", "True")
        await edge.more_answers(load)


async def test_what_all_replicas_know_is_added_up_by_the_one_that_holds_the_lease(stage: Stage) -> None:
    """Whoever is asked for its Envoys asks the others too. When the holder ends, another one writes on."""
    one, two = await stage.serve(*STATUS, *TOGETHER), await stage.serve(*STATUS, *TOGETHER)
    stage.join(one, two)
    await stage.shop("blue", "green")
    here = stage.launch("edge-0", stage.pod("edge-0"), of=[one])
    there = stage.launch("edge-1", stage.pod("edge-1"), of=[two])
    await here.serves()
    await there.serves()
    route = manifests.route(stage.namespace, "green")
    async with there.load() as load:
        stage.apply(route)
        status = await stage.condition(route, "Programmed", "True", "2 of 2 Envoys")
        assert (status["envoys"]["replicas"], status["envoys"]["answered"]) == (2, 2)
        for replica in (one, two):
            shown = await replica.said("proxies")
            assert here.node in shown
            assert there.node in shown

        assert await one.stop() == 0
        stage.apply(manifests.route(stage.namespace, "blue"))
        assert "1 of 2 replicas answered" in await two.said("proxies")
        stage.join(two)
        await stage.condition(route, "Programmed", "True", "1 of 1 Envoys ")
        await there.shares(load, blue=1, green=0)
    assert [sum("status is written" in each["event"] for each in replica.lines()) for replica in (one, two)] == [1, 1]
