"""Rows A8.13 and A8.14: the services beside discovery, with the whole server behind them."""

from __future__ import annotations

from typing import Any

import grpc.aio
from envoy.service.load_stats.v3 import lrs_pb2

from legation.model.resource_types import ADS_SERVICE, CLUSTER
from legation.transports import lrs
from tests.spec.way import snapshots
from tests.unit.transports.loopback import RawStream, until


def cluster(name: str, timeout: str = "1s") -> dict[str, str]:
    return {"@type": CLUSTER.url, "name": name, "connect_timeout": timeout}


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
