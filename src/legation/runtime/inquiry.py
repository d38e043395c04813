"""Answers to who asks where things come from and who has them: what is served, joined with what Envoys said.

It refuses to know how answers are shown. Nothing here waits; what may be long is an iterator, so that whoever shows it
can give others their turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from heapq import nsmallest

from legation.model.node import Node, Workload
from legation.model.objects import ObjectKey
from legation.model.resource import Name, Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Snapshot
from legation.model.trail import (
    SHOWN_ENVOYS,
    AskedNode,
    Blamed,
    Chosen,
    EnvoyRefusal,
    KnownEnvoy,
    NodeResources,
    SentResource,
    SentState,
    SentTo,
    Spread,
    Traced,
    TracedObject,
    Wanted,
    any_object,
    every,
)
from legation.runtime.account import Account, Standing
from legation.runtime.trail import Trail
from legation.transports.base import Refusal

_STATES = {
    Standing.ACCEPTED: SentState.ACCEPTED,
    Standing.REFUSED: SentState.REFUSED,
    Standing.WAITING: SentState.WAITING,
}


class Inquiry:
    """The answers of one server."""

    def __init__(self, trail: Callable[[], Trail], *, accounts: Callable[[], Iterable[Account]]) -> None:
        """Take where answers come from.

        Args:
            trail: Returns what is served now.
            accounts: Returns what every connected Envoy said.
        """
        self._trail = trail
        self._accounts = accounts

    def objects(self, wanted: Wanted = any_object) -> Iterator[TracedObject]:
        """Yield the objects that are wanted."""
        return self._trail().traced_objects(wanted)

    def resources(self, chosen: Chosen = every) -> Iterator[Traced]:
        """Yield the chosen resources of every object."""
        return self._trail().traced_items(chosen)

    def of_node(self, asked: AskedNode, chosen: Chosen = every) -> NodeResources | str:
        """Return what an Envoy gets, or would get; or why nobody can say that."""
        trail = self._trail()
        account = None if asked.labels or asked.namespace else self._account(asked.id)
        if account is not None and account.place.snapshot is not None:
            workload = self._workload(trail, account.node)
            namespace = workload.namespace if workload else ""
            return NodeResources(
                group=account.place.group,
                workload=workload,
                connected=True,
                resources=trail.traced(account.place.snapshot, namespace, chosen),
            )
        try:
            workload = (
                Workload(namespace=asked.namespace, labels=frozenset(asked.labels.items()))
                if asked.namespace
                else trail.workload_of(Node(id=asked.id, metadata={"labels": dict(asked.labels)}))
            )
        except Refusal as refusal:
            return str(refusal)
        if workload is None:
            return f"nobody knows a Pod for the node id {asked.id!r}: say its namespace, and its labels"
        snapshot = trail.snapshot(workload)
        if snapshot is None:
            return "not all sources are read yet"
        return NodeResources(
            group=trail.group_of(workload),
            workload=workload,
            connected=False,
            resources=trail.traced(snapshot, workload.namespace, chosen),
        )

    def envoys(self) -> Iterator[KnownEnvoy]:
        """Yield the Envoys that are connected, by node id."""
        trail = self._trail()
        return (self._envoy(trail, each) for each in sorted(self._accounts(), key=_by_node))

    def sent(self, node_id: str, chosen: Chosen = every) -> Iterator[SentTo]:
        """Yield what the Envoys of a node id were sent: more than one where several say that they are the same."""
        trail = self._trail()
        for account in sorted(self._accounts(), key=_by_node):
            if account.node.id == node_id:
                envoy = self._envoy(trail, account)
                namespace = envoy.workload.namespace if envoy.workload else ""
                yield SentTo(
                    envoy=envoy,
                    connected_for=account.connected_for,
                    resources=_sent(trail, account, namespace, chosen),
                )

    def blame_resource(self, row: ResourceType, name: str) -> Iterator[Blamed]:
        """Yield the resources of that name: one for each object that makes it, and what Envoys have though it left."""
        trail = self._trail()
        accounts = tuple(self._accounts())
        # An object that is for many namespaces has one resource in all of them, and its Envoys are counted together.
        found = {(each.resource.origin, each.resource.version): each for each in trail.named(row, name)}
        for traced in found.values():
            yield Blamed(type=row, name=name, traced=traced, spread=_spread(accounts, traced.resource, row, name))
        if not found:
            spread = _spread(accounts, None, row, name)
            if spread.concerned:
                yield Blamed(type=row, name=name, traced=None, spread=spread)

    def blame_object(self, kind: str, namespace: str, name: str) -> Iterator[tuple[TracedObject, Iterator[Blamed]]]:
        """Yield the objects of that kind and name, each with what is made of it or amended by it.

        Args:
            kind: In whatever case.
            namespace: Empty for any.
            name: The name.
        """
        trail = self._trail()
        for key in sorted(trail.objects):
            if key.kind.casefold() == kind.casefold() and key.name == name and namespace in {"", key.namespace}:
                yield trail.traced_object(key), self._blamed_on(trail, key)

    def _blamed_on(self, trail: Trail, key: ObjectKey) -> Iterator[Blamed]:
        accounts = tuple(self._accounts())
        seen: set[tuple[Name, str]] = set()
        items = (item for item in trail.made.get(key, ()))
        for each in items:
            name = (each.resource.type, each.resource.name)
            if (name, each.resource.version) not in seen:
                seen.add((name, each.resource.version))
                traced = trail.trace(each.resource, each.scope.namespace, exactly=True)
                yield Blamed(type=name[0], name=name[1], traced=traced, spread=_spread(accounts, each.resource, *name))
        for row, called in sorted(trail.met.get(key, ()), key=lambda it: (it[0].order, it[1])):
            for traced in trail.named(row, called):
                if key in traced.amended_by:
                    spread = _spread(accounts, traced.resource, row, called)
                    yield Blamed(type=row, name=called, traced=traced, spread=spread)

    def _account(self, node_id: str) -> Account | None:
        return next((each for each in self._accounts() if each.node.id == node_id), None)

    def _envoy(self, trail: Trail, account: Account) -> KnownEnvoy:
        return KnownEnvoy(
            node=account.node,
            peer=account.peer,
            group=account.place.group,
            waits=account.place.snapshot is None,
            workload=self._workload(trail, account.node),
        )

    def _workload(self, trail: Trail, node: Node) -> Workload | None:
        try:
            return trail.workload_of(node)
        except Refusal:
            return None


def _by_node(account: Account) -> tuple[str, str]:
    return account.node.id, account.peer.address


def _sent(trail: Trail, account: Account, namespace: str, chosen: Chosen) -> Iterator[SentResource]:
    """Yield what an Envoy asked for and is to get, and what it holds and is to lose."""
    snapshot = account.place.snapshot
    refused = {(each.type, each.name): each for each in account.refused()}
    for row in account.asked_types():
        wanted = {} if snapshot is None else snapshot[row].resources
        for name, resource in wanted.items():
            standing = account.standing(row, name) if chosen(row.name, name) else Standing.UNCONCERNED
            if standing is Standing.UNCONCERNED:
                continue
            said = refused.get((row, name))
            yield SentResource(
                type=row,
                name=name,
                state=_STATES[standing],
                wanted=trail.trace(resource, namespace),
                held=account.client.accepted(row, name),
                sent=account.client.sent(row, name),
                since=account.accepted_ago(row, name),
                words=said.words if said is not None else "",
                origin=resource.origin,
            )
        for name in tuple(account.place.leaving(row)):
            held = account.client.accepted(row, name)
            if held is not None and name not in wanted and chosen(row.name, name):
                yield SentResource(
                    type=row,
                    name=name,
                    state=SentState.LEAVING,
                    wanted=None,
                    held=held,
                    sent=account.client.sent(row, name),
                    since=account.accepted_ago(row, name),
                    origin=held.origin,
                )


def _spread(accounts: Iterable[Account], resource: Resource | None, row: ResourceType, name: str) -> Spread:
    """Return which Envoys have a resource: of those that are to get it, and that have it though they get another.

    Args:
        accounts: Every Envoy.
        resource: The one that matters; None: whatever they hold of that name, which nothing makes any more.
        row: Its type.
        name: Its name.
    """
    versions: Counter[str] = Counter()
    concerned = accepted = refused = 0
    refusals: list[EnvoyRefusal] = []
    behind: list[str] = []
    for account in accounts:
        wanted = _wanted(account.place.snapshot, row, name)
        if not _concerns(account, wanted, resource, row, name):
            continue
        concerned += 1
        held = account.client.accepted(row, name)
        versions["" if held is None else held.version] += 1
        standing = account.standing(row, name)
        if standing is Standing.ACCEPTED:
            accepted += 1
            continue
        behind.append(account.node.id)
        if standing is Standing.REFUSED:
            refused += 1
            said = next((each for each in account.refused(row) if each.name == name), None)
            if said is not None:
                refusals.append(EnvoyRefusal(node=account.node.id, version=said.version, words=said.words))
    return Spread(
        concerned=concerned,
        accepted=accepted,
        refused=refused,
        versions=dict(versions.most_common()),
        refusals=tuple(nsmallest(SHOWN_ENVOYS, refusals, key=lambda each: each.node)),
        behind=tuple(nsmallest(SHOWN_ENVOYS, behind)),
    )


def _wanted(snapshot: Snapshot | None, row: ResourceType, name: str) -> Resource | None:
    return None if snapshot is None else snapshot.get(row, name)


def _concerns(
    account: Account, wanted: Resource | None, resource: Resource | None, row: ResourceType, name: str
) -> bool:
    if resource is None:
        return wanted is None and account.client.accepted(row, name) is not None
    if wanted is None or (wanted.origin, wanted.version) != (resource.origin, resource.version):
        return False
    return account.standing(row, name) is not Standing.UNCONCERNED
