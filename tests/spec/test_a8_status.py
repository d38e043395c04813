"""Rows A8.13 and A8.14: the services beside discovery, with the whole server behind them."""

from __future__ import annotations

from typing import Any

import grpc.aio
import httpx2
from envoy.service.load_stats.v3 import lrs_pb2
from envoy.service.status.v3 import csds_pb2

from legation.model.resource_types import ADS_SERVICE, CLUSTER, ROUTE_CONFIGURATION
from legation.snapshot_server import SnapshotServer
from legation.transports import csds, lrs
from legation.transports.grpc_server import GrpcTransport
from legation.transports.rest_server import RestTransport
from tests.spec.way import snapshots
from tests.unit.transports.loopback import RawStream, until


def cluster(name: str, timeout: str = "1s") -> dict[str, str]:
    return {"@type": CLUSTER.url, "name": name, "connect_timeout": timeout}


def route(name: str, *, to: str) -> dict[str, Any]:
    host = {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": to}}]}
    return {"@type": ROUTE_CONFIGURATION.url, "name": name, "virtual_hosts": [host]}


def report(**issued: int) -> bytes:
    """Return a report of one second."""
    request: Any = lrs_pb2.LoadStatsRequest()
    request.node.id = "edge"
    for name, count in issued.items():
        stats = request.cluster_stats.add(cluster_name=name)
        stats.load_report_interval.FromSeconds(1)
        stats.upstream_locality_stats.add(total_issued_requests=count, total_error_requests=1)
    data: bytes = request.SerializeToString()
    return data


async def asked(channel: grpc.aio.Channel, **question: Any) -> dict[str, tuple[int, str]]:
    """Return the status and version of each resource of the one client, by name."""
    call: Any = channel.unary_unary(f"/{csds.SERVICE}/{csds.FETCH}")
    answer = await call(csds_pb2.ClientStatusRequest(**question).SerializeToString())
    (config,) = csds_pb2.ClientStatusResponse.FromString(answer).config
    assert config.node.id == "edge"
    return {each.name: (each.config_status, each.error_state.details) for each in config.generic_xds_configs}


async def test_a8_13_each_resource_of_a_client_is_shown_as_not_sent_stale_synced_and_refused() -> None:
    transport = GrpcTransport(port=0, client_status=True)
    async with (
        SnapshotServer(transports=[transport]) as server,
        grpc.aio.insecure_channel(f"127.0.0.1:{transport.port}") as channel,
    ):
        server.set("edge", [cluster("one")])
        stream = RawStream(channel, f"/{ADS_SERVICE}/DeltaAggregatedResources")
        await stream.send(type_url=CLUSTER.url, node="edge", resource_names_subscribe=["one", "two"])
        first = await stream.receive()
        assert await asked(channel) == {"one": (csds_pb2.STALE, "")}
        await stream.acknowledge(first)
        await until(lambda: server.proxies()[0].types[0].accepted)
        assert await asked(channel) == {"one": (csds_pb2.SYNCED, "")}

        await stream.send(type_url=ROUTE_CONFIGURATION.url, resource_names_subscribe=["way"])
        await stream.acknowledge(await stream.receive())
        # The route waits until its cluster has been accepted.
        server.set("edge", [cluster("one"), cluster("two"), cluster("unasked"), route("way", to="two")])
        second = await stream.receive()
        assert await asked(channel) == {
            "one": (csds_pb2.SYNCED, ""),
            "two": (csds_pb2.STALE, ""),
            "way": (csds_pb2.NOT_SENT, ""),
        }
        await stream.send(type_url=CLUSTER.url, response_nonce=second.nonce, error="two: no good")
        await until(lambda: server.proxies()[0].types[0].refused)
        assert await asked(channel) == {
            "one": (csds_pb2.SYNCED, ""),
            "two": (csds_pb2.ERROR, "two: no good"),
            "way": (csds_pb2.NOT_SENT, ""),
        }
        nobody = {"node_matchers": [{"node_id": {"exact": "nobody"}}]}
        call: Any = channel.unary_unary(f"/{csds.SERVICE}/{csds.FETCH}")
        answer = await call(csds_pb2.ClientStatusRequest(**nobody).SerializeToString())
        assert not csds_pb2.ClientStatusResponse.FromString(answer).config


async def test_a8_13_the_same_is_told_over_rest_in_json() -> None:
    rest, discovery = RestTransport(port=0, client_status=True), GrpcTransport(port=0)
    async with (
        SnapshotServer(transports=[rest, discovery]) as server,
        grpc.aio.insecure_channel(f"127.0.0.1:{discovery.port}") as channel,
    ):
        server.set("edge", [cluster("one")])
        stream = RawStream(channel, f"/{ADS_SERVICE}/DeltaAggregatedResources")
        await stream.send(type_url=CLUSTER.url, node="edge")
        await stream.receive()
        async with httpx2.AsyncClient() as client:
            answer = await client.post(
                rest.url + csds.REST_PATH, json={"node_matchers": [{"node_id": {"exact": "edge"}}]}
            )
            wrong = [await client.post(rest.url + csds.REST_PATH, content=each) for each in (b"{", b"[" * 100_000)]
        (config,) = answer.json()["config"]
        (shown,) = config["generic_xds_configs"]
        assert (shown["name"], shown["config_status"]) == ("one", "STALE")
        assert shown["xds_config"]["@type"] == CLUSTER.url
        assert [each.status_code for each in wrong] == [400, 400]


async def test_a8_14_load_is_asked_for_the_clusters_of_the_client_and_shown() -> None:
    async with snapshots() as server, grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        server.set("edge", [cluster("web")])
        discovery = RawStream(channel, f"/{ADS_SERVICE}/DeltaAggregatedResources")
        await discovery.send(type_url=CLUSTER.url, node="edge")
        await discovery.receive()
        loads: Any = channel.stream_stream(f"/{lrs.SERVICE}/{lrs.METHOD}")()
        await loads.write(report())
        assert list(lrs_pb2.LoadStatsResponse.FromString(await loads.read()).clusters) == ["web"]
        server.set("edge", [cluster("web"), cluster("db")])
        assert list(lrs_pb2.LoadStatsResponse.FromString(await loads.read()).clusters) == ["db", "web"]
        await loads.write(report(web=7, db=2))
        await until(lambda: server.proxies()[0].loads)
        shown = {each.cluster: (each.issued, each.errors) for each in server.proxies()[0].loads}
        assert shown == {"web": (7, 1), "db": (2, 1)}
        loads.cancel()
        await until(lambda: not server.proxies()[0].loads)
