"""The source: watches all that the readers ask for, and publishes what they make of it.

Nothing is published before everything was listed once. After that nothing but the API server's own word takes anything
away: while it cannot be reached, what was known stays, and that is told as a problem.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from legation.clock import Clock, MonotonicClock, set_or
from legation.kube.client import Client
from legation.kube.connection import Connection
from legation.kube.outages import Outages, in_short
from legation.kube.reflector import Reflector
from legation.kube.watch import Change, Unreadable, WatchPolicy
from legation.model.api_kinds import ApiKind
from legation.model.cluster import Cluster, NamespacedName, Pod
from legation.model.objects import FieldPath, ObjectKey, Place
from legation.model.problems import Problem
from legation.sources.base import Inputs, SourceState
from legation.sources.kubernetes.base import PartReader, Reader, Watched
from legation.sources.kubernetes.grants import GrantReader
from legation.sources.kubernetes.manifests import ManifestReader
from legation.sources.kubernetes.pods import PodReader
from legation.sources.kubernetes.secrets import SecretReader
from legation.sources.kubernetes.services import ServiceReader

LISTS_AT_ONCE = 4
"""Pages of lists that are asked for at a time."""


class KubernetesSource:
    """Objects, Pods, Services and Secrets of a cluster. Fulfils `sources.base.Source`."""

    def __init__(
        self,
        connection: Connection,
        *,
        kinds: Iterable[ApiKind],
        namespaces: tuple[str, ...] = (),
        selector: str = "",
        named: Mapping[ApiKind, Sequence[NamespacedName]] = MappingProxyType({}),
        parts: bool = True,
        policy: WatchPolicy | None = None,
        secrets: bool = False,
        secrets_needed: bool = True,
        secret_namespaces: tuple[str, ...] = (),
        authority: str = "",
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take what to read; nothing is asked yet.

        Args:
            connection: How to reach the API server.
            kinds: The kinds of objects that somebody understands.
            namespaces: What is read; empty for all, which takes a ClusterRole.
            selector: Labels that those objects must have, as the API writes them; empty for all objects.
            named: Kinds of which some objects alone are read.
            parts: Whether Pods, Services and what else is no object of those kinds are read.
            policy: How patient the watches are.
            secrets: Whether Secrets are read.
            secrets_needed: Whether nothing is published before they are; else to be forbidden to read them is told, and
                that is all.
            secret_namespaces: Where; empty for `namespaces`.
            authority: The ConfigMap that Pods want who trust this server; empty: nobody asks.
            clock: What pauses are measured by.
            chance: Returns random numbers, 0 <= x < 1.
        """
        self._client = Client(connection)
        self._clock = clock or MonotonicClock()
        self._chance = chance
        self._policy = policy or WatchPolicy()
        self._manifests = ManifestReader(kinds, namespaces=namespaces, selector=selector, named=named)
        self._pods = PodReader(namespaces=namespaces, authority=authority)
        self._parts: tuple[PartReader, ...] = (
            *((self._pods, ServiceReader(namespaces=namespaces), GrantReader(namespaces=namespaces)) if parts else ()),
            *((SecretReader(namespaces=secret_namespaces or namespaces),) if secrets else ()),
        )
        self._needed = {each for each in self._parts if secrets_needed or not isinstance(each, SecretReader)}
        self._turn = asyncio.Semaphore(LISTS_AT_ONCE)
        self._news = asyncio.Event()
        self._changed: set[Reader] = set()
        self._reflectors: Mapping[Reader, tuple[Reflector[Any], ...]] = {
            each: self._reflect(each) for each in (self._manifests, *self._parts)
        }
        self._outages = Outages(self._each_reflector())
        self._state = SourceState()

    @property
    def name(self) -> str:
        """A short name for logs and problems."""
        return f"cluster {self._client.server}"

    @property
    def missing(self) -> tuple[str, ...]:
        """What has not been listed yet, and why."""
        return tuple(in_short(each.missing for each in self._awaited() if each.missing))

    @property
    def pods(self) -> Mapping[str, Pod]:
        """Every Pod that is known, under its two node ids; another object where one of them is another."""
        return self._state.cluster.pods if self._state.cluster is not None else MappingProxyType({})

    def observed(self, key: ObjectKey) -> Mapping[str, Any] | None:
        """Return the status that an object was last seen with; None if it has none."""
        return self._manifests.status(key)

    def locate(self, place: Place | None, path: FieldPath) -> Place | None:
        """Return the place: objects of a cluster stand in no file."""
        del path
        return place

    async def run(self, inputs: Inputs) -> None:
        """Publish what the cluster holds, until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for each in self._each_reflector():
                    tasks.create_task(each.run())
                tasks.create_task(self._publish(inputs))
        finally:
            await self._client.aclose()

    def _each_reflector(self) -> Iterator[Reflector[Any]]:
        return (each for reflectors in self._reflectors.values() for each in reflectors)

    def _awaited(self) -> Iterator[Reflector[Any]]:
        """Yield what has to be listed before anything is published."""
        for reader, reflectors in self._reflectors.items():
            needed = reader is self._manifests or reader in self._needed
            for each in reflectors:
                if not each.synced and (needed or each.missing is None or not each.missing.forbidden):
                    yield each

    def _reflect(self, reader: Reader) -> tuple[Reflector[Any], ...]:
        return tuple(
            self._reflector(reader, watched, namespace)
            for watched in reader.watched
            for namespace in (watched.namespaces or ("",))
        )

    def _reflector(self, reader: Reader, watched: Watched, namespace: str) -> Reflector[Any]:
        def changed(changes: Sequence[Change[Any]]) -> None:
            readable = [each for each in changes if not isinstance(each, Unreadable)]
            if readable and watched.take(readable):
                self._changed.add(reader)
            self._news.set()

        return Reflector(
            self._client,
            watched.kind,
            decode=watched.decode,
            changed=changed,
            clock=self._clock,
            chance=self._chance,
            namespace=namespace,
            label_selector=watched.label_selector,
            field_selector=watched.field_selector,
            turn=self._turn,
            policy=self._policy,
        )

    async def _publish(self, inputs: Inputs) -> None:
        begun = False
        while True:
            await set_or(self._news, self._outages.next_due(self._clock.now()), clock=self._clock)
            self._news.clear()
            self._outages.look(self._clock.now())
            if any(self._awaited()):
                inputs.blocked(self._outages.problems(self._clock.now()))
                continue
            state = self._newest(begun=begun)
            if state is not self._state or not begun:
                self._state, begun = state, True
                inputs.publish(state)

    def _newest(self, *, begun: bool) -> SourceState:
        """Return the newest state; the one before if it is the same. Parts that did not change are taken over."""
        before, changed = self._state, self._changed
        self._changed = set()
        problems = tuple(self._problems())
        pods_current = all(each.current for each in self._reflectors.get(self._pods, ()))
        cluster = before.cluster
        if self._parts and (cluster is None or changed - {self._manifests} or cluster.pods_current is not pods_current):
            cluster = self._cluster(cluster, changed, pods_current=pods_current)
        objects = before.objects
        if not begun or self._manifests in changed:
            objects = MappingProxyType(self._manifests.objects())
        if cluster is before.cluster and objects is before.objects and problems == before.problems:
            return before
        return SourceState(objects=objects, problems=problems, cluster=cluster)

    def _cluster(self, before: Cluster | None, changed: set[Reader], *, pods_current: bool) -> Cluster:
        cluster = replace(Cluster() if before is None else before, pods_current=pods_current)
        for each in self._parts:
            if before is None or each in changed:
                cluster = each.apply(cluster)
        return cluster

    def _problems(self) -> Iterator[Problem]:
        """Tell what is not read as it should be."""
        yield from self._outages.problems(self._clock.now())
        for each in self._each_reflector():
            for key, words in each.unreadable.items():
                yield Problem(
                    code="unreadable-object",
                    object=ObjectKey(each.kind.group, each.kind.kind, key.namespace, key.name),
                    message=f"it is not what a {each.kind.kind} looks like: {words}",
                    mend="what was known of it before stays",
                )
