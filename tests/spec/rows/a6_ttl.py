"""Rows A6 and A7: time to live, REST."""

from __future__ import annotations

from tests.spec.rows.row import ALL, Row, Section
from tests.spec.variants import REST

TTL = Section(
    "Time to live",
    (
        Row(
            "A6.1",
            "may",
            "Resource TTL; Envoy's client features",
            ALL,
            "Only a client that announces it is sent a time to live; in state of the world it announces the wrapper"
            " too.",
            "Each spelling of these features is understood; all others get the plain resource.",
        ),
        Row(
            "A6.2",
            "may",
            "Resource TTL",
            ALL,
            "The time to live stands beside the resource: in state of the world the resource is wrapped for it.",
            "So it is.",
        ),
        Row(
            "A6.3",
            "may",
            "Resource TTL",
            ALL,
            "A heartbeat, a resource without a body, prolongs the time.",
            "One goes out after a third of the time, but not where the resource itself has just been sent. In state of"
            " the world the resource goes out again in its place: Envoy renews nothing there by a heartbeat.",
        ),
        Row(
            "A6.4",
            "may",
            "Resource TTL",
            ALL,
            "A new time replaces the old one; a resource that comes without one stays.",
            "A change of the time alone is sent as a change of the resource, at its unchanged version.",
        ),
    ),
)

POLLING = Section(
    "REST-JSON",
    (
        Row(
            "A7.1",
            "must",
            "REST-JSON polling subscriptions",
            (REST,),
            "A POST to the path of a type, with a request and a response as JSON.",
            "Every type that has a path is served; an unknown path is 404, what is no request is 400.",
        ),
        Row(
            "A7.2",
            "must",
            "REST-JSON polling subscriptions",
            (REST,),
            "At an unchanged version 304, at once or after some time.",
            "A poll is held until something changes, but never longer than its client says that it waits: one that says"
            " nothing is answered at once.",
        ),
        Row(
            "A7.3",
            "should",
            "proto3 JSON",
            (REST,),
            "Names select as in state of the world; both spellings of fields are read, unknown fields are passed over.",
            "So they are. An error in the next poll is a NACK, and so is the version from before where it comes twice.",
        ),
        Row(
            "A7.4",
            "should",
            "REST-JSON polling subscriptions",
            (REST,),
            "Whatever is served over gRPC is served here.",
            "Both are made from the same snapshots.",
        ),
    ),
)
