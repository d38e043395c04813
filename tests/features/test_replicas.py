"""Two servers with one state: an Envoy that moves from one to the other finds there what it has."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, RESOURCE_TYPES, ROUTE_CONFIGURATION
from legation.testing import FakeEnvoy
from tests.features.stage import SHOP, cluster, eds_cluster, endpoints, route, staged

variants = pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
LATER = (route("shop", "store"), eds_cluster("store"), endpoints("store", 80))
"""The same shop goes over to another cluster."""


def _held(envoy: FakeEnvoy) -> Mapping[str, Mapping[str, str]]:
    """Return name -> version of all that an Envoy has, by type."""
    return {row.name: envoy.holds(row) for row in RESOURCE_TYPES}


@variants
async def test_two_replicas_give_byte_equal_versions_of_the_same_state(*, delta: bool) -> None:
    """The order in which the objects came makes no difference, nor what was there before."""
    async with staged(SHOP) as one, staged((cluster("gone"), *reversed(SHOP))) as other:
        other.delete(cluster("gone"))
        async with one.envoy(delta=delta) as here, other.envoy(delta=delta) as there:
            for envoy in (here, there):
                await envoy.has("clusters", {"web"})
                await envoy.has("routes", {"shop"})
            assert _held(here) == _held(there)


@variants
async def test_an_envoy_that_moves_to_another_replica_is_told_at_most_what_it_must_be(*, delta: bool) -> None:
    """In delta it is told nothing; in state of the world its clusters and listeners are known by their version alone,
    and the rest, which it asks for by name, goes out again."""
    async with staged(SHOP) as one, staged(reversed(SHOP)) as other:
        envoy = one.envoy(delta=delta)
        envoy.connect()
        await envoy.has("routes", {"shop"})
        before = _held(envoy)
        await envoy.disconnect()
        envoy.responses.clear()
        envoy.connect(other.address)
        by_name = set() if delta else {CLUSTER_LOAD_ASSIGNMENT, ROUTE_CONFIGURATION}
        await envoy.until(lambda: {each.type for each in envoy.responses} >= by_name, "what is asked for by name")
        # What is answered after a change has passed everything that the server had to say before.
        other.apply(cluster("new"))
        await envoy.has("clusters", {"web", "new"})
        clusters = [each.names for each in envoy.responses if each.type is CLUSTER]
        assert clusters == [("new",) if delta else ("new", "web")]
        others = [each.type for each in envoy.responses if each.type is not CLUSTER]
        assert len(others) == len(by_name)
        assert set(others) == by_name
        assert {**_held(envoy), CLUSTER.name: {}} == {**before, CLUSTER.name: {}}
        assert not envoy.violations
        await envoy.disconnect()


@variants
async def test_an_envoy_that_moves_while_all_is_renamed_misses_nothing(*, delta: bool) -> None:
    """It leaves a replica that has told it the last change, and comes to one that has the next one already."""
    async with staged(SHOP) as one, staged(SHOP) as other:
        envoy = one.envoy(delta=delta)
        envoy.connect()
        await envoy.has("routes", {"shop"})
        # Another Envoy had the version there with which this one comes.
        async with other.envoy("elsewhere", delta=delta) as native:
            await native.has("routes", {"shop"})
            await envoy.disconnect()
            other.delete(eds_cluster("web"), endpoints("web"))
            other.apply(*LATER)
            envoy.connect(other.address)
            await envoy.has("clusters", {"store"})
            assert not envoy.violations
            await native.has("clusters", {"store"})
            assert _held(envoy) == _held(native)
        await envoy.disconnect()
