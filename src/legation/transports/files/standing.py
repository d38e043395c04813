"""What stands in the files, and what is to stand in each of them at a moment: pure functions of who holds what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from legation.model.resource import Name, Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LB_ENDPOINT,
    LISTENER,
    ROUTE_CONFIGURATION,
    RUNTIME,
    SCOPED_ROUTE,
    SECRET,
    VIRTUAL_HOST,
)
from legation.model.snapshot import Snapshot, collect
from legation.protocol.holding import same
from legation.transports.files.anew import Anew
from legation.transports.files.file_set import FileSet, PlannedFile

_RANKS = {
    row: rank
    for rank, rows in enumerate(
        (
            (SECRET, RUNTIME),
            (EXTENSION_CONFIG,),
            (LB_ENDPOINT,),
            (CLUSTER_LOAD_ASSIGNMENT,),
            (CLUSTER,),
            (VIRTUAL_HOST,),
            (ROUTE_CONFIGURATION,),
            (SCOPED_ROUTE,),
            (LISTENER,),
        ),
        1,
    )
    for row in rows
}
"""In which order files come to stand there that are written together: what others name by its file goes first. What is
no xDS file goes before all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file as it stands there."""

    content: bytes | None = field(repr=False)
    """None: nobody knows."""
    members: tuple[Resource, ...] = ()
    rendered: bool = False
    """The content was rendered of these members here; else somebody else wrote it."""
    certain: bool = True
    """False after a failure: whatever is to stand there has to be written."""

    @property
    def rank(self) -> int:
        """Its place in the order in which files are written."""
        return max((_RANKS[each.type] for each in self.members), default=0)

    def is_written(self, other: File) -> bool:
        """Say whether nothing has to be written so that the other stands there."""
        return self.certain and self.content == other.content


Render = Callable[[str, tuple[Resource, ...]], bytes]


def name_of(resource: Resource) -> Name:
    """Return what tells a resource from all others."""
    return resource.type, resource.name


def homes(files: Mapping[str, PlannedFile]) -> dict[Name, str]:
    """Return in which file each resource stands."""
    return {name: path for path, file in files.items() for name in file.members}


def as_asked(newest: FileSet, standing: Mapping[str, File]) -> dict[Name, str]:
    """Return in which file each resource stands that is taken from there and is in none of the newest files."""
    paths = {path for paths in newest.lacking.values() for path in paths if path in standing}
    return {name_of(each): path for path in sorted(paths) for each in standing[path].members}


def goals(file: PlannedFile, snapshot: Snapshot) -> tuple[Resource, ...]:
    """Return the resources that are to stand in a file in the end."""
    return tuple(each for row, name in file.members if (each := snapshot.get(row, name)) is not None)


def finished(path: str, file: PlannedFile, members: tuple[Resource, ...], stands: File | None, render: Render) -> File:
    """Return the file as it is to be in the end.

    Args:
        path: Its path.
        file: What is planned.
        members: The resources that are to stand in it.
        stands: What stands there.
        render: Returns the text of resources.
    """
    if file.content is not None:
        return File(content=file.content, members=members)
    if stands is not None and stands.rendered and alike(stands.members, members):
        return stands
    return File(content=render(path, members), members=members, rendered=True)


def between(
    path: str, members: Sequence[Resource], left: Sequence[Resource], stands: File | None, render: Render
) -> File | None:
    """Return the file as it is to be for the time being; None: it does not exist yet.

    Args:
        path: Its path.
        members: What is planned for it and may stand there already.
        left: What stands there, is not planned for it and has to stay, in its order.
        stands: What stands there.
        render: Returns the text of resources.
    """
    shown = _shown(members, left, stands)
    known = stands if stands is not None and stands.content is not None else None
    if known is not None and alike(known.members, shown):
        return known
    if not shown and not (stands is not None and any(each.type.full_state for each in stands.members)):
        # What was the only one in a file stays there until another may come: Envoy takes no empty file of its type.
        return known
    return File(content=render(path, shown), members=shown, rendered=True)


def _shown(members: Sequence[Resource], left: Sequence[Resource], stands: File | None) -> tuple[Resource, ...]:
    first = next(iter((*members, *left)), None)
    if first is None:
        return ()
    if not first.type.full_state:
        # Envoy takes such a file only if exactly one resource is in it.
        return (first,)
    shown = list(members)
    order = [name_of(each) for each in stands.members] if stands is not None else []
    for each in left:
        # After who stood before it, so that what stays does not move.
        before = frozenset(order[: order.index(name_of(each))])
        place = max((at for at, other in enumerate(shown, 1) if name_of(other) in before), default=0)
        shown.insert(place, each)
    return tuple(shown)


def either(before: File | None, after: File) -> File:
    """Return what is known of a file that was to become another, when nobody knows whether it did."""
    members = {name_of(each): each for each in (*after.members, *(before.members if before is not None else ()))}
    return File(content=None, members=tuple(members.values()), certain=False)


def alike(some: Sequence[Resource], others: Sequence[Resource]) -> bool:
    """Say whether both are the same resources in the same versions and order."""
    return len(some) == len(others) and all(
        one.type is other.type and same(one, other) for one, other in zip(some, others, strict=True)
    )


def as_held(held: FileSet, newest: FileSet, render: Render) -> tuple[dict[str, File], Snapshot]:
    """Return what stands there before the first step: the files, and the resources in them.

    What stands in a file that is as it is to be is what is to stand in it, whatever was read of it.
    """
    files: dict[str, File] = {}
    for path, stands in held.files.items():
        planned = newest.files.get(path)
        files[path] = File(content=stands.content, members=goals(stands, held.snapshot))
        if planned is not None and {*planned.members} == {*stands.members}:
            wanted = finished(path, planned, goals(planned, newest.snapshot), None, render)
            if wanted.content == stands.content:
                files[path] = wanted
    found = {name_of(each): each for file in files.values() for each in file.members}
    rows = dict.fromkeys(row for row, _ in found)
    return files, Snapshot.of([collect(row, [each for each in found.values() if each.type is row]) for row in rows])


def in_order(files: Mapping[str, File], again: Collection[str] = ()) -> dict[str, bytes]:
    """Return the contents in the order in which they have to come to stand there.

    Args:
        files: By path.
        again: Those that are moved into place although they may stand there.
    """
    ordered = sorted(files.items(), key=lambda each: (each[1].rank, each[0]))
    contents = ((path, file.content or b"") for path, file in ordered)
    return {path: Anew(content) if path in again else content for path, content in contents}
