"""Endpoints of a Service, as their slices tell of them, by real requests and by what Envoy says of its hosts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster import manifests
from tests.cluster.stage import Proxy, Stage

NOBODY = "HTTP/1.1 503 SERVICE UNAVAILABLE: no healthy upstream"


async def hosts(edge: Proxy, cluster: str, **expected: str) -> None:
    """Wait until Envoy has these hosts in a cluster, each with the health that EDS told."""

    async def right() -> bool:
        listed = json.loads(await edge.envoy.ask("/clusters?format=json"))["cluster_statuses"]
        (found,) = [each for each in listed if each["name"] == cluster]
        told = {_address(each): each["health_status"]["eds_health_status"] for each in found.get("host_statuses", ())}
        return told == {address: health.upper() for address, health in expected.items()}

    await edge.until(right, f"hosts {expected}")


def _address(host: dict[str, Any]) -> str:
    address = host["address"]["socket_address"]
    assert address["port_value"] == manifests.PORT
    return str(address["address"])


async def test_endpoints_join_end_and_come_back(stage: Stage) -> None:
    """Requests fail while there are none, and only then. Nothing but the assignment changes for Envoy."""
    await stage.serve()
    backends = await stage.shop("one")
    one, two, three = backends["one"], await stage.backend("two"), await stage.backend("three")

    def endpoints(*ready: str, ending: tuple[str, ...] = ()) -> None:
        stage.apply(manifests.endpoint_slice(stage.namespace, "one", ready, ending=ending))

    endpoints(one, two)
    edge = await stage.envoy()
    await edge.serves()
    before = await edge.envoy.statistics(r"^(cluster_manager\.cds|listener_manager\.lds)\.update_success$")
    async with edge.load() as load:
        await edge.shares(load, one=0.5, two=0.5, three=0)
        endpoints(one, two, three)
        await edge.shares(load, one=1 / 3, two=1 / 3, three=1 / 3)

        endpoints(two, three, ending=(one,))
        await hosts(edge, "one", **{one: "draining", two: "healthy", three: "healthy"})
        await edge.shares(load, one=0, two=0.5, three=0.5)
        endpoints(ending=(three,))
        await hosts(edge, "one", **{three: "healthy"})  # better than nobody
        await edge.shares(load, one=0, two=0, three=1)
        assert not load.failures

        endpoints()
        await hosts(edge, "one")

        async def refused() -> bool:
            return load.failures[NOBODY] > 10

        await edge.until(refused, "requests that fail")
        endpoints(one, two)
        await edge.shares(load, one=0.5, two=0.5, three=0)
        assert set(load.failures) == {NOBODY}
        failed = load.failures.total()
        await edge.more_answers(load)
        assert load.failures.total() == failed
        load.failures.clear()
    assert before == await edge.envoy.statistics(r"^(cluster_manager\.cds|listener_manager\.lds)\.update_success$")
    await stage.replica.no_problem(stage.namespace)


async def test_a_service_that_does_not_exist_is_told_and_holds_up_nothing(stage: Stage) -> None:
    """The Envoy is ready and serves the rest; when the Service comes it is used."""
    namespace = stage.namespace
    await stage.serve()
    await stage.shop("web")
    stage.apply(
        manifests.cluster(namespace, "later"),
        manifests.route(namespace, "later", name="to-later"),
        manifests.listener(namespace, "second", routes="to-later"),
    )
    edge = await stage.envoy()
    await edge.serves()
    async with edge.load() as load:
        told = await stage.replica.problem(f"Cluster {namespace}/later", f"no Service {namespace}/later", "create it")
        assert told in await stage.replica.said("problems")
        with pytest.raises(ConnectionError, match="503 no healthy upstream"):
            await edge.get("second")
        backend = await stage.backend("later")
        stage.apply(manifests.service(namespace, "later"))
        stage.apply(manifests.endpoint_slice(namespace, "later", [backend]))
        await edge.serves("second")
        await edge.more_answers(load)
    await stage.replica.no_problem(namespace)
