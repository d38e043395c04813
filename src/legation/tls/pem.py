"""Certificates or a key in PEM, wherever they stand. No representation shows a text."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Pem:
    """Certificates or a key in PEM: the text itself, or a file that is read again when it changes."""

    data: bytes = field(default=b"", repr=False)
    """Wins over the file, as it does for kubectl."""
    file: str = ""

    def __bool__(self) -> bool:
        return bool(self.data or self.file)

    @property
    def watched(self) -> tuple[str, ...]:
        """The file to look at for changes, if there is one."""
        return (self.file,) if self.file and not self.data else ()


NONE = Pem()
"""No certificate, no key."""
