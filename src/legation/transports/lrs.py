"""The load reporting service (LRS): a client is told what to report and how often, and then it does.

Rules: the comments of `envoy.service.load_stats.v3.LoadReportingService`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from legation.errors import RemoteProtocolError
from legation.model.node import Peer
from legation.transports.base import Feed, LoadSeat, Refusal
from legation.transports.conduct import Conduct
from legation.transports.lrs_wire import LoadReport, load_response

SERVICE = "envoy.service.load_stats.v3.LoadReportingService"
METHOD = "StreamLoadStats"

INTERVAL = 10.0
"""Seconds between two reports of a client."""

_SHORTEST = 1.0
"""Seconds. An Envoy that is told 0 reports without a pause."""

_ANY_CLUSTER = "envoy.lrs.supports_send_all_clusters"
"""The feature of a client that may be asked for all clusters, without their names."""


class LoadTalk:
    """One stream of reports. Fulfils `side_stream.Talk`."""

    name = "LRS"

    def __init__(self, peer: Peer, wake: Callable[[], None], *, feed: Feed, interval: float, conduct: Conduct) -> None:
        """Begin; the client is not known before its first message.

        Args:
            peer: Whom the connection comes from.
            wake: Called when there may be something to say.
            feed: Where reports go.
            interval: Seconds between two reports.
            conduct: How the client behaves.
        """
        self._conduct = conduct
        self._peer = peer
        self._wake = wake
        self._feed = feed
        self._interval = max(_SHORTEST, interval)
        self._seat: LoadSeat | None = None
        self._any_cluster = False
        self._told: frozenset[str] | None = None
        self._has_told = False
        self._ended = False

    async def receive(self, data: bytes) -> None:
        """Take a report; the first one says whose they are.

        Raises:
            RemoteProtocolError: It is no report, or nobody's, or its client asks for too much.
            Refusal: The feed does not admit the client.
        """
        report = LoadReport(data)
        if self._seat is None:
            node_id = report.node_id
            if not node_id:
                raise RemoteProtocolError("INVALID_ARGUMENT", "the first report of the stream has no node.id")
            self._conduct.check_node(self._peer, node_id, size=report.node_size)
            await self._conduct.connect(self._peer, node_id)
            node = report.node()
            self._any_cluster = _ANY_CLUSTER in node.features
            self._seat = self._feed.admit_reporter(self._peer, node, wake=self._wake)
        self._seat.report(report.loads())

    def next(self) -> Awaitable[bytes] | None:
        """Return what is to be said now: which clusters to report, where that is not what was said last."""
        if self._seat is not None and (refusal := self._seat.dismissed) is not None:
            ending, self._ended = not self._ended, True
            return _ending(refusal) if ending else None
        if self._seat is None or (self._any_cluster and self._has_told):
            return None
        wanted = None
        if not self._any_cluster:
            clusters = self._seat.clusters
            if clusters is None or (self._has_told and self._told == frozenset(clusters)):
                return None
            wanted = frozenset(clusters)
        self._told, self._has_told = wanted, True
        return self._response(wanted)

    async def _response(self, clusters: frozenset[str] | None) -> bytes:
        return load_response(None if clusters is None else sorted(clusters), interval=self._interval)

    def close(self) -> None:
        """Give the place back."""
        if self._seat is not None:
            self._seat.leave()
            self._seat = None


async def _ending(refusal: Refusal) -> bytes:
    raise RemoteProtocolError(refusal.status, str(refusal))
