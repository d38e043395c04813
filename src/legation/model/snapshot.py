"""Collection and Snapshot: what one group of Envoys gets, as frozen values addressed by content.

Equal content is the same Python object: `collect` and `Snapshot.of` intern what they build. So "nothing changed" is an
`is` test, and what is derived from a collection (its index of references, its difference to another, the bytes that a
transport makes of it) is derived once for every Envoy that gets it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from weakref import WeakKeyDictionary, WeakValueDictionary

from legation.model.mentions import claims, followed, index_of, mentions
from legation.model.resource import DIGEST_BITS, Resource
from legation.model.resource_types import RESOURCE_TYPES, ResourceType


def show_digest(digest: int) -> str:
    """Return a digest as the version that goes over the wire."""
    return f"{digest:0{DIGEST_BITS // 4}x}"


def shift_digest(digest: int, *, gone: Iterable[Resource] = (), come: Iterable[Resource] = ()) -> int:
    """Return the digest of the content after some resources left it and others joined.

    A digest is the sum of its members' fingerprints, so it can follow a change without a look at what stayed.
    """
    total = digest + sum(each.fingerprint for each in come) - sum(each.fingerprint for each in gone)
    return total % (1 << DIGEST_BITS)


def size_of(resources: Iterable[Resource]) -> int:
    """Return about how many bytes the resources take in a response."""
    return sum(each.size for each in resources)


def first_portion(resources: Mapping[str, Resource], limit: int) -> dict[str, Resource]:
    """Return the first of these resources, as many as so many bytes have room for, and one at least."""
    portion: dict[str, Resource] = {}
    for name, resource in resources.items():
        limit -= resource.size
        if portion and limit < 0:
            break
        portion[name] = resource
    return portion


@dataclass(frozen=True, slots=True)
class Difference:
    """What turns one collection into another."""

    changed: Mapping[str, Resource]
    """What is new, or has another version or TTL, in the order of the new collection."""
    removed: tuple[str, ...]
    """Names that are gone."""
    size: int
    """About how many bytes the changed resources take in a response."""

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed)


_IMMORTAL: Mapping[str, Resource] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Collection:
    """All resources of one type that one group gets. Make it with `collect`."""

    type: ResourceType
    resources: Mapping[str, Resource] = field(repr=False)
    """Sorted by name."""
    digest: int
    version: str
    """The digest as text, or the caller's own version."""
    mortal: Mapping[str, Resource] = field(default_factory=lambda: _IMMORTAL, repr=False)
    """Those that have a TTL."""
    _claimants: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    _referrers: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict, repr=False)
    """Short name of a type -> what is mentioned of it -> by whom here."""
    _differences: WeakKeyDictionary[Collection, Difference] = field(default_factory=WeakKeyDictionary, repr=False)
    _portions: dict[int, tuple[Collection, ...]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.resources)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources.values())

    def get(self, name: str) -> Resource | None:
        """Return the named resource, or None."""
        return self.resources.get(name)

    def referrers(self, row: ResourceType, name: str) -> tuple[str, ...]:
        """Return the names of the resources here that mention that resource of another type.

        The index is built at the first question, O(all references), and shared; those that mention every name are
        found under EVERY.
        """
        return self._index(row).get(name, ())

    def claimants(self, claim: str) -> tuple[str, ...]:
        """Return the names of the resources here that claim that. The index is built at the first question."""
        if not self._claimants:
            self._claimants.update(index_of(claims(self)))
        return self._claimants.get(claim, ())

    def mentioned(self, row: ResourceType) -> Iterable[str]:
        """Return what the resources here mention of another type, as `referrers` knows it; EVERY may be in it."""
        return self._index(row).keys()

    def refers_to(self, row: ResourceType) -> bool:
        """Say whether anything here mentions any resource of that type."""
        return bool(self._index(row))

    def _index(self, row: ResourceType) -> dict[str, tuple[str, ...]]:
        if not self._referrers:
            named = {type_name for resource in self for type_name in resource.references}
            self._referrers.update(
                {
                    each.name: index_of(mentions(self, each.name)) if each.name in named else {}
                    for each in RESOURCE_TYPES
                }
            )
        return self._referrers[row.name]

    def portion(self, members: Mapping[str, Resource], limit: int) -> Collection | None:
        """Return these members as a collection, if they are one of the portions that this one falls into by itself.

        Args:
            members: Resources by name.
            limit: How many bytes a portion may have, as in `first_portion`.
        """
        portions = self._portions.get(limit)
        if portions is None:
            portions = self._portions[limit] = tuple(self._divide(limit))
        return next((each for each in portions if each.resources == members), None)

    def _divide(self, limit: int) -> Iterator[Collection]:
        rest = dict(self.resources)
        while rest:
            portion = first_portion(rest, limit)
            yield collect(self.type, portion.values())
            for name in portion:
                del rest[name]

    def since(self, earlier: Collection) -> Difference:
        """Return what changed since the earlier collection; O(all) at the first question, remembered for the pair."""
        difference = self._differences.get(earlier)
        if difference is None:
            difference = self._differences[earlier] = self._difference(earlier.resources)
        return difference

    def note_difference(self, earlier: Collection, changed: Mapping[str, Resource], removed: tuple[str, ...]) -> None:
        """Take from who made this one of the earlier one what changed, so that nobody has to look for it."""
        self._differences.setdefault(
            earlier,
            Difference(changed=MappingProxyType(dict(changed)), removed=removed, size=size_of(changed.values())),
        )

    def note_indexes(self, earlier: Collection, gone: Sequence[Resource], come: Sequence[Resource]) -> None:
        """Take over what an earlier collection found out about who mentions and who claims what.

        Args:
            earlier: The collection that this one was made of.
            gone: Its members that are not here.
            come: The members that were not there.
        """
        if earlier._referrers and not self._referrers:
            for row, index in earlier._referrers.items():
                self._referrers[row] = followed(index, gone=mentions(gone, row), come=mentions(come, row))
        if earlier._claimants and not self._claimants:
            self._claimants.update(followed(earlier._claimants, gone=claims(gone), come=claims(come)))

    def _difference(self, before: Mapping[str, Resource]) -> Difference:
        changed = {
            name: resource
            for name, resource in self.resources.items()
            if (old := before.get(name)) is not resource and (old is None or old.fingerprint != resource.fingerprint)
        }
        return Difference(
            changed=MappingProxyType(changed),
            removed=tuple(name for name in before if name not in self.resources),
            size=size_of(changed.values()),
        )


