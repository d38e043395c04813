"""Resources that are made when somebody asks for them by name, out of what a cluster tells beside its objects.

What is made is what the objects refer to, and what Envoys ask for that nobody refers to (a bootstrap of theirs does). A
change of the cluster makes anew what it concerns and nothing else. What cannot be made any more, though it is there,
stays as it was; what is gone, or not allowed, is empty where its type can say so. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from legation.model.cluster import Cluster
from legation.model.objects import ObjectKey
from legation.model.problems import Level, Problem
from legation.model.resource import Name, Resource
from legation.model.resource_types import REFERRERS, ResourceType
from legation.model.snapshot import Snapshot
from legation.runtime.assemble import Assembly
from legation.runtime.completing import Completing
from legation.runtime.item import Item
from legation.runtime.made import MadeResource, absent
from legation.runtime.wanted import MOST, Key, Wanted, Wish
from legation.translate import makers as all_makers
from legation.translate.by_name import Fault, Maker, Target
from legation.translate.grants import allowed

_POD = ("", "Pod")
"""Who refers to what an Envoy's bootstrap names: its Pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reference:
    """An object that refers to such a name."""

    item: Item
    name: Name
    target: Target

    @property
    def key(self) -> Key:
        """The name, and the namespace in which it is referred to."""
        return (self.item.scope.namespace, self.name)


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
        self._referrers: dict[Key, frozenset[tuple[str, str]]] = {}
        """(API group, kind) of the objects of a namespace that refer to a name."""
        self._wanted = Wanted()
        self._completing = Completing(self)
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
        return self._cluster is not None and self.target(row, name) is not None

    def made(self, name: Name) -> Resource | None:
        """Return what is made under a name, for who may have it; None where nobody needs it."""
        entry = self._entries.get(name)
        return None if entry is None else entry.resource

    def referrers_of(self, row: ResourceType, name: str) -> frozenset[ObjectKey]:
        """Return the objects that refer to a name; O(all such references)."""
        return frozenset(each.item.manifest.key for each in self._references if each.name == (row, name))

    def absent(self, item: Item, name: Name) -> Fault | None:
        """Return why there is nothing under a name that a resource mentions; None: there is something, or nobody knows.

        What is there and cannot be used is something.
        """
        target, cluster = self.target(*name), self._cluster
        if target is None or cluster is None:
            return None
        origin, namespace = item.manifest.key, item.scope.namespace
        referrers = {(origin.group, origin.kind)}
        granted = self._across or allowed(target, namespace=namespace, referrers=referrers, grants=cluster.grants)
        if not granted:
            return _not_granted(target, namespace)
        entry = self._entries.get(name)
        if entry is None:
            # Nothing that is served refers to it yet.
            entry = MadeResource(self._makers[name[0]], name[1], target)
            entry.make(cluster, now=self._now())
        return next(iter(entry.faults), None) if entry.missing else None

    @property
    def next_look(self) -> float | None:
        """The Unix time at which `look` may find something else although nothing changed."""
        return min((each.again_at for each in self._entries.values() if each.again_at is not None), default=None)

    def refer(self, assembly: Assembly) -> None:
        """Take what all objects refer to now."""
        self._assembly = assembly
        self._references = tuple(self._find_references(assembly))
        referrers: dict[Key, set[tuple[str, str]]] = {}
        for each in self._references:
            origin = each.item.manifest.key
            referrers.setdefault(each.key, set()).add((origin.group, origin.kind))
        before = self._referrers
        self._referrers = {key: frozenset(kinds) for key, kinds in referrers.items()}
        if before != self._referrers:
            self._wanted.refer(before.keys(), self._referrers.keys())
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
        if self._cluster is None or row not in self._makers or not self._makers[row].on_request:
            return False
        new = False
        for name in names:
            each, bare = (row, name), snapshot is None or not _speaks_of(snapshot, row, name)
            known = self._wanted.of(namespace).get(each)
            if known is not None and (known.bare or not bare):
                continue
            target = self.target(row, name)
            if target is None:
                continue
            if not self._wanted.add(namespace, each, Wish(target=target, bare=bare)):
                self._problems = None
                continue
            if each not in self._entries:
                self._entries[each] = MadeResource(self._makers[row], name, target)
                self._make(each, self._entries[each], self._cluster)
            if bare or target.namespace != namespace:
                self._completing.note(each)
                new = True
            self._problems = None
        return new

    def prune(self, asked_for: Callable[[str, ResourceType, str], bool]) -> None:
        """Forget what nobody asks for any more; see `Wanted.prune`."""
        if self._wanted.prune(asked_for):
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
            self._completing.note_all()
        faults_before = [each.faults for each in self._entries.values()]
        changed = [name for name, entry in self._entries.items() if self._make(name, entry, cluster)]
        if anew or faults_before != [each.faults for each in self._entries.values()]:
            self._problems = None
        return anew or bool(changed)

    def complete(self, snapshot: Snapshot, namespace: str) -> Snapshot:
        """Return the snapshot with what Envoys of that namespace get by name."""
        return self._completing.complete(snapshot, namespace) if self._entries else snapshot

    # What is made

    def target(self, row: ResourceType, name: str) -> Target | None:
        """Return what a name stands for; None where nothing is made under it."""
        maker = self._makers.get(row)
        return None if maker is None else maker.target(name)

    def _find_references(self, assembly: Assembly) -> Iterator[_Reference]:
        for shelves in assembly.shelves.values():
            for shelf, row in ((shelf, row) for shelf in shelves.values() for row in self._makers):
                claims = shelves[row].claims if row in shelves else {}
                for (name, labels), items in shelf.unmet(row, shelves.get(row)):
                    # Where a selector gives an object of that name to some alone, it is made for the others.
                    own = any(each.scope.labels <= labels for each in claims.get(name, ()))
                    target = None if own else self.target(row, name)
                    if target is not None:
                        for item in items:
                            yield _Reference(item=item, name=(row, name), target=target)

    def _settle_names(self) -> None:
        """Have an entry for each name that somebody needs, and for no other."""
        needed = {each.name: each.target for each in self._references} | self._wanted.targets()
        before = self._entries
        self._entries = {
            name: before.get(name) or MadeResource(self._makers[name[0]], name[1], target)
            for name, target in (needed if self._cluster is not None else {}).items()
        }
        self._completing.note_all()
        self._problems = None
        if self._cluster is not None:
            for name, entry in self._entries.items():
                if name not in before:
                    self._make(name, entry, self._cluster)

    def _make(self, name: Name, entry: MadeResource, cluster: Cluster) -> bool:
        """Make it anew if what it is made of has changed. Returns whether it is another one."""
        changed = entry.make(cluster, now=self._now())
        if changed:
            self._completing.note(name)
        return changed

    # Who gets it. Fulfils `completing.Making`.

    def named_in(self, snapshot: Snapshot) -> Iterator[Name]:
        """Yield what the snapshot refers to; see `completing.Making`."""
        for row in self._makers:
            own = snapshot[row].resources
            for referrer in REFERRERS[row]:
                for name in snapshot[referrer].mentioned(row):
                    if name not in own and (row, name) in self._entries:
                        yield row, name

    def wanted_beside(self, snapshot: Snapshot, namespace: str) -> Iterator[Name]:
        """Yield what Envoys of the namespace ask for; see `completing.Making`."""
        return (
            (row, name)
            for (row, name), wish in self._wanted.of(namespace).items()
            if (wish.bare or (namespace, (row, name)) not in self._referrers) and name not in snapshot[row].resources
        )

    def resource_for(self, namespace: str, name: Name) -> Resource | None:
        """Return what Envoys of the namespace get; see `completing.Making`."""
        return self._entries[name].resource if self._allowed(namespace, name) else absent(*name)

    def is_unknown(self, namespace: str, name: Name) -> bool:
        """Say whether nobody knows what it was; see `completing.Making`."""
        return self._entries[name].unknown and self._allowed(namespace, name)

    def _allowed(self, namespace: str, name: Name) -> bool:
        target = self._entries[name].target
        if self._across or target.namespace == namespace or self._cluster is None:
            return True
        referrers = self._referrers.get((namespace, name), frozenset())
        if name in self._wanted.of(namespace):
            referrers |= {_POD}
        return allowed(target, namespace=namespace, referrers=referrers, grants=self._cluster.grants)

    # What is wrong

    def _of_references(self) -> Iterator[Problem]:
        faulty = [(each, faults) for each in self._references if (faults := self._faults(*each.key))]
        for each, faults in sorted(faulty, key=lambda it: (it[0].item.rank, it[0].name[0].name, it[0].name[1])):
            manifest = each.item.manifest
            for fault in faults:
                yield Problem(
                    code=fault.code,
                    message=f"the {_show(each.name)}: {fault.message}",
                    level=Level.WARNING,
                    object=manifest.key,
                    place=manifest.place,
                    path=each.item.named_at.get(each.name, each.item.path),
                    mend=fault.mend,
                )

    def _of_wanted(self) -> Iterator[Problem]:
        """Tell it once for each namespace and reason: who asks can ask for much."""
        alike: dict[tuple[str, str], list[tuple[Name, Fault]]] = {}
        for namespace, (row, name) in self._wanted:
            key, shelves = (namespace, (row, name)), self._assembly.shelves.get(namespace, {})
            explicit = row in shelves and name in shelves[row].claims
            if explicit or key in self._referrers or self._wanted.may_be_over(key):
                continue
            for fault in self._faults(*key):
                alike.setdefault((namespace, fault.code), []).append(((row, name), fault))
        for (namespace, code), ((first, fault), *others) in alike.items():
            asked = f"{_show(first)}, and {len(others)} more" if others else _show(first)
            yield Problem(
                code=code,
                message=f"Envoys of the namespace {namespace} ask for the {asked}: {fault.message}",
                level=Level.WARNING,
                mend=fault.mend,
                subject=f"what Envoys of {namespace} ask for",
            )
        for namespace in self._wanted.full:
            yield Problem(
                code="too-many-names",
                message=f"Envoys of the namespace {namespace} ask for more names than {MOST} that no object refers to;"
                " those beyond are not made",
                level=Level.WARNING,
                mend="let the clusters be objects, or ask for fewer",
                subject=f"what Envoys of {namespace} ask for",
            )

    def _faults(self, namespace: str, name: Name) -> tuple[Fault, ...]:
        entry = self._entries[name]
        if self._allowed(namespace, name):
            return entry.faults
        return (_not_granted(entry.target, namespace),)


def _not_granted(target: Target, namespace: str) -> Fault:
    mend = f"a ReferenceGrant in the namespace {target.namespace} can allow it, or --cross-namespace allow"
    message = f"the namespace {namespace} may not use the {target.kind} {target.namespace}/{target.name}"
    return Fault(code="not-granted", message=message, mend=mend)


def _speaks_of(snapshot: Snapshot, row: ResourceType, name: str) -> bool:
    """Say whether a resource of that name is in the snapshot or is referred to there."""
    return name in snapshot[row].resources or any(name in snapshot[each].mentioned(row) for each in REFERRERS[row])


def _show(name: Name) -> str:
    return f'{name[0].name} "{name[1]}"'
