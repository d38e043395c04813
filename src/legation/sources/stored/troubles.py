"""What is said of a folder of stored objects that cannot be used as it should. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from legation.model.objects import Place
from legation.model.problems import Level, Problem
from legation.sources.stored.recovering import Recovered


def reason_of(error: OSError) -> str:
    """Return why the disk refuses, a clause."""
    return error.strerror or str(error) or type(error).__name__


def unwritable(journal: str, reason: str) -> Problem:
    """Return the problem that nothing can be kept now."""
    return Problem(
        code="store-unwritable",
        place=Place(journal),
        message=f"objects that are put in through the API cannot be kept now: {reason}",
        mend="make room on that disk, or look what is wrong with it; it is tried again",
    )


def taken(journal: str, reason: str) -> Problem:
    """Return the problem that another process keeps objects in the folder."""
    return Problem(
        code="store-taken",
        place=Place(journal),
        message=f"objects that are put in through the API are kept by this server no more: {reason}",
        mend="let one server have the folder; if that is this one, start it again, for it has not read what is there",
    )


def growing(journal: str, reason: str) -> Problem:
    """Return the problem that the journal cannot be made smaller."""
    return Problem(
        code="store-growing",
        level=Level.WARNING,
        place=Place(journal),
        message=f"the journal of stored objects cannot be written anew, and grows: {reason}",
        mend="nothing is lost; make room on that disk for the journal once more, it is tried again later",
    )


def damages(journal: str, found: Recovered, *, aside: str) -> tuple[Problem, ...]:
    """Return the problems with a journal that was read."""
    kept = (
        f"the damaged file is kept as {aside}; look whether all objects are there as you want them, apply those again"
    )
    mend = f"{kept} that are not, then delete it"
    problems = []
    if found.damaged:
        problems.append(
            Problem(
                code="damaged-store",
                place=Place(journal, found.damaged[0]),
                message=f"what was written at {_show_lines(found.damaged)} cannot be read or is not whole, and is lost",
                mend=mend,
            )
        )
    if found.cut:
        problems.append(
            Problem(
                code="damaged-store",
                level=Level.WARNING,
                place=Place(journal, found.cut),
                message=f"from line {found.cut} on nothing can be read, so what was written last may be lost",
                mend=mend,
            )
        )
    return tuple(problems)


def uncopied(folder: str, reason: str) -> Problem:
    """Return the problem that the readable files are not what they should be."""
    return Problem(
        code="stored-files-stale",
        level=Level.WARNING,
        place=Place(folder),
        message=f"the readable files of stored objects cannot be written: {reason}",
        mend="nothing is lost, they are only for reading; make room, or let this program write there",
    )


def _show_lines(numbers: Sequence[int]) -> str:
    most = 10
    shown = ", ".join(map(str, numbers[:most])) + (" and more" if len(numbers) > most else "")
    return f"line {shown}" if len(numbers) == 1 else f"lines {shown}"
