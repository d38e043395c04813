"""Rows A1: services, streams, transport."""

from __future__ import annotations

from tests.spec.rows.row import ALL, ALL_ADS, Row, Section

STREAMS = Section(
    "Streams",
    (
        Row(
            "A1.1",
            "must",
            "Resource types; Aggregated Discovery Service",
            ALL,
            "A gRPC service for each resource type, and the aggregated service (ADS) for all types, of version 3.",
            "All are served on one port. A type that exists in delta only has only its delta method.",
        ),
        Row(
            "A1.2",
            "must",
            "Four variants",
            ALL,
            "State of the world and delta, each aggregated and on a stream for each type.",
            "All four are served at once; each Envoy chooses.",
        ),
        Row(
            "A1.3",
            "must",
            "Aggregated Discovery Service; the comments of `DiscoveryRequest`",
            ALL,
            "On ADS each request names its type. On the service of one type the type goes without saying.",
            "An aggregated request without a type, and another type on the service of one, end the stream with"
            " `INVALID_ARGUMENT` and words that say what to do.",
        ),
        Row(
            "A1.4",
            "must",
            "ACK and NACK semantics summary; Aggregated Discovery Service",
            ALL,
            "Each type on an aggregated stream has its own subscription, versions, nonces and answers.",
            "So it is; who refuses one type still gets all others.",
        ),
        Row(
            "A1.5",
            "must",
            "The comments of `DiscoveryRequest`; Envoy's `set_node_on_first_message_only`",
            ALL,
            "Only the first request of a stream says which node the client is.",
            "The node is kept for the stream; it may be said again.",
        ),
        Row(
            "A1.6",
            "should",
            "Not settled by the protocol",
            ALL,
            "A stream without a node, and a node that changes, are met in a defined way.",
            "Both end the stream with `INVALID_ARGUMENT`. Other streams go on.",
        ),
        Row(
            "A1.7",
            "must",
            "The comments of `DiscoveryResponse`",
            ALL,
            "All resources of a response are of the type that it names.",
            "A response is built from one collection of one type.",
        ),
        Row(
            "A1.8",
            "must",
            "ACK and NACK semantics summary",
            ALL,
            "Each response has a nonce, not empty and used once in its stream; nonces end with the stream.",
            "Nonces count up from 1, for all streams of an Envoy together.",
        ),
        Row(
            "A1.9",
            "should",
            "The comments of `ControlPlane`",
            ALL,
            "Responses may say which server they come from.",
            "`control_plane.identifier` is set in every response.",
        ),
        Row(
            "A1.10",
            "must",
            "Envoy refuses a response that names a resource twice",
            ALL,
            "No response holds a name twice, also where a wildcard and a name both cover it.",
            "A response is made of names that differ; how often a name was asked for makes no difference.",
        ),
        Row(
            "A1.11",
            "must",
            "How the client specifies what resources to return",
            ALL_ADS,
            "A request for a type that the server does not know leaves the other types alone.",
            "It is logged once and stays without an answer; everything else goes on.",
        ),
        Row(
            "A1.12",
            "should",
            "An Envoy without ADS opens a stream for each cluster and route",
            ALL,
            "Very many streams over one connection, and signs of life that neither side takes for abuse.",
            "20,000 streams a connection. A connection that has been silent for 30 s is asked for a sign of life, also"
            " without a stream, and closed if none comes within 5 s.",
        ),
        Row(
            "A1.13",
            "should",
            "gRPC's limits on messages",
            ALL,
            "Tens of megabytes in a response; in a request all that a client holds.",
            "No limit on what is sent. A request above 16 MiB closes its stream with `RESOURCE_EXHAUSTED` and words,"
            " and the client is named in the log; above 32 MiB gRPC itself closes it.",
        ),
        Row(
            "A1.14",
            "should",
            "gRFC A57",
            ALL,
            "An orderly end: clients take a stream for failed that ends before its first response.",
            "At the end a stream that was never answered gets its first answer if there is one, all streams close"
            " with `UNAVAILABLE`, and then clients hear GOAWAY. Within the grace nobody is hung up on who has not read"
            " all of that; who comes meanwhile is sent away with `UNAVAILABLE`.",
        ),
        Row(
            "A1.15",
            "should",
            "What a server owes its other clients",
            ALL,
            "A slow client holds up nobody, and is owed only the newest state.",
            "Nothing is queued. What a stream is told next is worked out when it can be written.",
        ),
    ),
)
