"""The test kit's Envoy over a real gRPC loopback: what a user's own test of a control plane looks like."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION, RUNTIME
from legation.snapshot_server import SnapshotServer
from legation.testing import FakeEnvoy
from legation.transports import Policy

ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"

pytestmark = pytest.mark.parametrize(
    ("delta", "separate"),
    [(False, False), (True, False), (False, True), (True, True)],
    ids=["sotw-ads", "delta-ads", "sotw-separate", "delta-separate"],
)


@pytest.fixture
async def server() -> AsyncIterator[SnapshotServer]:
    async with SnapshotServer(port=0, policy=Policy(removal_grace=0.0, drain_grace=0.0)) as running:
        yield running


@pytest.fixture
def envoy(server: SnapshotServer, *, delta: bool, separate: bool) -> Iterator[FakeEnvoy]:
    made = FakeEnvoy(f"localhost:{server.port}", node="edge", delta=delta, separate=separate)
    yield made
    assert made.violations == []


def web(*clusters: str, timeout: str = "1s") -> list[dict[str, Any]]:
    """Return a listener, its route, and clusters with their endpoints; the route goes to the first cluster."""
    source = {"ads": {}, "resource_api_version": "V3"}
    manager = {
        "@type": MANAGER,
        "stat_prefix": "in",
        "rds": {"route_config_name": "r", "config_source": source},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": ROUTER}}],
    }
    listener = {
        "@type": LISTENER.url,
        "name": "l",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 1}},
        "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}],
    }
    host = {
        "name": "all",
        "domains": ["*"],
        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": clusters[0]}}],
    }
    route = {"@type": ROUTE_CONFIGURATION.url, "name": "r", "virtual_hosts": [host]}
    made: list[dict[str, Any]] = [listener, route]
    for name in clusters:
        made.append(
            {
                "@type": CLUSTER.url,
                "name": name,
                "type": "EDS",
                "connect_timeout": timeout,
                "eds_cluster_config": {"eds_config": source},
            }
        )
        made.append({"@type": CLUSTER_LOAD_ASSIGNMENT.url, "cluster_name": name})
    return made


async def test_gets_everything_warm_and_in_order(server: SnapshotServer, envoy: FakeEnvoy) -> None:
    server.set("edge", web("a"))
    async with envoy:
        await envoy.has("routes", {"r"})
        await envoy.has("listeners", {"l"})
        assert set(envoy.holds("clusters")) == {"a"}
        assert envoy.json("clusters", "a")["connect_timeout"] == "1s"
        assert [each.type for each in envoy.responses] == [
            CLUSTER,
            CLUSTER_LOAD_ASSIGNMENT,
            LISTENER,
            ROUTE_CONFIGURATION,
        ]


async def test_a_renamed_cluster_is_never_missed(server: SnapshotServer, envoy: FakeEnvoy) -> None:
    server.set("edge", web("a"))
    async with envoy:
        await envoy.has("listeners", {"l"})
        server.set("edge", web("b"))
        await envoy.has("clusters", {"b"})
        assert envoy.json("routes", "r")["virtual_hosts"][0]["routes"][0]["route"]["cluster"] == "b"


async def test_a_refusal_is_told_and_the_good_part_goes_on(server: SnapshotServer, envoy: FakeEnvoy) -> None:
    server.set("edge", web("a"))
    envoy.refuse("clusters", "b", "malformed IP address")
    async with envoy:
        await envoy.has("listeners", {"l"})
        server.set("edge", web("a", "b", "c"))
        assert await envoy.nacked("clusters") == "Error adding/updating cluster(s) b: malformed IP address"
        await envoy.has("clusters", {"a", "c"})
        envoy.accept("clusters", "b")
        server.set("edge", web("a", "b", "c", timeout="2s"))
        await envoy.has("clusters", {"a", "b", "c"})


async def test_what_was_refused_and_is_taken_back_is_not_shown_any_more(
    server: SnapshotServer, envoy: FakeEnvoy
) -> None:
    server.set("edge", web("a"))
    async with envoy:
        await envoy.has("listeners", {"l"})
        envoy.refuse("clusters", "a", "no good")
        server.set("edge", web("a", timeout="2s"))
        await envoy.nacked("clusters")
        server.set("edge", web("a"))

        def settled() -> bool:
            types = [each for proxy in server.proxies() for each in proxy.types if each.type is CLUSTER]
            return bool(types) and all(each.sent == each.accepted and not each.refused for each in types)

        await envoy.until(settled, "the refused version to be forgotten")


async def test_a_reconnect_brings_nothing_that_it_has(
    server: SnapshotServer, envoy: FakeEnvoy, *, delta: bool, separate: bool
) -> None:
    server.set("edge", web("a"))
    async with envoy:
        await envoy.has("listeners", {"l"})
        await envoy.disconnect()
        before = len(envoy.responses)
        envoy.connect()
        server.set("edge", web("a", "b"))
        await envoy.has("clusters", {"a", "b"})
        clusters = [each.names for each in envoy.responses[before:] if each.type is CLUSTER]
        # State of the world cannot tell one cluster, so it sends all that there are.
        assert clusters == [("b",) if delta else ("a", "b")]


async def test_a_cluster_that_changed_in_absence_is_warm_again(server: SnapshotServer, envoy: FakeEnvoy) -> None:
    """The endpoints did not change, and the client says so; the new cluster needs them all the same."""
    server.set("edge", web("a"))
    async with envoy:
        await envoy.has("listeners", {"l"})
        await envoy.disconnect()
        server.set("edge", web("a", timeout="2s"))
        envoy.connect()
        await envoy.until(lambda: envoy.json("clusters", "a")["connect_timeout"] == "2s", "the new cluster to be warm")


async def test_failure_says_what_it_has(envoy: FakeEnvoy) -> None:
    async with envoy:
        with pytest.raises(AssertionError, match=r"waited 0\.01 s for clusters to be \{'a'\}; it has \{\}"):
            await envoy.has("clusters", {"a"}, within=0.01)
        with pytest.raises(ValueError, match="'cluster' is no type of resource; the types are clusters, "):
            await envoy.has("cluster", {"a"})


async def test_runtime_layers_come_before_all_else(server: SnapshotServer, *, delta: bool, separate: bool) -> None:
    server.set("edge", [*web("a"), {"@type": RUNTIME.url, "name": "base", "layer": {"x": 1}}])
    async with FakeEnvoy(
        f"localhost:{server.port}", node="edge", delta=delta, separate=separate, layers=["base", "none"]
    ) as envoy:
        await envoy.has("listeners", {"l"})
        assert envoy.json("runtime", "base")["layer"] == {"x": 1}


async def test_hung_up_tells_why(server: SnapshotServer, *, delta: bool, separate: bool) -> None:
    async with FakeEnvoy(f"localhost:{server.port}", node="", delta=delta, separate=separate) as envoy:
        status, _ = await envoy.hung_up()
        assert status == "INVALID_ARGUMENT"
