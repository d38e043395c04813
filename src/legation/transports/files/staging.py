"""Staging: what of the newest files may be a target yet, for a file has to exist before something names it.

Over gRPC a listener is told first and asks for its routes then, and so does a cluster for its endpoints. From files it
is the other way round: Envoy refuses what names a file that does not exist. So a resource is no part of the target, or
is so in the version that is held, until all is held that it takes from files. All other rules are those of
`protocol.Sequence`, which gets the target.

That ends after a while, for two may wait for one another; but not where the file is none of the newest ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
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
    possible: Snapshot
    """What they can get of the newest content: less what names files that do not exist."""
    waiting: frozenset[Name] = frozenset()
    """What is another in the newest snapshot, and waits for what is to come by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What the files are like at a moment."""

    holds: Callable[[Name], bool]
    """Says whether a resource stands in one of the newest files."""
    early: Container[Name]
    """Who stands there, and is not to be named by more before it has been read again."""
    withheld: frozenset[Name] = frozenset()
    """What names a file that does not exist and that nobody makes."""


class Staging:
    """Who waits, and since when."""

    def __init__(self, *, patience: float) -> None:
        """Begin with nobody; no wait is longer than the patience, in seconds."""
        self._patience = patience
        self._since: dict[Name, tuple[Resource, float]] = {}
        self._deadline: float | None = None

    def stage(self, newest: Snapshot, readers: Readers, *, files: Files, now: float) -> Staged:
        """Return the target of this moment.

        Args:
            newest: What is to stand there in the end.
            readers: Who is to get it.
            files: What the files are like.
            now: The present moment.
        """
        withheld = _withheld(newest, readers, files.withheld)
        waiting = _waiting(newest, readers, files, withheld)
        stuck = _depending(waiting, files.withheld)
        since = self._since
        self._since = {
            name: since[name] if name in since and same(since[name][0], each) else (each, now)
            for name, each in waiting.items()
        }
        ends = {name: since + self._patience for name, (_, since) in self._since.items()}
        waiting = {name: each for name, each in waiting.items() if now < ends[name]}
        self._deadline = min((ends[name] for name in waiting), default=None)
        return Staged(
            target=_without(newest, {**waiting, **withheld}, readers),
            possible=_without(newest, withheld, readers),
            waiting=frozenset(waiting.keys() - stuck),
        )

    def give_up(self, names: frozenset[Name]) -> None:
        """Let these wait no longer: nothing will come any more by itself, so they wait for one another."""
        self._since |= {name: (self._since[name][0], -math.inf) for name in names if name in self._since}

    def deadline(self) -> float | None:
        """Return when the first of those who wait gives up; None: nobody waits."""
        return self._deadline


def without(newest: Snapshot, names: frozenset[Name], readers: Readers) -> Snapshot:
    """Return a snapshot with what is held in place of these."""
    return _without(newest, _withheld(newest, readers, names), readers)


def _withheld(newest: Snapshot, readers: Readers, names: frozenset[Name]) -> dict[Name, Resource]:
    """Return what may not come at all. What stands there already as its owner wrote it may: its bytes are the same."""
    found = {}
    for name in names:
        wanted, held = newest.get(*name), readers.held(name)
        if wanted is not None and (held is None or held.body != wanted.body):
            found[name] = wanted
    return found


def _waiting(
    newest: Snapshot, readers: Readers, files: Files, withheld: Mapping[Name, Resource]
) -> dict[Name, Resource]:
    """Return what may not come yet: what takes something from a file that is to come, or names who waits for one."""
    news = {(row, each.name): each for row in RESOURCE_TYPES for each in _news(newest[row], readers)}
    news = {name: each for name, each in news.items() if name not in withheld}
    waiting: dict[Name, Resource] = {}

    def lacks(name: Name) -> bool:
        row, own = name
        if own == EVERY:
            return row is SCOPED_ROUTE and len(newest[row]) > 0 and next(readers.all_of(row), None) is None
        if name in files.early or name in files.withheld:
            return True
        if readers.held(name) is not None:
            return False
        # Clusters are found by their name, and the other rules see to them: but not to one that is no part of the
        # target. What nobody has is not waited for.
        return name in waiting or (row is not CLUSTER and newest.get(row, own) is not None and files.holds(name))

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


def _depending(waiting: Mapping[Name, Resource], on: Iterable[Name]) -> set[Name]:
    """Return who waits for one of those, or for who does."""
    found: set[Name] = set()
    more = {*on}
    while more:
        more = {name for name, each in waiting.items() if name not in found and not more.isdisjoint(_named(each))}
        found |= more
    return found


def _without(newest: Snapshot, waiting: Mapping[Name, Resource], readers: Readers) -> Snapshot:
    """Return a snapshot with what is held in place of those that wait."""
    if not waiting:
        return newest
    by_row: dict[ResourceType, list[Resource]] = {}
    for (row, _), each in waiting.items():
        by_row.setdefault(row, []).append(each)
    collections = [
        _held_instead(newest[row], by_row[row], readers) if row in by_row else newest[row] for row in RESOURCE_TYPES
    ]
    return Snapshot.of(collections, incomplete=newest.incomplete)


def _held_instead(collection: Collection, waiting: list[Resource], readers: Readers) -> Collection:
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
