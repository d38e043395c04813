"""Rows A3: wildcards."""

from __future__ import annotations

from tests.spec.rows.row import ALL, ALL_DELTA, Row, Section

_NAMES = "How the client specifies what resources to return"

WILDCARDS = Section(
    "Wildcards",
    (
        Row(
            "A3.1",
            "must",
            _NAMES,
            ALL,
            "`*` asks for everything and may stand beside names; it can be taken back alone.",
            "The names stay when `*` goes.",
        ),
        Row(
            "A3.2",
            "must",
            _NAMES,
            ALL,
            "As long as a stream has named nothing of a type, no names mean `*`.",
            "So they do, for listeners, clusters, scoped routes and virtual hosts. For other types no names mean"
            " nothing.",
        ),
        Row(
            "A3.3",
            "must",
            _NAMES,
            ALL_DELTA,
            "In delta that wildcard stays when names are added, and ends only when `*` is taken back.",
            "Then nothing brings it back but `*`.",
        ),
        Row(
            "A3.4",
            "must",
            "Envoy; gRPC",
            ALL,
            "Which types read no names as everything is a matter of the type, also beyond the protocol page.",
            "It is a property of each type: virtual hosts, which Envoy asks for with an empty request, are such a"
            " type; routes, endpoints and secrets are not.",
        ),
        Row(
            "A3.5",
            "must",
            _NAMES,
            ALL,
            "What a wildcard stands for is for the server to say, for each client.",
            "The resources that the client's group has.",
        ),
        Row(
            "A3.6",
            "must",
            "Unsubscribing from resources",
            ALL,
            "A client cannot take one member out of a wildcard.",
            "It goes on to get it.",
        ),
        Row(
            "A3.7",
            "must",
            "Unsubscribing from resources",
            ALL_DELTA,
            "A name that is taken back while `*` stays is answered: with the resource if the wildcard covers it, else"
            " as removed.",
            "So it is.",
        ),
        Row(
            "A3.8",
            "should",
            "Envoy before 1.19",
            ALL_DELTA,
            "Old Envoys name all that they have when they come back, where they mean everything.",
            "An Envoy that lists what it holds of clusters or listeners by name gets what it names. Envoys before"
            " 1.19 are not supported beyond that.",
        ),
    ),
)
