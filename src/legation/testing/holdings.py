"""Holdings: what an Envoy has, what warms and what drains; which of it serves, and whether that can work."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from legation.model.resource import EVERY, Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LISTENER,
    RESOURCE_TYPES,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE,
    SECRET,
    ResourceType,
)
from legation.protocol.messages import DeltaResponse, Response

REMOVAL_IGNORED = frozenset({CLUSTER_LOAD_ASSIGNMENT, SECRET, ROUTE_CONFIGURATION})
"""Types whose `removed_resources` take nothing away from an Envoy that has the resource."""

HEALTH = (CLUSTER, "health checks")
"""What a cluster with health checks waits for besides its resources."""


@dataclass(frozen=True, slots=True)
class Warming:
    """A cluster or listener that does not serve yet, and what it waits for."""

    resource: Resource
    missing: frozenset[tuple[ResourceType, str]]


@dataclass(slots=True, kw_only=True)
class Holdings:
    """What one Envoy has."""

    static_clusters: frozenset[str] = frozenset()
    drains: bool = False
    used: dict[ResourceType, dict[str, Resource]] = field(default_factory=lambda: {row: {} for row in RESOURCE_TYPES})
    """What is in use: warm clusters and listeners, and all that came of the other types."""
    warming: dict[ResourceType, dict[str, Warming]] = field(default_factory=lambda: {CLUSTER: {}, LISTENER: {}})
    draining: tuple[Resource, ...] = ()
    """Listeners that were replaced or removed and have old connections still; one of UDP has none."""
    answered: frozenset[ResourceType] = frozenset()
    """The types of which a response came."""

    def knows(self, resource: Resource) -> bool:
        """Say whether it has exactly this resource, so that it would not look at it again."""
        newest = self._newest(resource.type, resource.name)
        return newest is not None and newest.version == resource.version

    def take(self, response: Response, good: Iterable[Resource], *, refused: frozenset[str]) -> list[Resource]:
        """Take what is good of a response and return the clusters and listeners that are new or changed."""
        row = response.type
        self.answered |= {row}
        self._found(row, EVERY)
        changed = []
        named = set(refused)
        for resource in good:
            named.add(resource.name)
            if row not in self.warming:
                self.used[row][resource.name] = resource
            elif not self.knows(resource):
                self.warming[row][resource.name] = Warming(resource, frozenset(self._needs(resource)))
                changed.append(resource)
            self._found(row, resource.name)
        if isinstance(response, DeltaResponse):
            self._remove(row, response.removed)
        elif row.full_state:
            # In state of the world absence is deletion for these types.
            self._remove(row, {*self.used[row], *self.warming.get(row, ())} - named)
        return changed

    def crowded_out(self, response: Response, news: Iterable[Resource]) -> Iterator[str]:
        """Yield the names of those that are new on an address which another listener has and keeps."""
        if isinstance(response, DeltaResponse):
            gone = frozenset(response.removed)
        else:
            gone = frozenset({*self.used[LISTENER], *self.warming[LISTENER]}).difference(each.name for each in news)
        taken: dict[str, str] = {}
        for resource in (*self.used[LISTENER].values(), *(each.resource for each in self.warming[LISTENER].values())):
            if resource.name not in gone:
                taken |= dict.fromkeys(resource.claims, resource.name)
        for resource in news:
            if self.knows(resource):
                continue
            if any(taken.get(claim, resource.name) != resource.name for claim in resource.claims):
                yield resource.name
            else:
                taken |= dict.fromkeys(resource.claims, resource.name)

    def refuse(self, row: ResourceType) -> None:
        """Take nothing of a response: whatever waits for that type goes on without, as a start must not hang."""
        self.answered |= {row}
        for waiting in self.warming.values():
            for name, each in waiting.items():
                kept = frozenset(need for need in each.missing if need[0] is not row or need == HEALTH)
                waiting[name] = replace(each, missing=kept)

    def settle(self) -> None:
        """Put into service what is warm; listeners that it takes the place of begin to drain."""
        for row, waiting in self.warming.items():
            for name in [name for name, each in waiting.items() if not each.missing]:
                self._retire(row, name)
                self.used[row][name] = waiting.pop(name).resource

    def checking(self) -> tuple[Resource, ...]:
        """Return the clusters that wait for nothing but their first health checks."""
        return tuple(each.resource for each in self.warming[CLUSTER].values() if each.missing == {HEALTH})

    def finish_health_checks(self, names: Container[str] | None = None) -> None:
        """The first health checks of these warming clusters, or of all, are done."""
        for name, each in self.warming[CLUSTER].items():
            if names is None or name in names:
                self.warming[CLUSTER][name] = replace(each, missing=each.missing - {HEALTH})

    def give_up_waiting(self, row: ResourceType | None = None) -> None:
        """Let everything that warms, or that of one type, serve with what it has."""
        for each_row, waiting in self.warming.items():
            for name, each in waiting.items() if row in {None, each_row} else ():
                waiting[name] = replace(each, missing=frozenset())

    def waits_for(self, row: ResourceType) -> frozenset[tuple[ResourceType, str]]:
        """Return what something of that type waits for that warms."""
        return frozenset().union(*(each.missing for each in self.warming[row].values()))

    def wanted(self, row: ResourceType) -> frozenset[str]:
        """Return the names of a type that something refers to which is in use, warms or drains."""
        return frozenset(name for each in self._living() for name in each.refers_to(row)) - {EVERY}

    def forget(self, row: ResourceType, *, but: frozenset[str]) -> None:
        """Drop what is not asked for any more."""
        self.used[row] = {name: resource for name, resource in self.used[row].items() if name in but}

    def violations(self) -> list[str]:
        """Return what serves and lacks something without which requests fail."""
        found: list[str] = []
        for user in self.users():
            for row in (ROUTE_CONFIGURATION, CLUSTER, CLUSTER_LOAD_ASSIGNMENT):
                missing = user.refers_to(row) - {EVERY} - self.used[row].keys()
                if row is CLUSTER:
                    missing -= self.static_clusters
                found += [f"{user.type.name} {user.name} ({user.version}) lacks {row.name} {name}" for name in missing]
        return sorted(found)

    def serving(self, row: ResourceType) -> frozenset[str]:
        """Return the names of that type that requests may pass through."""
        return frozenset(each.name for each in self.users() if each.type is row)

    def copy(self) -> Holdings:
        """Return an independent copy; the resources are shared."""
        return replace(
            self,
            used={row: dict(names) for row, names in self.used.items()},
            warming={row: dict(names) for row, names in self.warming.items()},
        )

    def key(self) -> Hashable:
        """Return what tells two states apart."""
        return (
            tuple(tuple(sorted((n, r.version) for n, r in names.items())) for names in self.used.values()),
            tuple(
                tuple(
                    sorted(
                        (n, w.resource.version, tuple(sorted((row.name, need) for row, need in w.missing)))
                        for n, w in names.items()
                    )
                )
                for names in self.warming.values()
            ),
            tuple((each.name, each.version) for each in self.draining),
            frozenset(row.name for row in self.answered),
        )

    def users(self) -> list[Resource]:
        """Return what requests pass through: listeners and all that is in use and reached from them."""
        reached = dict.fromkeys((*self.used[LISTENER].values(), *self.draining))
        for row in (SCOPED_ROUTE, ROUTE_CONFIGURATION, CLUSTER):
            names = {name for each in reached for name in each.refers_to(row)}
            every = EVERY in names or (row is SCOPED_ROUTE and bool(names))
            reached |= dict.fromkeys(each for name, each in self.used[row].items() if every or name in names)
        return list(reached)

    def _newest(self, row: ResourceType, name: str) -> Resource | None:
        waiting = self.warming.get(row, {}).get(name)
        return self.used[row].get(name) if waiting is None else waiting.resource

    def _needs(self, resource: Resource) -> Iterator[tuple[ResourceType, str]]:
        # A cluster is built anew and needs its endpoints anew; routes, secrets and extensions are shared if known.
        if resource.warms_within:
            yield HEALTH
        for name in resource.refers_to(CLUSTER_LOAD_ASSIGNMENT):
            yield CLUSTER_LOAD_ASSIGNMENT, name
        for row in (SECRET, EXTENSION_CONFIG, ROUTE_CONFIGURATION):
            for name in resource.refers_to(row) - {EVERY} - self.used[row].keys():
                yield row, name
        if resource.refers_to(SCOPED_ROUTE) and SCOPED_ROUTE not in self.answered:
            yield SCOPED_ROUTE, EVERY

    def _found(self, row: ResourceType, name: str) -> None:
        for waiting in self.warming.values():
            for waiter, each in waiting.items():
                if (row, name) in each.missing:
                    waiting[waiter] = replace(each, missing=each.missing - {(row, name)})

    def _remove(self, row: ResourceType, names: Iterable[str]) -> None:
        for name in names:
            if row is not ROUTE_CONFIGURATION:
                self._found(row, name)  # told that there is none, it serves without
            if row not in REMOVAL_IGNORED:
                self._retire(row, name)
                self.used[row].pop(name, None)
            self.warming.get(row, {}).pop(name, None)

    def _retire(self, row: ResourceType, name: str) -> None:
        old = self.used[row].get(name)
        if self.drains and row.drains and old is not None and old.lingers:
            self.draining += (old,)

    def _living(self) -> Iterator[Resource]:
        yield from self.draining
        for waiting in self.warming.values():
            yield from (each.resource for each in waiting.values())
        for names in self.used.values():
            yield from names.values()
