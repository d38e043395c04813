"""A control plane's client and an Envoy, with the messages between them held still: whoever drives it delivers them.

The client is the real `Sequence`, the Envoy the test kit's `EnvoyMachine`. Streams keep their own order and none among
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from legation.model.resource import Resource, empty_resource
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, RESOURCE_TYPES, ResourceType
from legation.model.snapshot import Collection, Snapshot, collect
from legation.protocol.machine import Machine
from legation.protocol.messages import Response, SotwResponse
from legation.protocol.sequence import Policy, Sequence
from legation.protocol.terms import Variant
from legation.testing import EnvoyMachine, Said
from legation.testing.envoy_machine import ADS
from tests.state import clone
from tests.turn import next_response

Identity: TypeAlias = tuple[str, str, str]
"""(type, name, version) of a resource."""


def identity(resource: Resource) -> Identity:
    """Return what tells resources apart by content."""
    return (resource.type.name, resource.name, resource.version)


@dataclass(frozen=True)
class Recall:
    """What a version stood for, as far as it is remembered."""

    told: Mapping[tuple[ResourceType, str], Collection]

    def __call__(self, row: ResourceType, version: str) -> Collection | None:
        """Return it, or None."""
        return self.told.get((row, version))


class Connection:
    """One Envoy and the client that it is to the control plane."""

    def __init__(self, envoy: EnvoyMachine, policy: Policy, *, delta: bool) -> None:
        self.envoy = envoy
        self.policy = policy
        self.delta = delta
        self.snapshot: Snapshot | None = None
        self.told: Mapping[tuple[ResourceType, str], Collection] = {}
        """What the control plane remembers: what the versions stood for that it told."""
        self.connect()

    def connect(self) -> None:
        """Let the Envoy connect, for the first time or again: what was on its way is lost."""
        self.sequence = Sequence(self.policy, recall=Recall(self.told))
        self.machines: dict[tuple[str, ResourceType], Machine] = {}
        self.up: dict[str, tuple[Said, ...]] = {}
        self.down: dict[str, tuple[Response, ...]] = {}
        if self.snapshot is not None:
            self.sequence.retarget(self.snapshot)
        self.say(self.envoy.connect())

    def settle(self, now: float) -> None:
        """Deliver everything, until nobody has anything to say at this moment."""
        while True:
            while self.up:
                self.hear(next(iter(self.up)), now)
            if not self.down and not any(self.send(stream, now) for stream in self.streams):
                return
            while self.down:
                self.deliver(next(iter(self.down)))

    def restart(self) -> None:
        """Let the control plane restart: it remembers what it had last."""
        self.told = {(row, self.snapshot[row].version): self.snapshot[row] for row in RESOURCE_TYPES if self.snapshot}
        self.connect()

    def copy(self) -> Connection:
        """Return an independent copy; resources and snapshots are shared."""
        twin = object.__new__(Connection)
        twin.__dict__.update(self.__dict__)
        memo: dict[int, object] = {}
        twin.sequence = clone(self.sequence, memo)
        twin.machines = {key: clone(machine, memo) for key, machine in self.machines.items()}
        twin.envoy = self.envoy.copy()
        twin.up, twin.down = dict(self.up), dict(self.down)
        return twin

    def retarget(self, snapshot: Snapshot) -> None:
        """Give the control plane its newest snapshot."""
        self.snapshot = snapshot
        self.sequence.retarget(snapshot)

    @property
    def streams(self) -> tuple[str, ...]:
        """The open streams that the control plane has heard of."""
        return tuple(dict.fromkeys(stream for stream, _ in self.machines))

    def say(self, said: tuple[Said, ...]) -> None:
        """Put what the Envoy says on its way."""
        for each in said:
            if each.request is None:
                self.down.pop(each.stream, None)
            self.up[each.stream] = (*self.up.get(each.stream, ()), each)

    def hear(self, stream: str, now: float) -> Said:
        """Let the control plane hear the next of what was said on a stream."""
        said, *rest = self.up.pop(stream)
        if rest:
            self.up[stream] = tuple(rest)
        request = said.request
        if request is None:
            for key in [key for key in self.machines if key[0] == stream]:
                self.sequence.close(self.machines.pop(key))
            return said
        key = (stream, request.type)
        if key not in self.machines:
            variant = Variant.DELTA if self.delta else Variant.SOTW
            aggregated = stream == ADS
            self.machines[key] = self.sequence.open(request.type, variant=variant, owner=stream, aggregated=aggregated)
        self.sequence.receive(self.machines[key], request, now)
        return said

    def send(self, stream: str, now: float) -> Response | None:
        """Let the control plane say the next on a stream, if there is anything."""
        answer = next_response(self.sequence, now, stream)
        if answer is None:
            return None
        self.down[stream] = (*self.down.get(stream, ()), answer[0])
        self._remember(answer[0])
        return answer[0]

    def _remember(self, response: Response) -> None:
        row = response.type
        if isinstance(response, SotwResponse) and row.full_state and (row, response.version) not in self.told:
            self.told = {**self.told, (row, response.version): collect(row, response.resources)}

    def deliver(self, stream: str) -> Response:
        """Let the Envoy hear the next response of a stream."""
        response, *rest = self.down.pop(stream)
        if rest:
            self.down[stream] = tuple(rest)
        self.say(self.envoy.receive(response, stream))
        return response


def violations(envoy: EnvoyMachine, bad: frozenset[Identity]) -> list[str]:
    """Return what is wrong with what serves, but for what a refusal is to blame for.

    No snapshot of these tests has a cluster without endpoints: one that serves with none has lost them.
    """
    empty = {
        name
        for name, version in envoy.holds(CLUSTER_LOAD_ASSIGNMENT).items()
        if version == empty_resource(CLUSTER_LOAD_ASSIGNMENT, name).version
    }
    lost = empty & envoy.holdings.serving(CLUSTER) if empty else set()
    found = envoy.serving_violations()
    found += [f"Cluster {name} lacks ClusterLoadAssignment {name}" for name in sorted(lost)]
    return [each for each in found if not _excused(each, bad)]


def _excused(violation: str, bad: frozenset[Identity]) -> bool:
    """Say whether a refusal is to blame, which is nobody's fault but the owner's.

    That is what lacks what was refused; what the client fell back to because its successor was refused; and every
    listener that warmed when routes were refused, for Envoy then lets it serve without them.
    """
    user, _, needed = violation.partition(" lacks ")
    named = {" ".join(user.split()[:2]), needed}
    return any(f"{row} {name}" in named or (row == "RouteConfiguration" and row in needed) for row, name, _ in bad)


def unfinished(envoy: EnvoyMachine, last: Snapshot, bad: frozenset[Identity]) -> list[str]:
    """Return what is wrong when nothing more can happen: what the Envoy has is not the last snapshot.

    Where something was refused only the innocent are asked for: what was never refused and names nothing that was.
    """
    found = [f"{row.name} {name} warms for ever" for row in envoy.holdings.warming for name in envoy.warming(row)]
    tainted = {(kind, name) for kind, name, _ in bad}
    for row in RESOURCE_TYPES:
        have = envoy.holds(row)
        asked = None if row.wildcard else envoy.holdings.wanted(row)
        want = {each.name: each.version for each in last[row] if asked is None or each.name in asked}
        if not bad and have != want:
            found.append(f"{row.name}: has {have}, should have {want}")
        for name, version in want.items() if bad else ():
            resource = last.get(row, name)
            if resource is None or have.get(name) == version or (row.name, name) in tainted:
                continue
            if not any((kind, each) in tainted for kind, names in resource.references.items() for each in names):
                found.append(f"{row.name} {name} is {have.get(name)}, should be {version}, and nobody refused it")
    return found
