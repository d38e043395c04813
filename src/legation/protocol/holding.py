"""Holding: what a client has of one type, as a reference to a shared collection and the few names that differ from it.

A thousand clients that hold a thousand clusters hold one collection and a thousand references to it. A holding knows
nothing of subscriptions: who asks it asks only for names that the client's subscription covers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from weakref import WeakValueDictionary

from legation.model.resource import EVERY, References, Resource, ends_at_once
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection, shift_digest, show_digest

_NOTHING: Mapping[str, Resource | None] = MappingProxyType({})


def same(one: Resource | None, other: Resource | None) -> bool:
    """Say whether both are the same content with the same TTL, or both nothing."""
    return one is other or (one is not None and other is not None and one.fingerprint == other.fingerprint)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Brought(Resource):
    """What a client brought along from another stream, known by its name alone: it is never sent."""


def brought(row: ResourceType, name: str, version: str = "") -> Brought:
    """Return what stands for a resource that nobody here knows: it may refer to anything.

    Args:
        row: Its type.
        name: Its name.
        version: Its version, which tells whether it lingers; empty where the client may not even have it.
    """
    ends = ends_at_once(version)
    return Brought(
        type=row, name=name, body=b"", version=version, references=_anything(row, routed=not ends), lingers=not ends
    )


@cache
def _anything(row: ResourceType, *, routed: bool) -> References:
    # Routes are for connections: what has none, a listener of datagrams, names no routes.
    return MappingProxyType({name: frozenset({EVERY}) for name in row.refers if routed or name != "RouteConfiguration"})


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Holding:
    """A collection, except for some names. Make it with `over`: all who hold just a collection share one."""

    base: Collection
    overlay: Mapping[str, Resource | None] = field(default_factory=lambda: _NOTHING)
    """Names that the client holds in another version than the base, or not at all (None), or besides it."""
    _claimants: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """Who in the overlay claims what: each that waits asks for it, and many may wait at a time."""

    def get(self, name: str) -> Resource | None:
        """Return what the client has under that name, or None."""
        if name in self.overlay:
            return self.overlay[name]
        return self.base.resources.get(name)

    def equals(self, other: Holding) -> bool:
        """Say whether both are the same collection with the same exceptions."""
        return self is other or (self.base is other.base and self.overlay == other.overlay)

    def but(self, changes: Mapping[str, Resource | None]) -> Holding:
        """Return this holding with other contents under some names."""
        return over(self.base, {**self.overlay, **changes}) if changes else self

    def unlike(self, target: Collection) -> Iterator[str]:
        """Yield each name, once, whose content here may be another than in the target."""
        yield from self.overlay
        if self.base is not target:
            difference = target.since(self.base)
            for names in (difference.changed, difference.removed):
                yield from (name for name in names if name not in self.overlay)

    @property
    def resources(self) -> Iterator[Resource]:
        """Everything that is held."""
        for name in {*self.base.resources, *self.overlay}:
            if (resource := self.get(name)) is not None:
                yield resource

    def mentioning(self, row: ResourceType, name: str) -> Iterator[str]:
        """Yield the names of what is held here and may use that resource of another type."""
        overlay = self.overlay
        for referrer in (*self.base.referrers(row, name), *self.base.referrers(row, EVERY)):
            if referrer not in overlay:
                yield referrer
        for referrer, resource in overlay.items():
            if resource is not None and resource.mentions(row, name):
                yield referrer

    def claiming(self, claim: str) -> Iterator[str]:
        """Yield the names of what is held here and claims that."""
        yield from (name for name in self.base.claimants(claim) if name not in self.overlay)
        if not self._claimants:
            for name, each in self.overlay.items():
                for own in each.claims if each is not None else ():
                    self._claimants[own] = (*self._claimants.get(own, ()), name)
        yield from self._claimants.get(claim, ())

    @property
    def version(self) -> str:
        """The version of exactly this content."""
        if not self.overlay:
            return self.base.version
        hidden = [self.base.resources[name] for name in self.overlay if name in self.base.resources]
        shown = [resource for resource in self.overlay.values() if resource is not None]
        return show_digest(shift_digest(self.base.digest, gone=hidden, come=shown))


def over(base: Collection, overlay: Mapping[str, Resource | None]) -> Holding:
    """Return the holding of the base except for the overlay, without the names that differ in nothing."""
    real = {name: resource for name, resource in overlay.items() if not same(resource, base.resources.get(name))}
    return Holding(base, real) if real else just(base)


_just: WeakValueDictionary[Collection, Holding] = WeakValueDictionary()


def just(base: Collection) -> Holding:
    """Return the holding of the base without exceptions: one for all who hold it."""
    holding = _just.get(base)
    if holding is None:
        holding = _just[base] = Holding(base)
    return holding
