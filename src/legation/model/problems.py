"""Problem: what is wrong with which object, where, how bad, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place, show_path

DUPLICATE_NAME, DUPLICATE_ADDRESS = "duplicate-name", "duplicate-address"
"""Codes of problems that are about what another object has."""
AND_MORE = "and-more"
"""The code of what stands for problems that are too many to be told one by one."""
MOST_TOLD = 100
"""So many problems of one sort in one object are told; the others are counted."""
UNKNOWN_KIND = "unknown-kind"
"""The code of what is said of objects that nobody serves."""
INTERNAL_ERROR = "internal-error"
"""The code of problems that are faults of this program."""


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


def own_fault(where: str, *, mend: str, manifest: ManifestObject | None = None, place: Place | None = None) -> Problem:
    """Return the problem that this program itself fails, as its log says in full.

    Args:
        where: At what: `on this object`.
        mend: What can be done until that is mended.
        manifest: The object that it is about, if it is about one.
        place: Where it is, if it is about no object.
    """
    return Problem(
        code=INTERNAL_ERROR,
        message=f"legation itself fails {where}; its log tells where",
        object=manifest.key if manifest is not None else None,
        place=manifest.place if manifest is not None else place,
        mend=mend,
    )
