"""What a real Envoy says of one resource. A value; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What the judge says."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NONE = "none"
    """It says nothing, and the words tell why."""


class Cause(StrEnum):
    """Why there is no verdict."""

    UNJUDGED = "unjudged"
    """Envoy checks nothing of such a resource by itself, or not where it can be asked."""
    RESOURCE = "resource"
    """This resource cannot be judged: it names what is on the machine of the real Envoy alone, or the judge crashes."""
    JUDGE = "judge"
    """There is no judge: no program, no answer in time. It says nothing of any resource then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was said of one resource."""

    kind: Kind
    words: str = ""
    """Why it is refused, or why nothing is said; safe to be shown to anyone."""
    mend: str = ""
    """What to do about it where nothing is said."""
    cause: Cause | None = None
    """Why nothing is said; None where something is."""

    def __post_init__(self) -> None:
        if (self.kind is Kind.NONE) is not (self.cause is not None):
            raise ValueError("what has no verdict has a cause for that, and nothing else has")


ACCEPTED = Verdict(kind=Kind.ACCEPTED)


def refused(words: str) -> Verdict:
    """Return what is said of a resource that Envoy refuses."""
    return Verdict(kind=Kind.REFUSED, words=words)


def unjudged(words: str) -> Verdict:
    """Return what is said of a resource of which Envoy cannot be asked, whatever it holds."""
    return Verdict(kind=Kind.NONE, words=words, cause=Cause.UNJUDGED)


def undecided(words: str) -> Verdict:
    """Return what is said of a resource that has no verdict for what it holds."""
    return Verdict(kind=Kind.NONE, words=words, cause=Cause.RESOURCE)


def no_judge(words: str, *, mend: str = "") -> Verdict:
    """Return what is said of every resource while there is no judge."""
    return Verdict(kind=Kind.NONE, words=words, mend=mend, cause=Cause.JUDGE)
