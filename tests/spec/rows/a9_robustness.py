"""Rows A9: what incidents have taught."""

from __future__ import annotations

from tests.spec.rows.row import ALL, Row, Section

ROBUSTNESS = Section(
    "Robustness",
    (
        Row(
            "A9.1",
            "must",
            "What a server owes its memory",
            ALL,
            "All that is kept for a client goes when its streams have ended.",
            "With the last stream of an Envoy its place is given back.",
        ),
        Row(
            "A9.2",
            "must",
            "When to send an update",
            ALL,
            "A client whose configuration is taken away keeps its subscription.",
            "What is set later is delivered.",
        ),
        Row(
            "A9.3",
            "must",
            "What a server owes its other clients",
            ALL,
            "No queue between state and stream that can fill up and stop all.",
            "There is no queue. A client that does not read stops nobody, and is told the newest state once it does.",
        ),
        Row(
            "A9.4",
            "should",
            "What operators ask",
            ALL,
            "For each client and type: what was sent, accepted and refused, why, and since when an answer is awaited.",
            "`legation proxies`, the admin pages and the library tell it, and the last refusal also when it is over.",
        ),
        Row(
            "A9.5",
            "should",
            "Incidents of big fleets",
            ALL,
            "When all clients come back at once each is still served.",
            "So many are given their first responses at a time; the others wait their turn.",
        ),
        Row(
            "A9.6",
            "should",
            "What a change costs a fleet",
            ALL,
            "Many changes at once are one, and what changed nothing is not sent.",
            "Changes are gathered for a moment; versions are hashes of the content, so equal content is silence.",
        ),
        Row(
            "A9.7",
            "should",
            "Streams of one node may overlap",
            ALL,
            "An old stream and a new one of the same node, or two proxies with one id, are both served.",
            "Connections are told apart; none changes what another is told.",
        ),
        Row(
            "A9.8",
            "should",
            "Envoy's own validation",
            ALL,
            "What a client finds wrong is its own affair: a server does not know all its rules.",
            "Resources are delivered as they are, also of extensions that we do not know, and a NACK is no reason to"
            " end a stream.",
        ),
    ),
)
