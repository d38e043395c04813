"""How long what is shown lasts, and what is told of that before it ends. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from legation.model.problems import Level, Problem
from legation.texts.pem import Period
from legation.tls.material import Life

_LONGEST_WARNING = 30 * 86400.0
"""Seconds before the end at which it is told of certificates that live for years."""
_LATE = 6
"""Of others when this part of their life is left: whoever renews them does so earlier, at two thirds (cert-manager)."""


def warned_at(life: Period) -> float:
    """Return when it is told that a certificate ends, in Unix seconds."""
    return life.end - min((life.end - life.start) / _LATE, _LONGEST_WARNING)


def ending(life: Life | None, *, now: float, code: str, subject: str) -> tuple[Problem, ...]:
    """Return whether the certificate that is shown ends soon, or has ended.

    Args:
        life: Of what is shown; None where nothing is.
        now: Unix seconds.
        code: Of the problem.
        subject: Where it comes from.
    """
    if life is None or now < warned_at(Period(start=life.made, end=life.ends)):
        return ()
    return (_problem("the certificate that is shown", ends=life.ends, now=now, code=code, subject=subject),)


def authorities_ending(life: Period | None, *, now: float, code: str, subject: str) -> tuple[Problem, ...]:
    """Return whether the last of some authorities ends soon, or has ended; see `ending`."""
    if life is None or now < warned_at(life):
        return ()
    what = "the last of the authorities (CA) that clients' certificates are signed by"
    return (_problem(what, ends=life.end, now=now, code=code, subject=subject),)


def _problem(what: str, *, ends: float, now: float, code: str, subject: str) -> Problem:
    moment = f"{datetime.fromtimestamp(ends, UTC):%Y-%m-%d %H:%M:%S} UTC"
    words = f"{subject}: {what} expires on {moment}, and nobody has put a newer one there"
    if ends <= now:
        words = f"{subject}: {what} expired on {moment}, and no new connection comes about"
    return Problem(
        code=code,
        level=Level.ERROR if ends <= now else Level.WARNING,
        message=words,
        mend="look at what renews it",
        subject=f"{subject}: end",
    )
