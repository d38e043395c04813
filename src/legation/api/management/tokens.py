"""Where a watch goes on: the revision that was told last, as a text that nobody need understand. Pure."""

from __future__ import annotations

from legation.api.management.refused import Refused

_MARK = "r"
_LONGEST = 20
"""Digits of a revision."""


def token_of(revision: int) -> str:
    """Return the token that says a revision."""
    return f"{_MARK}{revision}"


def revision_of(token: str, *, field: str = "resume_token") -> int:
    """Return the revision that a token says.

    Raises:
        Refused: It is none of ours.
    """
    number = token.removeprefix(_MARK)
    if not token.startswith(_MARK) or not (number.isascii() and number.isdigit() and len(number) <= _LONGEST):
        raise Refused.bad_request([(field, "this is no token that was told here; leave it out to begin anew")])
    return int(number)
