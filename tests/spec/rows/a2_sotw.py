"""Rows A2: state of the world."""

from __future__ import annotations

from tests.spec.rows.row import ALL_SOTW, Row, Section

_ACK = "ACK and NACK semantics summary"
_WHEN = "When to send an update"
_NAMES = "How the client specifies what resources to return"
_GROUPING = "Grouping resources into responses"
_DELETING = "Deleting resources"

SOTW = Section(
    "State of the world",
    (
        Row(
            "A2.1",
            "must",
            _NAMES,
            ALL_SOTW,
            "The names of a request are the whole subscription; they replace those before.",
            "So they are read: a name that is not repeated is wanted no more.",
        ),
        Row(
            "A2.2",
            "must",
            _WHEN,
            ALL_SOTW,
            "A response goes out when there is something new for this subscription, and not because a request came.",
            "An ACK is answered with silence until something changes.",
        ),
        Row(
            "A2.3",
            "must",
            "Envoy's start waits for listeners and clusters",
            ALL_SOTW,
            "The first wildcard request is answered at once, also when there is nothing to send.",
            "With an empty response; but with nothing at all while the sources have not been read (A2.20).",
        ),
        Row(
            "A2.4",
            "must",
            _ACK,
            ALL_SOTW,
            "What makes a NACK is its `error_detail`, and not the version that it repeats.",
            "Versions of requests are not looked at; `error_detail` is, even if it is empty.",
        ),
        Row(
            "A2.5",
            "must",
            _WHEN,
            ALL_SOTW,
            "What was refused is not sent again until it changes.",
            "The refused resource goes back to its last accepted version, the others go on, and the NACK is told with"
            " Envoy's words. Where they name nobody, what was new is offered by halves until who is to blame stands"
            " alone.",
        ),
        Row(
            "A2.6",
            "must",
            _ACK,
            ALL_SOTW,
            "A NACK may carry the current version: a name that was added at it may be the bad one.",
            "It is a NACK all the same.",
        ),
        Row(
            "A2.7",
            "must",
            "gRFC A46; Envoy",
            ALL_SOTW,
            "After a NACK parts of the response may have been applied.",
            "Who is not to blame is offered again at once, and until that is settled whatever it names stays.",
        ),
        Row(
            "A2.8",
            "must",
            _ACK,
            ALL_SOTW,
            "A request with an old nonce is stale: the client says its names again.",
            "Its names are not read, but for those that it lacks: when they are asked for again they are sent again. A"
            " nonce that is still unanswered counts as the answer that it is.",
        ),
        Row(
            "A2.9",
            "must",
            _ACK,
            ALL_SOTW,
            "A request with the current nonce and other names changes the subscription and answers nothing.",
            "Names and answers are read apart; a response is answered once.",
        ),
        Row(
            "A2.10",
            "must",
            _WHEN,
            ALL_SOTW,
            "Names that are asked for anew are sent although the version has not changed.",
            "They are, alone, at the version that is.",
        ),
        Row(
            "A2.11",
            "must",
            "Unsubscribing from resources",
            ALL_SOTW,
            "A name that was dropped and is asked for again is sent again.",
            "It is: what a client dropped is forgotten.",
        ),
        Row(
            "A2.12",
            "must",
            _GROUPING,
            ALL_SOTW,
            "Listeners and clusters go out all together; what is absent is deleted, in an empty response everything.",
            "So they do, and so do scoped routes.",
        ),
        Row(
            "A2.13",
            "should",
            _DELETING,
            ALL_SOTW,
            "Of other types only what changed is sent; deletions cannot be said.",
            "Only what changed, never an empty response.",
        ),
        Row(
            "A2.14",
            "must",
            "Knowing when a requested resource does not exist",
            ALL_SOTW,
            "A name that does not exist is no reason to wait with the others, or to answer in a loop.",
            "Silence about it; it is sent when it appears.",
        ),
        Row(
            "A2.15",
            "must",
            _NAMES,
            ALL_SOTW,
            "Names that nobody asked for are not sent, and updates end with the subscription.",
            "So it is.",
        ),
        Row(
            "A2.16",
            "must",
            "Unsubscribing from resources",
            ALL_SOTW,
            "No names after some names is a subscription to nothing.",
            "Nothing more is said of that type.",
        ),
        Row(
            "A2.17",
            "must",
            "Resource type instance version",
            ALL_SOTW,
            "The version changes with the content that this client gets; equal content has an equal version on every"
            " server.",
            "It is a hash of exactly that content.",
        ),
        Row(
            "A2.18",
            "must",
            "ACK and resource type instance version",
            ALL_SOTW,
            "A client that comes back says a version. It does not say for which names.",
            "Types that are asked for by name are sent whole on a new stream.",
        ),
        Row(
            "A2.19",
            "should",
            "ACK and resource type instance version",
            ALL_SOTW,
            "A wildcard that comes back at the current version needs nothing.",
            "It is sent nothing until something changes.",
        ),
        Row(
            "A2.20",
            "must",
            "An empty response deletes everything",
            ALL_SOTW,
            "A server that has only just started must not empty its clients.",
            "Until the sources have been read once, nothing at all is said.",
        ),
        Row(
            "A2.21",
            "should",
            _ACK,
            ALL_SOTW,
            "One response of a type at a time; meanwhile changes come together into the newest.",
            "So it is, but for clusters (A5.5).",
        ),
        Row(
            "A2.22",
            "must",
            "Envoy answers only the newest of several responses",
            ALL_SOTW,
            "The ACK of a newer response speaks for the older ones.",
            "It does; nobody waits for the older nonce.",
        ),
        Row(
            "A2.23",
            "may",
            "Envoy's behaviour after a stream was reset",
            ALL_SOTW,
            "A client that comes back may name what it has where it first asked for everything.",
            "It is read as it speaks: with `*`, or with no names, it is told of everything, with names of those. An"
            " Envoy of today asks for everything again.",
        ),
    ),
)
