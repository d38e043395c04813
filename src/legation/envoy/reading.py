"""Reading: what one walk over Envoy JSON keeps, and the shape of the functions that take part in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError, Message

from legation.envoy.findings import Finding, Misfit
from legation.model.objects import FieldPath
from legation.model.problems import Level

MAX_DEPTH = 100
"""Levels of JSON that are followed. Envoy's own parser stops at 100."""
_DEEP = 20
"""From here on it is tried whether protobuf can read back what it wrote: it stops at 100 messages inside each other,
and a level of a Struct is three of them."""

Write: TypeAlias = "Callable[[Reading, Any, Any, FieldPath], None]"
"""Put a JSON value into a message, or into one field of it: (reading, message, value, path). May raise Misfit."""


class Reading:
    """One walk over one resource."""

    def __init__(self, *, write: Write) -> None:
        self.findings: list[Finding] = []
        self._write = write
        self.deep = False
        """Whether it went so deep that it matters where in the resource it began."""

    def report(self, path: FieldPath, misfit: Misfit, *, level: Level = Level.ERROR) -> None:
        """Note a fault; the walk goes on."""
        finding = Finding(level=level, code=misfit.code, path=path, message=misfit.message, mend=misfit.mend)
        self.findings.append(finding)

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
