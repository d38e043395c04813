"""Envoy's words about a question, as a verdict about the resource. Pure.

The words are those of another name, may hold a secret, and may be about what only this Envoy lacks.
"""

from __future__ import annotations

import re

from legation.envoy.nack_words import WITHHELD, show_words
from legation.judging.posing import Question
from legation.judging.structs import UNKNOWN
from legation.judging.verdict import ACCEPTED, Verdict, refused, undecided
from legation.model.resource_types import EXTENSION_CONFIG

# What the judge lacks and the real Envoy may have: files, and clusters and secrets of a bootstrap.
_ELSEWHERE = re.compile(
    r"no such file|invalid path|paths must refer to"
    r"|(?:unable|failed|cannot|could not) (?:to )?(?:open|read|load) \S*file"
    r"|incomplete private key from path: \S|file \S+ does not exist|must have a statically defined"
    r"|unknown (?:\w+ )*cluster|unknown static|cannot bind|failed to load (?:dynamic )?module|dlopen|shared object",
    re.IGNORECASE,
)
_NOT_THERE = re.compile(r"didn't find a registered [\w ]*implementation", re.IGNORECASE)
_MADE_UP_PLACE = re.compile(r"\Aerror adding listener '[^']*': ")


def accepted(question: Question) -> Verdict:
    """Return what it means that Envoy accepts a question."""
    return undecided(UNKNOWN) if question.unknown else ACCEPTED


def verdict_of(question: Question, words: str) -> Verdict:
    """Return what it means that Envoy refuses a question with these words."""
    if question.unknown and not _NOT_THERE.search(words):
        return undecided(UNKNOWN)
    if question.resource.type is EXTENSION_CONFIG and _NOT_THERE.search(words):
        return undecided("an Envoy has no such extension where it was asked about it, and may have it elsewhere")
    if question.elsewhere:
        return undecided(f"it names {question.elsewhere} of the machine of the Envoy that gets it")
    if _ELSEWHERE.search(words):
        return undecided("it names what is on the machine of the Envoy that gets it, or in its bootstrap")
    own = _MADE_UP_PLACE.sub("", words).replace(question.token, question.resource.name)
    shown = show_words(own, secret=question.resource.type.secret)
    if any(secret in shown for secret in question.secrets):
        return refused(WITHHELD)
    return refused(shown)
