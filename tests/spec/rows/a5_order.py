"""Rows A5: order, make before break, warming."""

from __future__ import annotations

from tests.spec.rows.row import ALL, ALL_ADS, ALL_OWN, NONE, Row, Section

_ORDER = "Eventual consistency considerations"
_WARMING = "Resource warming"

ORDER = Section(
    "Order and warming",
    (
        Row(
            "A5.1",
            "must",
            _ORDER,
            ALL_ADS,
            "Clusters, endpoints, listeners, routes: in this order.",
            "Clusters, endpoints, secrets and extensions, listeners, routes, scoped routes, virtual hosts.",
        ),
        Row(
            "A5.2",
            "must",
            _ORDER,
            ALL,
            "What a resource names goes before it: Envoy fails requests on a route to a cluster that it lacks.",
            "A resource waits, alone, until what it names was sent, and until a new cluster is warm.",
        ),
        Row(
            "A5.3",
            "must",
            _ORDER,
            ALL,
            "Removals last: an old cluster goes when nothing names it any more.",
            "It goes in a later response, after everything that may use it has been replaced and accepted, and a grace"
            " has passed. A cluster that only UDP listeners used, which end at once, goes without the grace.",
        ),
        Row(
            "A5.4",
            "must",
            _WARMING,
            ALL,
            "Endpoints and secrets do not wait for the ACK of the cluster: Envoy withholds it until they came.",
            "They never wait. What waits for a cluster to be warm waits for a limited time; without ADS, where no ACK"
            " tells it, only as long as its first health checks and lookups take.",
        ),
        Row(
            "A5.5",
            "must",
            _WARMING,
            ALL,
            "A newer version of clusters may follow one that is not answered yet.",
            "It may, once a second, and at once when it mends what is not answered.",
        ),
        Row(
            "A5.6",
            "must",
            _WARMING,
            ALL,
            "A changed cluster needs its endpoints again, and a delta Envoy does not ask for them.",
            "They are sent again after the cluster, unchanged.",
        ),
        Row(
            "A5.7",
            "should",
            _WARMING,
            ALL,
            "A changed listener needs its routes only if they are new to Envoy.",
            "They are not sent again.",
        ),
        Row(
            "A5.8",
            "should",
            "Envoy's cache of endpoints for ADS",
            ALL,
            "Newer Envoys may keep the endpoints of a changed cluster themselves.",
            "The endpoints are sent again all the same (A5.6): an Envoy that has kept them takes them as they are.",
        ),
        Row(
            "A5.9",
            "must",
            "The comments of `EdsClusterConfig.service_name`",
            ALL,
            "Endpoints go by the service name of the cluster if it has one, else by its own.",
            "The name of a response is the name that was asked for.",
        ),
        Row(
            "A5.10",
            "should",
            "Clusters of the bootstrap may use EDS",
            ALL,
            "Endpoints may be asked for that belong to no cluster of ours, before any cluster.",
            "They are answered like all others.",
        ),
        Row(
            "A5.11",
            "should",
            _WARMING,
            ALL,
            "A cluster without endpoints must not warm for ever.",
            "Endpoints that a cluster names and nobody has are answered with none.",
        ),
        Row(
            "A5.12",
            "must",
            "When to send an update",
            ALL,
            "A subscription outlives a state that has nothing for it.",
            "What appears later is sent.",
        ),
        Row(
            "A5.13",
            "should",
            _ORDER,
            ALL,
            "Types of one state belong together: no endpoints older than the clusters.",
            "Each response is made from the newest snapshot of all types.",
        ),
        Row(
            "A5.14",
            "should",
            _ORDER,
            ALL_OWN,
            "Streams of one type each have no order among them.",
            "The streams of one Envoy over one connection are one client: the order holds there too, and while they"
            " come back one by one. Over several connections additions and removals wait a grace.",
        ),
        Row(
            "A5.15",
            "should",
            "Good practice of control planes",
            NONE,
            "What refers to nothing, and what exists twice, is found before it is delivered.",
            "The server (`legation problems`) and `legation render` tell it as a problem of the object, two listeners"
            " on one address too. A reference that dangles is delivered: it may be static in the bootstrap.",
            tested="on manifests, before any stream",
        ),
    ),
)
