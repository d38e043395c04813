"""Problem: what is wrong with which object, where, how bad, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from legation.model.objects import FieldPath, ObjectKey, Place, show_path

DUPLICATE_NAME, DUPLICATE_ADDRESS = "duplicate-name", "duplicate-address"
"""Codes of problems that are about what another object has."""


class Level(StrEnum):
    """How bad a problem is."""

    ERROR = "error"
    """What is wrong is not delivered: the last good version goes on being served, if there is one."""
    WARNING = "warning"
    """It is delivered, and may not do what its owner wants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong. Its text never holds a value of the object, which may be a secret."""

    code: str
    """A stable slug for metrics and filters, such as `unknown-field`."""
    message: str
    """One sentence without a full stop: what is wrong and why."""
    level: Level = Level.ERROR
    object: ObjectKey | None = None
    """The object, unless nobody can say which one it is (a file that does not parse)."""
    place: Place | None = None
    path: FieldPath = ()
    """The field inside the object."""
    mend: str = ""
    """What its owner can do, where we can tell: `did you mean "connect_timeout"?`."""
    example: str = ""
    """What to write in its place, as lines of YAML, where we can tell. It holds no secret; `...` stands for one."""
    subject: str = ""
    """What it is about where it is about no object: of one code it is then the same problem, whatever its words are."""

    def __str__(self) -> str:
        """Return the line that a person reads: place, object, field, what is wrong, how to mend it."""
        where = [str(part) for part in (self.place, self.object, show_path(self.path)) if part]
        mend = f" ({self.mend})" if self.mend else ""
        return ": ".join([*where, self.message]) + mend
