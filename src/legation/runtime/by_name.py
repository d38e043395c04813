"""Resources that are made when somebody asks for them by name, out of what a cluster tells beside its objects.

What is made is what the objects refer to, and what Envoys ask for that nobody refers to (a bootstrap of theirs does). A
change of the cluster makes anew what it concerns and nothing else. What cannot be made any more, though it is there,
stays as it was; what is gone, or not allowed, is empty where its type can say so. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from weakref import WeakKeyDictionary

from legation.model.cluster import Cluster
from legation.model.problems import Level, Problem
from legation.model.resource import Resource
from legation.model.resource_types import REFERRERS, ResourceType
from legation.model.snapshot import Collection as ResourceCollection
from legation.model.snapshot import Snapshot, revise
from legation.runtime.assemble import Assembly, Item
from legation.runtime.made import MadeResource, absent
from legation.translate import makers as all_makers
from legation.translate.by_name import Fault, Maker, Target
from legation.translate.grants import allowed

Name: TypeAlias = tuple[ResourceType, str]

_POD = ("", "Pod")
"""Who refers to what an Envoy's bootstrap names: its Pod."""
_MOST_CHANGES = 10_000
"""Changes that are remembered, for groups that nobody asked about since."""
_MOST_WANTED = 1_000
"""Names that Envoys ask for before it is looked which of them nobody asks for any more."""


