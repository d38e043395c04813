"""Reading: what one walk over Envoy JSON keeps, and the shape of the functions that take part in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError, Message

from legation.envoy.findings import Finding, Misfit, Unknown, and_more
from legation.model.objects import FieldPath
from legation.model.problems import MOST_TOLD, Level

MAX_DEPTH = 100
"""Levels of JSON that are followed. Envoy's own parser stops at 100."""
_DEEP = 20
"""From here on it is tried whether protobuf can read back what it wrote: it stops at 100 messages inside each other,
and a level of a Struct is three of them."""

LEFT_OUT = ", which is left out"
SENT = (
    ", sent to Envoy as it is: one that does not know it either ignores it, or refuses the resource if it runs with"
    " --reject-unknown-dynamic-fields"
)
"""What becomes of what is not known here."""

Write: TypeAlias = "Callable[[Reading, Any, Any, FieldPath], None]"
"""Put a JSON value into a message, or into one field of it: (reading, message, value, path). May raise Misfit."""


class Reading:
    """One walk over one resource."""

    def __init__(self, *, write: Write, unknown: Level = Level.ERROR) -> None:
        """Begin.

        Args:
            write: Puts a JSON value into a message.
            unknown: How bad it is to say what is not known here and cannot travel as it is written.
        """
        self.findings: list[Finding] = []
        self._write = write
        self._level = unknown
        self._unknown: list[int | Level] = []
        """Where in `findings` stands what is not known, of the `Any` that is being read; of what is not told how bad it
        is."""
        self._kept: Counter[Level | None] = Counter()
        """How many findings are told: under None of what is unknown, for that has no level yet."""
        self._untold: Counter[Level] = Counter()
        self.deep = False
        """Whether it went so deep that it matters where in the resource it began."""

    def report(self, path: FieldPath, misfit: Misfit, *, level: Level = Level.ERROR, optional: bool = True) -> None:
        """Note a fault; the walk goes on.

        Args:
            path: Where.
            misfit: What.
            level: How bad it is; that of what is unknown is decided here.
            optional: Whether what is unknown can be left out.
        """
        message = misfit.message
        unknown = isinstance(misfit, Unknown)
        if unknown:
            level = self._level if optional else Level.ERROR
            message += "" if level is Level.ERROR else LEFT_OUT
        sort = None if unknown else level
        told = self._kept[sort] < MOST_TOLD
        if unknown:
            self._unknown.append(len(self.findings) if told else level)
        if not told:
            self._untold[level] += 1
            return
        self._kept[sort] += 1
        self.findings.append(
            Finding(level=level, code=misfit.code, path=path, message=message, mend=misfit.mend, example=misfit.example)
        )

    @property
    def refused(self) -> bool:
        """Whether something is wrong so that the message is not worth anything."""
        return self._untold[Level.ERROR] > 0 or any(finding.level is Level.ERROR for finding in self.findings)

    @property
    def told(self) -> list[Finding]:
        """What was found; at its end how much more there is, where that is too much to be told."""
        return [*self.findings, *and_more(self._untold)]

    def enter(self) -> list[int | Level]:
        """Begin with an `Any`; what this returns has to be given back to `leave`."""
        outer, self._unknown = self._unknown, []
        return outer

    def leave(self, outer: list[int | Level]) -> list[int | Level]:
        """End with an `Any`, and return what in it is not known here: for `send` or `pass_on`."""
        unknown, self._unknown = self._unknown, outer
        return unknown

    def send(self, unknown: list[int | Level]) -> None:
        """Note that what is not known is sent as it is written: it is no error."""
        for at in unknown:
            if isinstance(at, Level):
                self._untold[at] -= 1
                self._untold[Level.WARNING] += 1
                continue
            finding = self.findings[at]
            message = finding.message.removesuffix(LEFT_OUT) + SENT
            self.findings[at] = replace(finding, level=Level.WARNING, message=message)

    def pass_on(self, unknown: list[int | Level]) -> None:
        """Leave what is not known to the next `Any` around it."""
        self._unknown += unknown

    def fill(self, message: Message, value: Any, path: FieldPath) -> None:
        """Put a JSON value into an empty message, whatever its type, and note what does not fit."""
        if len(path) > MAX_DEPTH:
            self.report(path, Misfit("too-deep", f"more than {MAX_DEPTH} levels inside each other"))
            return
        if len(path) > _DEEP:
            self.deep = True
        try:
            self._write(self, message, value, path)
        except Misfit as misfit:
            self.report(path, misfit)

    def pack(self, message: Message, path: FieldPath) -> bytes:
        """Return the bytes of a filled message: the same for the same content, in every process."""
        body = message.SerializeToString(deterministic=True)
        if self.deep and not any(finding.code == "too-deep" for finding in self.findings):
            try:
                type(message).FromString(body)
            except DecodeError:
                self.report(path, Misfit("too-deep", "too many levels inside each other for protobuf to read back"))
        return body
