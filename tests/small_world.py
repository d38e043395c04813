"""Resources without protobuf, for tests of the machines: a name, a version and what it refers to."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from legation.model.objects import ObjectKey
from legation.model.resource import Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    ResourceType,
)
from legation.model.snapshot import Snapshot, collect


@cache
def resource(
    row: ResourceType,
    name: str,
    version: int | str = 1,
    refers: tuple[tuple[ResourceType, tuple[str, ...]], ...] = (),
    *,
    claims: tuple[str, ...] = (),
    warms_within: float = 0.0,
    lingers: bool = True,
    ttl: float | None = None,
) -> Resource:
    """Return the one resource of that name, version, references, claims and TTL."""
    references = {other.name: frozenset(names) for other, names in refers}
    body = f"{name}@{version}".encode()
    # The version of a real resource tells its references; these have an origin that does, so that no two tests share a
    # collection whose members differ in them.
    origin = ObjectKey(
        "test",
        row.name,
        "default",
        f"{name} {sorted((o.name, n) for o, n in refers)} {claims} {warms_within} {lingers}",
    )
    return Resource(
        type=row,
        name=name,
        body=body,
        version=str(version),
        references=references,
        claims=claims,
        warms_within=warms_within,
        lingers=lingers,
        origin=origin,
        ttl=ttl,
    )


def cluster(name: str, version: int | str = 1, *, warms_within: float = 0.0) -> Resource:
    """Return a cluster whose endpoints come by EDS, and which has health checks if they take any time."""
    return resource(CLUSTER, name, version, ((CLUSTER_LOAD_ASSIGNMENT, (name,)),), warms_within=warms_within)


def static_cluster(name: str, version: int | str = 1, *, warms_within: float = 0.0) -> Resource:
    """Return a cluster with its endpoints in itself."""
    return resource(CLUSTER, name, version, warms_within=warms_within)


def endpoints(name: str, version: int | str = 1) -> Resource:
    """Return the endpoints of a cluster."""
    return resource(CLUSTER_LOAD_ASSIGNMENT, name, version)


def listener(
    name: str,
    version: int | str = 1,
    *,
    routes: Iterable[str] = (),
    clusters: Iterable[str] = (),
    claims: tuple[str, ...] = (),
) -> Resource:
    """Return a listener that takes its routes by RDS, or names clusters itself; its claims are addresses."""
    refers = ((ROUTE_CONFIGURATION, tuple(routes)), (CLUSTER, tuple(clusters)))
    return resource(LISTENER, name, version, tuple(each for each in refers if each[1]), claims=claims)


def udp_listener(name: str, version: int | str = 1, *, clusters: Iterable[str]) -> Resource:
    """Return a listener that names clusters and does not linger."""
    return resource(LISTENER, name, version, ((CLUSTER, tuple(clusters)),), lingers=False)


def route(name: str, version: int | str = 1, clusters: Iterable[str] = ()) -> Resource:
    """Return a route configuration that names clusters."""
    return resource(ROUTE_CONFIGURATION, name, version, ((CLUSTER, tuple(clusters)),))


def snapshot(*resources: Resource, incomplete: Iterable[ResourceType] = ()) -> Snapshot:
    """Return the snapshot of these resources."""
    rows = dict.fromkeys(each.type for each in resources)
    return Snapshot.of(
        [collect(row, [each for each in resources if each.type is row]) for row in rows],
        incomplete=frozenset(incomplete),
    )
