"""Records as the pages are given them, for the tests of this folder."""

from __future__ import annotations

from legation.model.loads import ClusterLoad, LoadTotal
from legation.model.node import Node, Peer
from legation.model.objects import ObjectKey, Place
from legation.model.problems import Level, Problem
from legation.model.proxy_status import LastRefusal, ProxyStatus, RefusedResource, TypeStatus
from legation.model.resource_types import CLUSTER, LISTENER
from legation.model.statistics import (
    FeedbackStatistics,
    Histogram,
    Statistics,
    StatusStatistics,
    StoreStatistics,
    Traffic,
    TransportStatistics,
)

EDGE = ObjectKey("bootes.io", "Cluster", "default", "edge")
WORDS = "malformed IP address"

REFUSED = RefusedResource(type=CLUSTER, name="edge", version="c0ffee", words=WORDS, origin=EDGE)

REFUSING = ProxyStatus(
    node=Node(id="test-id", cluster="test-cluster", user_agent="envoy 1.40.0"),
    peer=Peer(address="ipv4:127.0.0.1:50312", transport="grpc"),
    group="default",
    connected_for=1.23456,
    loads=(ClusterLoad(cluster="web", interval=2.0, issued=9, errors=2, in_progress=3, dropped={"throttle": 1}),),
    types=(
        TypeStatus(
            type=CLUSTER,
            sent="c0ffee",
            accepted="beef",
            pending_for=2.5,
            refused=(REFUSED,),
            last_refusal=LastRefusal(version="c0ffee", words=WORDS, ago=3.0),
        ),
        TypeStatus(type=LISTENER, sent="c0ffee", accepted="beef"),
    ),
)

STATISTICS = Statistics(
    groups=1,
    objects={"Cluster": 3},
    resources={CLUSTER: 3, LISTENER: 1},
    updates=4,
    update_seconds=0.5,
    last_update_seconds=0.1,
    feedback=FeedbackStatistics(
        loads=(LoadTotal(group="shop", cluster="web", issued=9, errors=2, dropped={"throttle": 1}, in_progress=3),),
        proxies=2,
        sent={CLUSTER: 9},
        accepted={CLUSTER: 7},
        refused={CLUSTER: 2},
        refusing={CLUSTER: 1},
        pending={LISTENER: 2},
        silent={LISTENER: 1},
        convergence={CLUSTER: Histogram(bounds=(0.1, 1.0), counts=(3, 1, 1), total=4.5)},
    ),
)

THROUGH = TransportStatistics(
    clients=2,
    streams={("ADS", "delta"): 2},
    traffic={"Cluster": Traffic(messages_in=8, bytes_in=800, messages_out=9, bytes_out=9000)},
    misbehaving={"requests": 1},
)

TOLD = StatusStatistics(leading=True, waiting=2, writes=7, events=3, failures=1, replicas=3, answered=2)

KEPT = StoreStatistics(objects=12, journal=4096, transactions=90, syncs=9, written=8192, refused=1)

UNKNOWN_FIELD = Problem(
    code="unknown-field",
    message='there is no field "conect_timeout"',
    object=EDGE,
    place=Place("edge.yaml", 7, 5),
    path=("spec", "config"),
    mend='did you mean "connect_timeout"?',
)
DANGLING = Problem(code="dangling-reference", message="nobody has the cluster b", level=Level.WARNING)
