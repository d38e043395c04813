"""What Envoy writes into its log about what it was asked, read. Pure.

Envoy names each cluster and listener that it refuses, and goes on with the others. Only what breaks a rule of the
message itself takes all that came with it along; then its name stands at best in the middle of the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LOG_FORMAT = "%L %v"
"""With escapes: each entry is one line."""

_ONE = re.compile(r"\A[A-Z] (?:cds: cluster|lds: listener) '([^']+)' config rejected: (.*)", re.DOTALL)
_RESPONSE = re.compile(r"\A[A-Z] Filesystem config update rejected: (.*)", re.DOTALL)
_OF_SOME = "Error adding/updating"
_ESCAPED = re.compile(rb"\\([0-7]{3}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_CONTROLS = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """All that Envoy said of one set of questions."""

    refused: Mapping[str, str] = field(default_factory=dict)
    """Envoy's words, by the name of what it refuses."""
    all_refused: tuple[str, ...] = ()
    """Words about a whole response: nothing of it was looked at."""
    responses: int = 0
    """How many responses were refused, in part or whole."""


def read_log(lines: Iterable[bytes]) -> Saying:
    """Return what lines of Envoy's log say."""
    refused: dict[str, str] = {}
    whole: list[str] = []
    responses = 0
    for line in lines:
        entry = _unescaped(line)
        if one := _ONE.match(entry):
            refused[one[1]] = one[2]
        elif response := _RESPONSE.match(entry):
            responses += 1
            if not response[1].startswith(_OF_SOME):
                whole.append(response[1])
    return Saying(refused=refused, all_refused=tuple(whole), responses=responses)


def _unescaped(line: bytes) -> str:
    return _ESCAPED.sub(_character, line).decode(errors="replace")


def _character(match: re.Match[bytes]) -> bytes:
    found = match[1]
    if len(found) == 3:
        return bytes([int(found[1:], 16) if found[:1] == b"x" else int(found, 8) & 0xFF])
    return _CONTROLS.get(found, found)
