"""Staging: what of the newest files may be a target yet, for a file has to exist before something names it.

Over gRPC a listener is told first and asks for its routes then, and so does a cluster for its endpoints. From files it
is the other way round: Envoy refuses what names a file that does not exist. So a resource is no part of the target, or
is so in the version that is held, until all is held that it takes from files. All other rules are those of
`protocol.Sequence`, which gets the target.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from legation.model.resource import EVERY, Name, Resource
from legation.model.resource_types import BY_NAME, CLUSTER, RESOURCE_TYPES, SCOPED_ROUTE, ResourceType
from legation.model.snapshot import Collection, Snapshot, collect
from legation.protocol.holding import same
from legation.transports.files.readers import Readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What the readers are to get for the time being."""

    target: Snapshot
    waiting: frozenset[Name] = frozenset()
    """What is another in the newest snapshot, and waits for a file."""


class Staging:
    """Who waits, and since when."""

    def __init__(self, *, patience: float) -> None:
        """Begin with nobody; no wait is longer than the patience, in seconds."""
        self._patience = patience
        self._since: dict[Name, tuple[Resource, float]] = {}
        self._deadline: float | None = None

    def stage(self, newest: Snapshot, readers: Readers, *, in_file: Callable[[Name], bool], now: float) -> Staged:
        """Return the target of this moment.

        Args:
            newest: What is to stand there in the end.
            readers: Who is to get it.
            in_file: Says whether a resource stands in one of the newest files.
            now: The present moment.
        """
        waiting = _waiting(newest, readers, in_file)
        since = self._since
        self._since = {
            name: since[name] if name in since and same(since[name][0], each) else (each, now)
            for name, each in waiting.items()
        }
        ends = {name: since + self._patience for name, (_, since) in self._since.items()}
        waiting = {name: each for name, each in waiting.items() if now < ends[name]}
        self._deadline = min((ends[name] for name in waiting), default=None)
        rows = {row for row, _ in waiting}
        collections = [
            _without(newest[row], [each for each in waiting.values() if each.type is row], readers)
            if row in rows
            else newest[row]
            for row in RESOURCE_TYPES
        ]
        return Staged(target=Snapshot.of(collections, incomplete=newest.incomplete), waiting=frozenset(waiting))

    def give_up(self, names: frozenset[Name]) -> None:
        """Let these wait no longer: nothing will come any more by itself, so they wait for one another."""
        self._since |= {name: (self._since[name][0], -math.inf) for name in names if name in self._since}

    def deadline(self) -> float | None:
        """Return when the first of those who wait gives up; None: nobody waits."""
        return self._deadline


def _waiting(newest: Snapshot, readers: Readers, in_file: Callable[[Name], bool]) -> dict[Name, Resource]:
    """Return what may not come yet: what takes something from a file that is to come, or names who waits for one."""
    news = {(row, each.name): each for row in RESOURCE_TYPES for each in _news(newest[row], readers)}
    waiting: dict[Name, Resource] = {}

    def lacks(name: Name) -> bool:
        row, own = name
        if own == EVERY:
            return row is SCOPED_ROUTE and len(newest[row]) > 0 and next(readers.all_of(row), None) is None
        if readers.held(name) is not None:
            return False
        # Clusters are found by their name, and the other rules see to them: but not to one that is no part of the
        # target. What nobody has is not waited for.
        return name in waiting or (row is not CLUSTER and newest.get(row, own) is not None and in_file(name))

    found: Mapping[Name, Resource] = news
    while found:
        found = {name: each for name, each in news.items() if any(map(lacks, _named(each)))}
        waiting |= found
        news = {name: each for name, each in news.items() if name not in waiting}
    return waiting


def _news(collection: Collection, readers: Readers) -> Iterator[Resource]:
    """Yield what has references and is not held in that version."""
    for resource in () if readers.have_all(collection) else collection:
        if resource.references and not same(readers.held((resource.type, resource.name)), resource):
            yield resource


def _named(resource: Resource) -> Iterator[Name]:
    """Yield the names of all that a resource refers to."""
    return ((BY_NAME[row], name) for row, names in resource.references.items() for name in names)


def _without(collection: Collection, waiting: list[Resource], readers: Readers) -> Collection:
    """Return a collection with what is held in place of those that wait.

    What is to go and has an address that one of those takes stays until that one comes.
    """
    row: ResourceType = collection.type
    members = dict(collection.resources)
    for each in waiting:
        del members[each.name]
        if (held := readers.held((row, each.name))) is not None:
            members[each.name] = held
    if claims := {claim for each in waiting for claim in each.claims}:
        for held in readers.all_of(row):
            if held.name not in collection.resources and not claims.isdisjoint(held.claims):
                members[held.name] = held
    return collect(row, members.values())
