"""ByType: the files of a snapshot: one for each type that Envoy takes as a whole, one for each name of the others.

What asks the control plane for a name (`ads`, `self`) is pointed to the file that delivers that name, so that the same
objects work over gRPC and from files. Envoy takes one resource from a file of endpoints, routes, a secret, an extension
config or a runtime layer, and refuses a second one; of clusters, listeners and scoped routes a file holds all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import quote as percent_encoded
from weakref import WeakKeyDictionary

from legation.envoy.codec import encode
from legation.envoy.config_sources import Taken, taken, to_json_from_files
from legation.envoy.findings import quote
from legation.model.problems import Level, Problem
from legation.model.resource import EVERY, Name, Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LB_ENDPOINT,
    LISTENER,
    RESOURCE_TYPES,
    ROUTE_CONFIGURATION,
    RUNTIME,
    SCOPED_ROUTE,
    SECRET,
    VIRTUAL_HOST,
    ResourceType,
)
from legation.model.snapshot import Snapshot, collect
from legation.transports.files.file_set import FileSet, PlannedFile
from legation.transports.files.links import Links, referring
from legation.transports.files.rendering import response

NOT_BY_FILE, NO_SUCH_FILE = "not-by-file", "no-such-file"
"""Codes of problems."""

_WHOLE = {CLUSTER: "cds.json", LISTENER: "lds.json", SCOPED_ROUTE: "srds.json"}
_ALWAYS = (CLUSTER, LISTENER)
"""What a bootstrap names, and Envoy does not start without."""
_FOLDERS = {
    CLUSTER_LOAD_ASSIGNMENT: "eds",
    ROUTE_CONFIGURATION: "rds",
    SECRET: "sds",
    EXTENSION_CONFIG: "ecds",
    RUNTIME: "rtds",
}
_TAKING = (CLUSTER, CLUSTER_LOAD_ASSIGNMENT, EXTENSION_CONFIG, LISTENER, ROUTE_CONFIGURATION)
"""What has config sources in it."""
_SUFFIX = ".json"
_LONGEST = 200
"""Bytes of a file's name; file systems take 255."""
_KEPT = 150
"""Bytes of a longer name that are kept before its hash."""


def path_of(row: ResourceType, name: str) -> str | None:
    """Return the path below the folder of the file that delivers that resource; None: that type comes by no file."""
    if row in _WHOLE:
        return _WHOLE[row]
    folder = _FOLDERS.get(row)
    return None if folder is None else f"{folder}/{_file_name(name)}{_SUFFIX}"


def _file_name(name: str) -> str:
    """Return a name as one part of a path: another name for each."""
    encoded = percent_encoded(name, safe="")
    if encoded.startswith("."):
        encoded = f"%2E{encoded[1:]}"
    if len(encoded) <= _LONGEST:
        return encoded
    # `%-` cannot come of encoding, so no other name is written like this.
    return f"{encoded[:_KEPT]}%-{blake2b(name.encode(), digest_size=16).hexdigest()}"


