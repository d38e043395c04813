"""Cuts a stream of bytes into lines: no line is too long, and each byte is looked at once."""

from __future__ import annotations


class LineCutter:
    """Bytes in as they come, whole lines out."""

    def __init__(self) -> None:
        # The parts of a line that has not ended: joining them once keeps long lines cheap.
        self._begun: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Take what has come, and return the lines that it ends, without the newline and without empty ones."""
        if b"\n" not in data:
            self._begun.append(data)
            return []
        first, *rest = data.split(b"\n")
        lines = [b"".join([*self._begun, first]), *rest]
        last = lines.pop()
        self._begun = [last] if last else []
        return [line for line in lines if line]

    def rest(self) -> bytes:
        """Return what came after the last newline."""
        return b"".join(self._begun)
