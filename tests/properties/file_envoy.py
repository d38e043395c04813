"""A folder that an Envoy watches, and that Envoy: each subscription reads its file when it likes, but within `settle`.

A file says which resources are in it, one a line: type, name, version. Which file a resource takes another from stands
in its version: `...>eds,rds`, the folders of endpoints and of routes. Lines that begin with # are their owner's words.

It refuses what names a file that does not exist when it is loaded, and reads a file again only when one is moved there.
What it read from a file it keeps when that is removed, as long as somebody takes it.
"""

from __future__ import annotations

from dataclasses import replace

from legation.model.resource import EVERY, Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    SECRET,
    ResourceType,
)

CDS, LDS = "cds.json", "lds.json"
TOP = {CDS: CLUSTER, LDS: LISTENER}
STATIC = "static.json"
"""What a listener of the bootstrap takes its routes from, if it is there at the start."""
_UNLINKED = "~"
"""Ends the version of what nobody told from which files it takes what it names."""

_known: dict[str, Resource] = {}


def line(resource: Resource) -> str:
    """Return the line of a resource; from then on it is known by it."""
    told = f"{resource.type.name} {resource.name} {resource.version.removesuffix(_UNLINKED)}"
    if not resource.version.endswith(_UNLINKED):
        _known[told] = resource
    return told


def unlinked(resource: Resource) -> Resource:
    """Return the same resource, as it is known before the file is that it takes something from."""
    line(resource)
    return replace(resource, version=f"{resource.version}{_UNLINKED}", references={})


def render(path: str, resources: tuple[Resource, ...]) -> bytes:
    """Return the text of a file."""
    return "".join(f"{line(each)}\n" for each in resources).encode()


def parse(content: bytes) -> list[Resource]:
    """Return what is in a file."""
    return [_known[each] for each in content.decode().splitlines() if not each.startswith("#")]


def taken_from(resource: Resource) -> dict[tuple[ResourceType, str], str]:
    """Return which resources it takes from which files."""
    _, _, told = resource.version.partition(">")
    if not told:
        return {}
    eds, rds, sds = told.split(",")
    folders = {CLUSTER_LOAD_ASSIGNMENT: eds, ROUTE_CONFIGURATION: rds, SECRET: sds}
    return {
        (row, name): f"{folder}/{name}.json"
        for row, folder in folders.items()
        for name in resource.refers_to(row) - {EVERY}
    }


class FileEnvoy:
    """One Envoy. It notes in `violations` what a request would fail for, and what it refuses."""

    def __init__(self, disk: dict[str, bytes]) -> None:
        self.disk = disk
        self.violations: list[str] = []
        self.top: dict[ResourceType, dict[str, Resource]] = {CLUSTER: {}, LISTENER: {}}
        self.draining: list[Resource] = []
        self.named: dict[tuple[ResourceType, str, str], Resource] = {}
        """What it has of what it takes by name: by type, name and the path from which it takes it."""
        self.static: Resource | None = None
        """The routes of the listener in its bootstrap."""
        self.has_static = False
        self.refused: dict[tuple[ResourceType, str], list[str]] = {}
        """What it refused, and for which files, until it takes a newer version."""
        self.unread: dict[str, None] = {}
        """Files that changed since they were read last, and that it watches."""

    def start(self) -> None:
        """Read the two files that the bootstrap names."""
        self.has_static = STATIC in self.disk
        for path in (*TOP, STATIC):
            if path in self.disk:
                self.read(path)

    def watches(self, path: str) -> bool:
        return path in TOP or (path == STATIC and self.has_static) or any(path == each for _, _, each in self.wanted())

    def moved_into(self, path: str) -> None:
        """Take notice of a file that was moved into the folder."""
        if self.watches(path):
            self.unread[path] = None

    def read(self, path: str) -> None:
        """Read a file, as it is now."""
        self.unread.pop(path, None)
        found = parse(self.disk[path]) if path in self.disk else []
        if path in TOP:
            self._read_all(TOP[path], {each.name: each for each in found})
        elif path == STATIC:
            self.static = found[0] if found else self.static
        else:
            for row, name, each in self.wanted():
                if each == path:
                    self._take(row, name, path)
        self._look()

    def wanted(self) -> set[tuple[ResourceType, str, str]]:
        """What is taken by name, from where."""
        living = (*self.top[CLUSTER].values(), *self.top[LISTENER].values(), *self.draining)
        return {(row, name, path) for each in living for (row, name), path in taken_from(each).items()}

    def finish_draining(self) -> None:
        self.draining.clear()
        self._forget()
        self._look()

    def _read_all(self, row: ResourceType, found: dict[str, Resource]) -> None:
        before = self.top[row]
        after = {name: before[name] for name in before if name in found}
        for name, resource in found.items():
            old = before.get(name)
            if old is not None and old.version == resource.version:
                self.refused.pop((row, name), None)
                continue
            missing = [path for path in taken_from(resource).values() if path not in self.disk]
            if missing:
                self.refused[row, name] = missing
                continue
            self.refused.pop((row, name), None)
            after[name] = resource
        if row is LISTENER:
            self.draining += [old for name, old in before.items() if after.get(name) is not old]
        self.top[row] = after
        for each in after.values():
            for (taken, name), path in taken_from(each).items():
                if (taken, name, path) not in self.named or before.get(each.name) is not each:
                    self._take(taken, name, path)
        for key in [key for key in self.refused if key[0] is row and key[1] not in found]:
            del self.refused[key]
        self._forget()

    def _take(self, row: ResourceType, name: str, path: str) -> None:
        found = parse(self.disk[path]) if path in self.disk else []
        if len(found) == 1 and found[0].type is row and found[0].name == name:
            self.named[row, name, path] = found[0]

    def _forget(self) -> None:
        wanted = self.wanted()
        self.named = {key: each for key, each in self.named.items() if key in wanted}
        self.unread = {path: None for path in self.unread if self.watches(path)}

    def _look(self) -> None:
        """Note what is wrong with what serves."""
        for user in (*self.top[LISTENER].values(), *self.draining):
            self._needs(user)
            for (row, name), path in taken_from(user).items():
                if row is ROUTE_CONFIGURATION and (route := self.named.get((row, name, path))) is not None:
                    self._needs(route)
        if self.static is not None:
            self._needs(self.static)

    def _needs(self, user: Resource) -> None:
        for name in user.refers_to(CLUSTER):
            cluster = self.top[CLUSTER].get(name)
            if cluster is None:
                self.violations.append(f"{user.type.name} {user.name}@{user.version} lacks Cluster {name}")
            else:
                self._lacks(cluster)
        self._lacks(user)

    def _lacks(self, user: Resource) -> None:
        for (row, name), path in taken_from(user).items():
            if (row, name, path) not in self.named:
                self.violations.append(f"{user.type.name} {user.name}@{user.version} lacks {row.name} {name} of {path}")

    def takes(self, row: ResourceType, name: str) -> set[str]:
        """Return the files from which something that it has takes others."""
        found = self.top[row].get(name)
        return set() if found is None else {*taken_from(found).values()}

    def holds(self, row: ResourceType) -> dict[str, str]:
        return {name: each.version for name, each in self.top[row].items()}
