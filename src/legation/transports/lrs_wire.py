"""Load reports as protobuf: `envoy.service.load_stats.v3`, read and written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from envoy.service.load_stats.v3 import lrs_pb2
from google.protobuf.message import DecodeError

from legation.errors import RemoteProtocolError
from legation.model.loads import OTHERS, ClusterLoad
from legation.model.node import Node
from legation.transports.wire_requests import node_of


class LoadReport:
    """A LoadStatsRequest."""

    __slots__ = ("_message",)

    def __init__(self, data: bytes) -> None:
        """Parse the bytes.

        Raises:
            RemoteProtocolError: They are no report.
        """
        try:
            self._message: Any = lrs_pb2.LoadStatsRequest.FromString(data)
        except DecodeError as error:
            raise RemoteProtocolError(
                "INVALID_ARGUMENT", f"the message of {len(data)} bytes is not a LoadStatsRequest"
            ) from error

    @property
    def node_id(self) -> str:
        """The id of who reports; empty where it is not said."""
        return str(self._message.node.id)

    @property
    def node_size(self) -> int:
        """How many bytes the node has."""
        return int(self._message.node.ByteSize())

    def node(self) -> Node:
        """Return who reports."""
        return node_of(self._message.node)

    def loads(self) -> Iterator[ClusterLoad]:
        """Yield what is said of each cluster, the sum over its localities and endpoints."""
        for each in self._message.cluster_stats:
            localities = each.upstream_locality_stats
            dropped = Counter({drop.category: drop.dropped_count for drop in each.dropped_requests})
            unnamed = each.total_dropped_requests - dropped.total()
            if unnamed > 0:
                dropped[OTHERS] += unnamed
            yield ClusterLoad(
                cluster=each.cluster_name,
                interval=each.load_report_interval.seconds + each.load_report_interval.nanos / 1e9,
                issued=sum(map(_issued, localities)),
                errors=sum(locality.total_error_requests for locality in localities),
                in_progress=sum(locality.total_requests_in_progress for locality in localities),
                dropped=+dropped,
            )


def _issued(locality: Any) -> int:
    # Clients of before that field say only what became of the requests.
    done: int = locality.total_successful_requests + locality.total_error_requests
    return locality.total_issued_requests or done


def load_response(clusters: Iterable[str] | None, *, interval: float) -> bytes:
    """Return the LoadStatsResponse that asks for reports.

    Args:
        clusters: What is to be reported; None for every cluster that the client has.
        interval: Seconds between two reports.
    """
    response: Any = lrs_pb2.LoadStatsResponse(send_all_clusters=clusters is None, clusters=clusters or ())
    response.load_reporting_interval.FromNanoseconds(round(interval * 1e9))
    data: bytes = response.SerializeToString()
    return data
