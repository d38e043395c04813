"""Texts as the API server takes them: cut to a length, reasons in one word, moments."""

from __future__ import annotations

from datetime import datetime

LONGEST_MESSAGE = 32768
"""Characters of a condition's message: metav1.Condition."""
LONGEST_NOTE = 1024
"""Bytes of an Event's note: events.k8s.io/v1."""


def cut(text: str, longest: int) -> str:
    """Return the text, or as many bytes of its beginning as there is room for."""
    encoded = text.encode()
    if len(encoded) <= longest:
        return text
    # A character that is cut in two is left out.
    return encoded[: longest - len("…".encode())].decode(errors="ignore") + "…"


def reason_of(code: str) -> str:
    """Return a problem's code as conditions and Events write it: `unknown-field` -> `UnknownField`."""
    return "".join(word.capitalize() for word in code.split("-")) or "Invalid"


def several(number: int, noun: str) -> str:
    """Return `1 Envoy`, `2 Envoys`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def part(number: int, whole: int, noun: str) -> str:
    """Return `1 of 3 Envoys`; the verb after it is of the number."""
    return f"{number} of {whole} {noun}s"


def rfc3339(moment: datetime) -> str:
    """Return a moment in UTC as metav1.Time has it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_micro(moment: datetime) -> str:
    """Return a moment in UTC as metav1.MicroTime has it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
