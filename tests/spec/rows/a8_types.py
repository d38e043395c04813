"""Rows A8: what is particular to single types and features."""

from __future__ import annotations

from tests.spec.rows.row import ALL, ALL_DELTA, NONE, Row, Section

TYPES = Section(
    "Types",
    (
        Row(
            "A8.1",
            "must",
            "Resource types",
            ALL,
            "Endpoints (EDS): the assignment of a cluster is the unit, and a change of one concerns no other.",
            "One change sends one resource, only to those who asked for it, also where each has a stream of its own.",
        ),
        Row(
            "A8.2",
            "may",
            "Locality Endpoint Discovery Service; xDS naming proposal (TP1)",
            ALL_DELTA,
            "Endpoints of a locality (LEDS): a collection whose name ends in `/*`, in delta.",
            "Who asks for the collection gets its members, and what changes of them.",
        ),
        Row(
            "A8.3",
            "must",
            "Resource types",
            ALL,
            "Routes (RDS) go by the name that the listener gives.",
            "Only what is asked for is sent.",
        ),
        Row(
            "A8.4",
            "must",
            "Envoy's documentation of scoped routes",
            ALL,
            "Scoped routes (SRDS) are asked for all together, and name routes.",
            "They are a wildcard, and follow the routes that they name.",
        ),
        Row(
            "A8.5",
            "may",
            "Envoy's documentation of VHDS",
            ALL_DELTA,
            "Virtual hosts (VHDS) on demand: by an alias `<routes>/<host>`; a host that does not exist is answered with"
            " its name and no body.",
            "So it is; after a change of the routes they are sent again.",
        ),
        Row(
            "A8.6",
            "may",
            "Envoy's on-demand filter",
            ALL,
            "Clusters on demand: a name beside `*`; one that does not exist is answered at once.",
            "So it is in delta; state of the world cannot say it.",
        ),
        Row(
            "A8.7",
            "must",
            "Resource types; Resource warming",
            ALL,
            "Secrets (SDS) go by name, and what names one warms until it comes. They are never shown.",
            "What names a secret follows it; tables, logs and problems show no content of secrets.",
        ),
        Row(
            "A8.8",
            "must",
            "Resource types",
            ALL,
            "Runtime layers (RTDS) may be asked for first of all, and Envoy's start waits for them.",
            "A layer that nobody has is answered empty.",
        ),
        Row(
            "A8.9",
            "must",
            "Resource types",
            ALL,
            "Extensions (ECDS) go by the name of the filter; listeners warm on them.",
            "As other types that are asked for by name; `hold_missing` keeps delta silent about missing ones.",
        ),
        Row(
            "A8.10",
            "may",
            "xDS naming proposal (TP1)",
            ALL_DELTA,
            "Names such as `xdstp://authority/type/id`, and collections of them.",
            "Glob collections are served as far as Envoy asks for them; the order of context parameters makes no"
            " difference.",
        ),
        Row(
            "A8.11",
            "may",
            "Error propagation proposal (TP3); gRFC A88",
            ALL,
            "`resource_errors` says why a resource is not sent.",
            "For the types of the setting `resource_errors` it is set for a name that does not exist, once; no client"
            " says that it knows the field, so no type is set by itself.",
        ),
        Row(
            "A8.13",
            "may",
            "The comments of `envoy.service.status.v3`",
            NONE,
            "The client status service (CSDS) shows what each client was sent, accepted and refused.",
            "Where the setting `csds` is on, gRPC and REST show the server's view: each resource that a client asked"
            " for and is to get, as sent, accepted or refused and why, without secrets. Nodes are matched by id and"
            " metadata; regular expressions are refused.",
            tested="over its own service, gRPC and REST",
        ),
        Row(
            "A8.14",
            "may",
            "The comments of `envoy.service.load_stats.v3`",
            NONE,
            "Clients report their load (LRS).",
            "Who can report all clusters is asked for all, others for those that they get from us, anew when these"
            " change. Loads become metrics by group and cluster, and stand in `legation proxies --loads`.",
            tested="over its own service",
        ),
    ),
)
