"""Rows A4: delta."""

from __future__ import annotations

from tests.spec.rows.row import ALL_DELTA, Row, Section

_INCREMENTAL = "Incremental xDS"
_SUBSCRIBING = "Subscribing to resources"
_UNSUBSCRIBING = "Unsubscribing from resources"
_MISSING = "Knowing when a requested resource does not exist"

DELTA = Section(
    "Delta",
    (
        Row(
            "A4.1",
            "must",
            _INCREMENTAL,
            ALL_DELTA,
            "The server knows of each stream and type what it wants and what versions it has.",
            "As a reference to a shared collection and the few names that differ from it.",
        ),
        Row(
            "A4.2",
            "must",
            "The comments of `DeltaDiscoveryRequest`",
            ALL_DELTA,
            "Names may be added and taken back in any request, also in an ACK or NACK.",
            "The answer and the names of a request are read apart.",
        ),
        Row(
            "A4.3",
            "must",
            "The comments of `DeltaDiscoveryRequest`",
            ALL_DELTA,
            "Names count whatever the nonce is; an unknown nonce breaks nothing.",
            "The nonce only says which response is answered.",
        ),
        Row(
            "A4.4",
            "must",
            _SUBSCRIBING,
            ALL_DELTA,
            "A name that is asked for again is sent again, also `*`: the client may have let it go.",
            "So it is, at an unchanged version too.",
        ),
        Row(
            "A4.5",
            "must",
            _MISSING,
            ALL_DELTA,
            "A name that does not exist is answered at once as removed, and sent when it appears.",
            "So it is, once for each time it is asked for.",
        ),
        Row(
            "A4.6",
            "should",
            "Envoy warms a new cluster without endpoints when they are said to be missing",
            ALL_DELTA,
            "For some types silence may serve better than that answer.",
            "`hold_missing` lists the types that are held; none is by default.",
        ),
        Row(
            "A4.7",
            "must",
            "Deleting resources",
            ALL_DELTA,
            "What was deleted is told once; what comes back is sent.",
            "So it is.",
        ),
        Row(
            "A4.8",
            "must",
            _INCREMENTAL,
            ALL_DELTA,
            "A response holds what changed, and nothing else.",
            "So it does.",
        ),
        Row(
            "A4.9",
            "should",
            _UNSUBSCRIBING,
            ALL_DELTA,
            "Names that are taken back need no answer, names that were never asked for neither.",
            "They get none; a late ACK does not bring them back.",
        ),
        Row(
            "A4.10",
            "must",
            "Not settled by the protocol",
            ALL_DELTA,
            "A name may stand in both lists of a request.",
            "It is taken back and then asked for, so it is sent.",
        ),
        Row(
            "A4.11",
            "must",
            "The comments of `initial_resource_versions`",
            ALL_DELTA,
            "A client that comes back says what it has: what is equal is not sent, what it lacks or has in another"
            " version is, what is unknown is removed.",
            "So it is, in the first request of a type on a stream alone.",
        ),
        Row(
            "A4.12",
            "must",
            _INCREMENTAL,
            ALL_DELTA,
            "Versions of resources are equal on every server and after every restart.",
            "They are hashes of the content, from bytes that are the same wherever they are made.",
        ),
        Row(
            "A4.13",
            "should",
            "Envoy up to 1.22",
            ALL_DELTA,
            "Old Envoys may report versions that they no longer have.",
            "A version that is reported is believed. Whoever asks for `*` or a name anew is sent it whatever was"
            " reported.",
        ),
        Row(
            "A4.14",
            "must",
            "Envoy's start waits for listeners and clusters",
            ALL_DELTA,
            "The first wildcard request is answered, also when there is nothing.",
            "With an empty response.",
        ),
        Row(
            "A4.15",
            "must",
            "When to send an update",
            ALL_DELTA,
            "What was refused is not sent again until it changes or is asked for anew; the rest goes on.",
            "So it is; the NACK is told with Envoy's words. Where they name nobody, what was new is offered by halves"
            " until who is to blame stands alone.",
        ),
        Row(
            "A4.16",
            "should",
            "What a client has after it refused part of a response",
            ALL_DELTA,
            "A change back after a refusal has to reach the client.",
            "What was sent and what was accepted are told apart, so the change back is a change.",
        ),
        Row(
            "A4.17",
            "should",
            "The comments of `system_version_info`",
            ALL_DELTA,
            "`system_version_info` is for people.",
            "It is the version of the whole collection; nothing is decided by it.",
        ),
        Row(
            "A4.18",
            "should",
            "The comments of `Resource.aliases`",
            ALL_DELTA,
            "A resource may be asked for by another of its names.",
            "It is sent with its own name and all others.",
        ),
        Row(
            "A4.19",
            "should",
            "Incremental xDS; gRPC's limits on messages",
            ALL_DELTA,
            "Very much may go in several responses, without waiting for the answer to each.",
            "Large responses are cut where the next resource would make them too large; eight may be unanswered.",
        ),
        Row(
            "A4.20",
            "must",
            "Envoy holds back its answers while clusters warm",
            ALL_DELTA,
            "ACKs may come late and several at once.",
            "Each answer is matched with its response by its nonce.",
        ),
        Row(
            "A4.21",
            "should",
            _INCREMENTAL,
            ALL_DELTA,
            "No name is both sent and removed in one response.",
            "It cannot be: a name has one state.",
        ),
    ),
)
