"""Load reports over real streams."""

from __future__ import annotations

import asyncio
from typing import Any

from envoy.service.load_stats.v3 import lrs_pb2

from legation.model.loads import OTHERS
from legation.transports import lrs
from legation.transports.base import Refusal
from tests.unit.transports.loopback import PATIENCE, FakeFeed, Loopback, resource, serving, until

ANY_CLUSTER = "envoy.lrs.supports_send_all_clusters"


class Reports:
    """The client's end of a stream of reports."""

    def __init__(self, served: Loopback) -> None:
        self.call: Any = served.channel.stream_stream(f"/{lrs.SERVICE}/{lrs.METHOD}")()

    async def report(self, *stats: Any, node: str = "edge", features: tuple[str, ...] = ()) -> None:
        """Send a report."""
        request: Any = lrs_pb2.LoadStatsRequest(cluster_stats=stats)
        request.node.id = node
        request.node.client_features.extend(features)
        await self.call.write(request.SerializeToString())

    async def told(self) -> Any:
        """Return the next response."""
        async with asyncio.timeout(PATIENCE):
            return lrs_pb2.LoadStatsResponse.FromString(await self.call.read())

    async def end(self) -> tuple[str, str]:
        """Wait for the end and return its status and words."""
        async with asyncio.timeout(PATIENCE):
            return (await self.call.code()).name, await self.call.details()


async def test_who_can_is_asked_for_every_cluster_and_once() -> None:
    async with serving(FakeFeed(resource("web")), load_interval=3.5) as served:
        stream = Reports(served)
        await stream.report(features=(ANY_CLUSTER,))
        told = await stream.told()
        assert (told.send_all_clusters, list(told.clusters)) == (True, [])
        assert told.load_reporting_interval.ToMilliseconds() == 3500
        assert not told.report_endpoint_granularity
        served.feed.publish(resource("other"))
        await stream.report()
        await until(lambda: len(served.feed.reporters[0].reports) == 2)
        assert served.transport.statistics().traffic["LRS"].messages_out == 1
        assert served.transport.statistics().streams == {("LRS", "stream"): 1}


async def test_others_are_told_the_names_of_their_clusters_and_of_every_change() -> None:
    async with serving(FakeFeed(resource("web"), resource("db")), load_interval=0.0) as served:
        stream = Reports(served)
        await stream.report()
        told = await stream.told()
        assert (told.send_all_clusters, list(told.clusters)) == (False, ["db", "web"])
        assert told.load_reporting_interval.ToMilliseconds() == 1000
        served.feed.publish(resource("web", "changed"), resource("db"))
        served.feed.publish(resource("web"))
        assert list((await stream.told()).clusters) == ["web"]


async def test_nothing_is_asked_for_before_the_clusters_are_known() -> None:
    feed = FakeFeed()
    feed.snapshot = None
    async with serving(feed) as served:
        stream = Reports(served)
        await stream.report()
        await until(lambda: served.feed.reporters)
        served.feed.publish(resource("web"))
        assert list((await stream.told()).clusters) == ["web"]


async def test_localities_are_summed_up_and_drops_told_apart() -> None:
    async with serving() as served:
        stream = Reports(served)
        stats = lrs_pb2.LoadStatsRequest().cluster_stats.add()
        stats.cluster_name = "web"
        stats.load_report_interval.FromMilliseconds(1500)
        stats.upstream_locality_stats.add(total_issued_requests=9, total_error_requests=1, total_requests_in_progress=2)
        stats.upstream_locality_stats.add(total_successful_requests=4, total_error_requests=2)
        stats.dropped_requests.add(category="throttle", dropped_count=3)
        stats.total_dropped_requests = 5
        await stream.report(stats)
        await until(lambda: served.feed.reporters)
        ((load,),) = served.feed.reporters[0].reports
        assert (load.cluster, load.interval, load.issued, load.errors, load.in_progress) == ("web", 1.5, 15, 3, 2)
        assert load.dropped == {"throttle": 3, OTHERS: 2}


async def test_the_place_is_given_back_when_the_stream_ends() -> None:
    async with serving() as served:
        stream = Reports(served)
        await stream.report()
        await stream.told()
        stream.call.cancel()
        await until(lambda: not served.feed.reporters and not served.transport.statistics().streams)


async def test_the_end_of_the_server_is_told() -> None:
    async with serving(shutdown_grace=PATIENCE) as served:
        stream = Reports(served)
        await stream.report()
        await stream.told()
        await served.stop()
        assert (await stream.end())[0] == "UNAVAILABLE"
        assert not served.feed.reporters


async def test_who_is_not_admitted_or_does_not_say_who_he_is_hears_why() -> None:
    async with serving() as served:
        served.feed.refused["edge"] = Refusal("PERMISSION_DENIED", "not you")
        stream, nobody, garbage = Reports(served), Reports(served), Reports(served)
        await stream.report()
        assert await stream.end() == ("PERMISSION_DENIED", "not you")
        await nobody.report(node="")
        assert (await nobody.end())[0] == "INVALID_ARGUMENT"
        await garbage.call.write(b"\xff")
        assert (await garbage.end())[0] == "INVALID_ARGUMENT"