def _read(path: str, content: bytes) -> list[Resource] | None:
    """Return the resources in a file; None if it was not made here, or nobody can read it any more."""
    folder, _, _ = path.rpartition("/")
    if path not in _WHOLE.values() and folder not in _FOLDERS.values():
        return None
    try:
        value = json.loads(content)
    except ValueError:
        return None
    listed = value.get("resources") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        return None
    found = [encode(each).resource if isinstance(each, dict) else None for each in listed]
    resources = [each for each in found if each is not None]
    whole = len(resources) == len(found) and all(path_of(each.type, each.name) == path for each in resources)
    return resources if whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The files of a snapshot, and what of it they cannot deliver."""

    file_set: FileSet
    problems: tuple[Problem, ...] = ()


class ByType:
    """Plans and renders the files of snapshots for one folder."""

    def __init__(self, *, folder: str, watched_directory: str = "") -> None:
        """Take where the files are.

        Args:
            folder: The folder as Envoy sees it; config sources that ask a control plane become paths below it.
            watched_directory: As Envoy sees it: where a move tells it that the files changed (the symlink layout).
                Empty: Envoy watches each file's own folder.
        """
        self._folder = folder.rstrip("/")
        self._watched_directory = watched_directory
        self._taken: WeakKeyDictionary[Resource, tuple[Taken, ...]] = WeakKeyDictionary()
        """What each resource takes from where: it is looked into once."""
        self._scoping: WeakKeyDictionary[Resource, Resource] = WeakKeyDictionary()
        """Listeners that take scoped routes, with references to these."""

    def plan(self, snapshot: Snapshot) -> Planned:
        """Return the files of a snapshot. The FileSet's snapshot has what can be delivered by them."""
        scoping = {each for each in snapshot[LISTENER] if self._takes_scoped_routes(each)}
        listeners = [self._with_scoped_routes(each) if each in scoping else each for each in snapshot[LISTENER]]
        deliverable = [
            snapshot[row] for row in RESOURCE_TYPES if row is not LISTENER and (row in _WHOLE or row in _FOLDERS)
        ]
        files = {_WHOLE[row]: self._file(snapshot, row) for row in _ALWAYS}
        if scoping or len(snapshot[SCOPED_ROUTE]):
            files[_WHOLE[SCOPED_ROUTE]] = self._file(snapshot, SCOPED_ROUTE)
        for row, folder in _FOLDERS.items():
            files |= {
                f"{folder}/{_file_name(name)}{_SUFFIX}": PlannedFile(members=((row, name),))
                for name in snapshot[row].resources
            }
        delivered = Snapshot.of([*deliverable, collect(LISTENER, listeners)], incomplete=snapshot.incomplete)
        lacking = {name: paths for name, paths in self._lacking(snapshot) if paths}
        file_set = FileSet(snapshot=delivered, files=files, lacking=lacking)
        return Planned(file_set=file_set, problems=tuple(self._problems(snapshot)))

    def render(self, path: str, resources: tuple[Resource, ...]) -> bytes:
        """Return the text of a file: the `render` of `FileSteps`."""
        del path
        shown = (
            to_json_from_files(each, place=self._place, watched_directory=self._watched_directory) for each in resources
        )
        return response(resources, shown)

    def _file(self, snapshot: Snapshot, row: ResourceType) -> PlannedFile:
        names = tuple((row, name) for name in snapshot[row].resources)
        return PlannedFile(members=names, content=None if names else response((), ()))

    def _place(self, name: Name) -> str | None:
        """Return the path at which Envoy finds what delivers that; None: no file does."""
        row, own = name
        if own == EVERY and row not in _WHOLE:
            return None
        path = path_of(row, own)
        return None if path is None else f"{self._folder}/{path}"

    # What stands there already

    def read_back(self, contents: Mapping[str, bytes]) -> FileSet:
        """Return what stands in files that were made here before; all others are left out.

        Args:
            contents: Content by path below the folder.
        """
        files: dict[str, PlannedFile] = {}
        resources: dict[Name, Resource] = {}
        for path, content in contents.items():
            found = _read(path, content)
            if found is not None:
                files[path] = PlannedFile(members=tuple((each.type, each.name) for each in found), content=content)
                resources |= {(each.type, each.name): each for each in found}
        rows = dict.fromkeys(row for row, _ in resources)
        collections = [collect(row, [each for each in resources.values() if each.type is row]) for row in rows]
        return Links().link(FileSet(snapshot=Snapshot.of(collections), files=files))

    # What a resource takes from where

    def _takes(self, resource: Resource) -> tuple[Taken, ...]:
        found = self._taken.get(resource)
        if found is None:
            found = self._taken[resource] = taken(resource)
        return found

    def _takes_scoped_routes(self, resource: Resource) -> bool:
        return any(each.name[0] is SCOPED_ROUTE and not each.path for each in self._takes(resource))

    def _with_scoped_routes(self, resource: Resource) -> Resource:
        found = self._scoping.get(resource)
        if found is None:
            found = self._scoping[resource] = referring(resource, [(SCOPED_ROUTE, EVERY)])
        return found

    def _lacking(self, snapshot: Snapshot) -> Iterator[tuple[Name, frozenset[str]]]:
        """Yield what takes something from a file of which nothing makes the content, and the paths of those files."""
        for row in _TAKING:
            for resource in snapshot[row]:
                missing = (each.name for each in self._takes(resource) if not each.path)
                paths = (path_of(*name) for name in missing if name[1] != EVERY and snapshot.get(*name) is None)
                yield (row, resource.name), frozenset(path for path in paths if path is not None)

    # What files cannot do

    def _problems(self, snapshot: Snapshot) -> Iterator[Problem]:
        for row in (VIRTUAL_HOST, LB_ENDPOINT):
            for each in snapshot[row]:
                yield Problem(
                    code=NOT_BY_FILE,
                    message=f"the {row.name} {quote(each.name)} is not delivered: Envoy takes none from files",
                    object=each.origin,
                    mend=_INLINE[row],
                    subject=each.name,
                )
        by_name = any(each.refers_to(ROUTE_CONFIGURATION) for each in snapshot[SCOPED_ROUTE])
        for row in _TAKING:
            for resource in snapshot[row]:
                for found in self._takes(resource):
                    if not found.path and (problem := _why_not(resource, found.name, snapshot, by_name=by_name)):
                        yield problem


_INLINE = {
    VIRTUAL_HOST: "write it into its RouteConfiguration",
    LB_ENDPOINT: "write it into its ClusterLoadAssignment",
    ROUTE_CONFIGURATION: "give each ScopedRouteConfiguration its routes inline, in route_configuration",
}


def _why_not(resource: Resource, name: Name, snapshot: Snapshot, *, by_name: bool) -> Problem | None:
    """Return what is wrong with something that a resource asks the control plane for; None: a file delivers it."""
    row, own = name
    subject = f"{resource.type.name} {resource.name} {row.name} {own}"
    whose = f"the {resource.type.name} {quote(resource.name)}"
    if own == EVERY and row is ROUTE_CONFIGURATION:
        if not by_name:
            return None
        message = (
            f"{whose} takes scoped routes that name their RouteConfiguration, and from files only one can be named"
        )
    elif path_of(row, own) is None:
        message = f"{whose} asks for a {row.name} by discovery, and Envoy takes none from files"
    elif own == EVERY or snapshot.get(row, own) is not None:
        return None
    else:
        return Problem(
            code=NO_SUCH_FILE,
            level=Level.WARNING,
            message=f"{whose} takes the {row.name} {quote(own)} from a file, and nothing makes one: it waits for that",
            object=resource.origin,
            mend=f"make a {row.name} of that name, or take the reference out",
            subject=subject,
        )
    return Problem(
        code=NOT_BY_FILE,
        level=Level.WARNING,
        message=message,
        object=resource.origin,
        mend=_INLINE[row],
        subject=subject,
    )