@dataclass(slots=True, kw_only=True)
class _Completed:
    """What was added to one snapshot for one namespace, and up to which change."""

    names: frozenset[Name]
    unknown: frozenset[Name]
    """Those of which nobody knows what they were."""
    epoch: int
    seen: int
    snapshot: Snapshot | None
    """None: it is that one itself, which would never be freed if it were held here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reference:
    """An object that refers to such a name."""

    item: Item
    row: ResourceType
    name: str


@dataclass(slots=True)
class _Changes:
    """What was made anew, in order, so that who looks again sees what it missed."""

    names: list[Name] = field(default_factory=list)
    epoch: int = 0
    """Counts the times when all must be looked at anew."""

    def all_anew(self) -> None:
        self.epoch += 1
        self.names.clear()

    def add(self, name: Name) -> None:
        self.names.append(name)
        if len(self.names) > _MOST_CHANGES:
            self.all_anew()


class ByName:
    """All such resources."""

    def __init__(
        self,
        makers: Mapping[ResourceType, Maker] = all_makers.MAKERS,
        *,
        now: Callable[[], float],
        across: bool = False,
    ) -> None:
        """Begin with nothing asked for.

        Args:
            makers: What makes them, by type.
            now: Tells the Unix time, for certificates.
            across: Whether Envoys may have what is in other namespaces without a ReferenceGrant.
        """
        self._makers = makers
        self._now = now
        self._across = across
        self._cluster: Cluster | None = None
        self._entries: dict[Name, MadeResource] = {}
        self._assembly = Assembly()
        self._references: tuple[_Reference, ...] = ()
        self._referrers: dict[tuple[str, Name], frozenset[tuple[str, str]]] = {}
        """Namespace and name -> (API group, kind) of the objects there that refer to it."""
        self._wanted: dict[str, dict[Name, bool]] = {}
        """Namespace -> what its Envoys ask for -> whether one does that gets no object which refers to it."""
        self._left: set[tuple[str, Name]] = set()
        """What of that objects referred to until lately: perhaps nobody asks for it any more."""
        self._prune_at = _MOST_WANTED
        self._changes = _Changes()
        self._completed: WeakKeyDictionary[Snapshot, dict[str, _Completed]] = WeakKeyDictionary()
        self._problems: tuple[Problem, ...] | None = ()
        """None: they may be others than before."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why what is referred to or asked for cannot be made as it should."""
        if self._problems is None:
            known = self._cluster is not None
            self._problems = (*self._of_references(), *self._of_wanted()) if known else ()
        return self._problems

    def answers(self, row: ResourceType, name: str) -> bool:
        """Say whether it depends on the cluster alone whether there is something of that name."""
        return self._cluster is not None and self._target(row, name) is not None

    @property
    def next_look(self) -> float | None:
        """The Unix time at which `look` may find something else although nothing changed."""
        return min((each.again_at for each in self._entries.values() if each.again_at is not None), default=None)

    def refer(self, assembly: Assembly) -> None:
        """Take what all objects refer to now."""
        self._assembly = assembly
        self._references = tuple(self._find_references(assembly))
        referrers: dict[tuple[str, Name], set[tuple[str, str]]] = {}
        for each in self._references:
            origin = each.item.manifest.key
            key = (each.item.scope.namespace, (each.row, each.name))
            referrers.setdefault(key, set()).add((origin.group, origin.kind))
        before = self._referrers
        self._referrers = {key: frozenset(kinds) for key, kinds in referrers.items()}
        if before != self._referrers:
            left = (key for key in before if key not in self._referrers and key[1] in self._wanted.get(key[0], {}))
            self._left = {*self._left, *left} - self._referrers.keys()
            self._settle_names()
        self._problems = None

    def want(
        self, namespace: str, row: ResourceType, names: Collection[str], *, snapshot: Snapshot | None = None
    ) -> bool:
        """Take what Envoys of a namespace ask for by name.

        Args:
            namespace: Theirs.
            row: The type.
            names: Of any form.
            snapshot: What they get of objects. What that refers to they get anyway; it is remembered for the time when
                nothing refers to it any more.

        Returns:
            Whether somebody may get something else for it.
        """
        if self._cluster is None or row not in self._makers:
            return False
        wanted, new = self._wanted.setdefault(namespace, {}), False
        for name in names:
            each, bare = (row, name), snapshot is None or not _speaks_of(snapshot, row, name)
            if each in wanted and (wanted[each] or not bare):
                continue
            target = self._target(row, name)
            if target is None:
                continue
            wanted[each] = bare
            if each not in self._entries:
                self._entries[each] = MadeResource(self._makers[row], name)
                self._make(each, self._entries[each], self._cluster)
            if bare or target.namespace != namespace:
                self._changes.add(each)
                new = True
            self._problems = None
        return new

    def prune(self, asked_for: Callable[[str, ResourceType, str], bool]) -> None:
        """Forget what nobody asks for any more: of what was referred to until lately, and of all if there is much.

        Args:
            asked_for: Is told namespace, type and name.
        """
        much = sum(map(len, self._wanted.values())) >= self._prune_at
        every = ((namespace, name) for namespace, wanted in self._wanted.items() for name in wanted)
        gone = [key for key in (every if much else self._left) if not asked_for(key[0], *key[1])]
        for namespace, name in gone:
            del self._wanted[namespace][name]
        if much:
            self._prune_at = max(_MOST_WANTED, 2 * sum(map(len, self._wanted.values())))
        if gone:
            self._left.difference_update(gone)
            self._settle_names()

    def look(self, cluster: Cluster | None) -> bool:
        """Take what the cluster tells now, and make anew what it concerns. Returns whether anything is another."""
        before, self._cluster = self._cluster, cluster
        if (before is None) is not (cluster is None):
            self._settle_names()
            return True
        if cluster is None or before is None:
            return False
        anew = cluster.grants != before.grants
        if anew:
            self._changes.all_anew()
        faults_before = [each.faults for each in self._entries.values()]
        changed = [name for name, entry in self._entries.items() if self._make(name, entry, cluster)]
        if anew or faults_before != [each.faults for each in self._entries.values()]:
            self._problems = None
        return anew or bool(changed)

    def complete(self, snapshot: Snapshot, namespace: str) -> Snapshot:
        """Return the snapshot with what Envoys of that namespace get by name."""
        if not self._entries:
            return snapshot
        held = self._completed.setdefault(snapshot, {})
        done = held.get(namespace)
        changes = self._changes
        if done is None or done.epoch != changes.epoch:
            names = frozenset(self._names_for(snapshot))
            fresh = names.union(self._wanted_for(snapshot, namespace))
            onto, unknown = snapshot, frozenset[Name]()
        elif done.seen == len(changes.names):
            return done.snapshot or snapshot
        else:
            names, onto = done.names, done.snapshot or snapshot
            missed = changes.names[done.seen :]
            fresh = names.intersection(missed).union(set(self._wanted_for(snapshot, namespace)).intersection(missed))
            unknown = done.unknown - fresh
        unknown |= {name for name in fresh if self._entries[name].unknown and self._allowed(namespace, name)}
        collections = {**onto.collections, **self._revised(onto, fresh, namespace)}
        incomplete = snapshot.incomplete | {row for row, _ in unknown}
        whole = Snapshot.of(collections.values(), incomplete=incomplete)
        held[namespace] = _Completed(
            names=names,
            unknown=unknown,
            epoch=changes.epoch,
            seen=len(changes.names),
            snapshot=None if whole is snapshot else whole,
        )
        return whole

    # What is made

    def _target(self, row: ResourceType, name: str) -> Target | None:
        maker = self._makers.get(row)
        return None if maker is None else maker.target(name)

    def _find_references(self, assembly: Assembly) -> Iterator[_Reference]:
        for shelves in assembly.shelves.values():
            for shelf in shelves.values():
                rows = [row for row in self._makers if row.name in shelf.row.refers]
                for item in shelf.items if rows else ():
                    for row in rows:
                        claims = shelves[row].claims if row in shelves else {}
                        for name in item.resource.refers_to(row):
                            # Where a selector gives an object of that name to some alone, it is made for the others.
                            own = any(each.scope.labels <= item.scope.labels for each in claims.get(name, ()))
                            if not own and self._target(row, name) is not None:
                                yield _Reference(item=item, row=row, name=name)

    def _settle_names(self) -> None:
        """Have an entry for each name that somebody needs, and for no other."""
        needed = {name: None for _, name in self._referrers}
        for wanted in self._wanted.values():
            needed |= dict.fromkeys(wanted)
        names = needed if self._cluster is not None else {}
        before = self._entries
        self._entries = {name: before.get(name) or MadeResource(self._makers[name[0]], name[1]) for name in names}
        self._changes.all_anew()
        self._problems = None
        if self._cluster is not None:
            for name, entry in self._entries.items():
                if name not in before:
                    self._make(name, entry, self._cluster)

    def _make(self, name: Name, entry: MadeResource, cluster: Cluster) -> bool:
        """Make it anew if what it is made of has changed. Returns whether it is another one."""
        changed = entry.make(cluster, now=self._now())
        if changed:
            self._changes.add(name)
        return changed

    # Who gets it

    def _names_for(self, snapshot: Snapshot) -> Iterator[Name]:
        for row in self._makers:
            own = snapshot[row].resources
            for referrer in REFERRERS[row]:
                for name in snapshot[referrer].mentioned(row):
                    if name not in own and (row, name) in self._entries:
                        yield row, name

    def _wanted_for(self, snapshot: Snapshot, namespace: str) -> Iterator[Name]:
        return (
            (row, name)
            for (row, name), bare in self._wanted.get(namespace, {}).items()
            if (bare or (namespace, (row, name)) not in self._referrers) and name not in snapshot[row].resources
        )

    def _revised(
        self, snapshot: Snapshot, names: Iterable[Name], namespace: str
    ) -> Mapping[ResourceType, ResourceCollection]:
        changed: dict[ResourceType, dict[str, Resource]] = {}
        removed: dict[ResourceType, list[str]] = {}
        for row, name in names:
            is_allowed = self._allowed(namespace, (row, name))
            resource = self._entries[row, name].resource if is_allowed else absent(row, name)
            if resource is not None:
                changed.setdefault(row, {})[name] = resource
            else:
                removed.setdefault(row, []).append(name)
        rows = changed.keys() | removed.keys()
        return {row: revise(snapshot[row], changed.get(row, {}), removed.get(row, ())) for row in rows}

    def _allowed(self, namespace: str, name: Name) -> bool:
        target = self._entries[name].target
        if self._across or target.namespace == namespace or self._cluster is None:
            return True
        referrers = self._referrers.get((namespace, name), frozenset())
        if name in self._wanted.get(namespace, {}):
            referrers |= {_POD}
        return allowed(target, namespace=namespace, referrers=referrers, grants=self._cluster.grants)

    # What is wrong

    def _of_references(self) -> Iterator[Problem]:
        for each in self._references:
            manifest = each.item.manifest
            for fault in self._faults(each.item.scope.namespace, (each.row, each.name)):
                yield Problem(
                    code=fault.code,
                    message=f'the {each.row.name} "{each.name}": {fault.message}',
                    level=Level.WARNING,
                    object=manifest.key,
                    place=manifest.place,
                    path=each.item.path,
                    mend=fault.mend,
                )

    def _of_wanted(self) -> Iterator[Problem]:
        for namespace, wanted in self._wanted.items():
            shelves = self._assembly.shelves.get(namespace, {})
            for row, name in wanted:
                key = (namespace, (row, name))
                if key in self._referrers or key in self._left or (row in shelves and name in shelves[row].claims):
                    continue
                for fault in self._faults(*key):
                    yield Problem(
                        code=fault.code,
                        message=f'Envoys of the namespace {namespace} ask for the {row.name} "{name}": {fault.message}',
                        level=Level.WARNING,
                        mend=fault.mend,
                    )

    def _faults(self, namespace: str, name: Name) -> tuple[Fault, ...]:
        entry = self._entries[name]
        if self._allowed(namespace, name):
            return entry.faults
        target = entry.target
        mend = f"a ReferenceGrant in the namespace {target.namespace} can allow it, or --cross-namespace allow"
        message = f"the namespace {namespace} may not use the {target.kind} {target.namespace}/{target.name}"
        return (Fault(code="not-granted", message=message, mend=mend),)


def _speaks_of(snapshot: Snapshot, row: ResourceType, name: str) -> bool:
    """Say whether a resource of that name is in the snapshot or is referred to there."""
    return name in snapshot[row].resources or any(name in snapshot[each].mentioned(row) for each in REFERRERS[row])