_collections: WeakValueDictionary[tuple[ResourceType, int, int, str], Collection] = WeakValueDictionary()
_snapshots: WeakValueDictionary[tuple[object, ...], Snapshot] = WeakValueDictionary()


def collect(row: ResourceType, resources: Iterable[Resource] = (), *, version: str = "") -> Collection:
    """Return the collection of these resources: the one that exists already if there is one with the same content.

    Args:
        row: The type of all of them.
        resources: In any order; no name twice.
        version: The caller's own version in place of the content's.
    """
    members = {resource.name: resource for resource in sorted(resources, key=lambda each: each.name)}
    return _interned(row, members, shift_digest(0, come=members.values()), version)


def revise(collection: Collection, changed: Mapping[str, Resource], removed: Iterable[str] = ()) -> Collection:
    """Return the collection with some members in place of others, at the price of what changed and one copy.

    Args:
        collection: The one before; its version must be that of its content.
        changed: New members by name; also those that take the place of one of that name.
        removed: Names of members that go, none of them in `changed`.
    """
    before = collection.resources
    # In the order of the collections, so that every replica tells a change in the same order.
    gone = tuple(sorted({name for name in removed if name in before}))
    come = {name: changed[name] for name in sorted(changed) if before.get(name) is not changed[name]}
    if not gone and not come:
        return collection
    members = MappingProxyType(before) | come
    for name in gone:
        del members[name]
    if not come.keys() <= before.keys():
        members = dict(sorted(members.items()))
    left = [*(before[name] for name in gone), *(before[name] for name in come if name in before)]
    digest = shift_digest(collection.digest, gone=left, come=come.values())
    revised = _interned(collection.type, members, digest, "")
    differs = {
        name: each for name, each in come.items() if name not in before or before[name].fingerprint != each.fingerprint
    }
    revised.note_difference(collection, differs, gone)
    revised.note_indexes(collection, left, [*come.values()])
    return revised


def _interned(row: ResourceType, members: dict[str, Resource], digest: int, version: str) -> Collection:
    version = version or show_digest(digest)
    # Origins are no content: they tell whom to blame, and must be as fresh as the newest read.
    origins = hash(tuple(resource.origin for resource in members.values()))
    key = (row, digest, origins, version)
    found = _collections.get(key)
    if found is None:
        mortal = {each.name: each for each in members.values() if each.ttl is not None}
        found = Collection(
            type=row,
            resources=MappingProxyType(members),
            digest=digest,
            version=version,
            mortal=MappingProxyType(mortal) if mortal else _IMMORTAL,
        )
        _collections[key] = found
    return found


EMPTY: Mapping[ResourceType, Collection] = MappingProxyType({row: collect(row) for row in RESOURCE_TYPES})
"""The empty collection of each type."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Snapshot:
    """What one group of Envoys gets: one collection for each type. Make it with `Snapshot.of`."""

    collections: Mapping[ResourceType, Collection]
    incomplete: frozenset[ResourceType] = frozenset()
    """Types of which something may be missing: an object that could hold such a resource is broken and nobody knows a
    good version of it. What a client brought along of such a type must not be removed for being missing here."""

    @staticmethod
    def of(collections: Iterable[Collection] = (), *, incomplete: frozenset[ResourceType] = frozenset()) -> Snapshot:
        """Return the snapshot of these collections (types left out are empty): the existing one if there is one."""
        merged = {**EMPTY, **{each.type: each for each in collections}}
        key = (incomplete, *(id(each) for each in merged.values()))
        found = _snapshots.get(key)
        if found is None:
            found = _snapshots[key] = Snapshot(collections=MappingProxyType(merged), incomplete=incomplete)
        return found

    def __getitem__(self, row: ResourceType) -> Collection:
        return self.collections[row]

    def get(self, row: ResourceType, name: str) -> Resource | None:
        """Return the named resource of that type, or None."""
        return self.collections[row].resources.get(name)
