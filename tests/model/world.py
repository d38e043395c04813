"""World: one control plane, one Envoy and the messages between them, as a value: copied, stepped and compared.

The control plane is the real `Sequence`, the Envoy the test kit's `EnvoyMachine`. What can happen next is a list of
steps; who takes them all, in every order, has seen every interleaving.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from legation.model.resource import Resource, empty_resource
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, RESOURCE_TYPES, ResourceType
from legation.model.snapshot import Snapshot
from legation.protocol.machine import Machine, Variant
from legation.protocol.messages import Response
from legation.protocol.sequence import Policy, Sequence
from legation.testing import EnvoyMachine, Fault, Said
from tests.model.state import canonical, clone

FETCH_TIMEOUT = 15.0
"""Envoy's initial_fetch_timeout, in seconds."""

Identity: TypeAlias = tuple[str, str, str]
"""(type, name, version) of a resource."""

AT_ONCE = Policy(removal_grace=0.0, drain_grace=0.0)
"""No graces: what may be removed is removed in the same moment."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What happens besides the messages."""

    snapshots: tuple[Snapshot, ...]
    delta: bool
    separate: bool = False
    policy: Policy = AT_ONCE
    refusals: int = 0
    """How many resources the Envoy may find bad: any one that it sees, at any time."""
    refused_types: frozenset[ResourceType] = frozenset(RESOURCE_TYPES)
    whole: bool = False
    """A refusal drops the whole response, also of clusters and listeners."""
    reconnects: int = 0
    sequence: Callable[[Policy], Sequence] = Sequence


@dataclass(kw_only=True)
class World:
    """Everything at one moment."""

    scenario: Scenario
    sequence: Sequence
    envoy: EnvoyMachine
    machines: dict[tuple[str, ResourceType], Machine] = field(default_factory=dict)
    up: dict[str, tuple[Said, ...]] = field(default_factory=dict)
    down: dict[str, tuple[Response, ...]] = field(default_factory=dict)
    target: int = 0
    now: float = 0.0
    bad: frozenset[Identity] = frozenset()
    good: frozenset[Identity] = frozenset()
    refusals: int = 0
    reconnects: int = 0
    gave_up: bool = False
    """The Envoy waited in vain for something that nobody refused."""

    @staticmethod
    def begin(scenario: Scenario) -> World:
        """Return the moment at which the Envoy has connected and the first snapshot is there."""
        world = World(
            scenario=scenario,
            sequence=scenario.sequence(scenario.policy),
            envoy=EnvoyMachine(
                delta=scenario.delta, separate=scenario.separate, drains=scenario.policy.drain_grace > 0
            ),
            refusals=scenario.refusals,
            reconnects=scenario.reconnects,
        )
        world.sequence.retarget(scenario.snapshots[0])
        world._say(world.envoy.connect())
        return world

    def copy(self) -> World:
        """Return an independent copy; resources and snapshots are shared."""
        memo: dict[int, Any] = {}
        sequence = clone(self.sequence, memo)
        return replace(
            self,
            sequence=sequence,
            machines={key: clone(machine, memo) for key, machine in self.machines.items()},
            envoy=self.envoy.copy(),
            up=dict(self.up),
            down=dict(self.down),
        )

    def key(self) -> int:
        """Return a number that tells states apart (64 bits of hash)."""
        return hash(
            (
                canonical(self.sequence, self.now),
                self.envoy.key(),
                tuple((stream, row.name) for stream, row in self.machines),
                tuple((stream, tuple(map(_said, said))) for stream, said in sorted(self.up.items()) if said),
                tuple((stream, tuple(map(_response, sent))) for stream, sent in sorted(self.down.items()) if sent),
                self.target,
                self.bad,
                self.good if self.refusals else (),
                self.refusals,
                self.reconnects,
            )
        )

    # What can happen

    def steps(self) -> Iterator[tuple[str, World]]:
        """Yield (what happened, the moment after) for everything that can happen next."""
        moved = False
        for label, world in self._messages():
            moved = True
            yield label, world
        if self.target + 1 < len(self.scenario.snapshots):
            moved = True
            world = self.copy()
            world.target += 1
            world.sequence.retarget(world.scenario.snapshots[world.target])
            yield f"SNAPSHOT {world.target}", world
        if self.reconnects:
            world = self.copy()
            world._reconnect()
            yield "RECONNECT", world
        if not moved:
            yield from self._pass_time()

    def _messages(self) -> Iterator[tuple[str, World]]:
        for stream in dict.fromkeys(stream for stream, _ in self.machines):
            world = self.copy()
            answer = world.sequence.next_response(world.now, stream)
            if answer is not None:
                response = answer[0]
                world.down[stream] = (*world.down.get(stream, ()), response)
                yield f"control plane: {show(response)}", world
        for stream, waiting in self.up.items():
            if waiting:
                world = self.copy()
                world.up[stream] = waiting[1:]
                yield f"control plane hears {stream}: {_show_said(waiting[0])}", world._hear(waiting[0])
        for stream, sent in self.down.items():
            if sent:
                yield from self._deliver(stream, sent[0], sent[1:])

    def _deliver(self, stream: str, response: Response, rest: tuple[Response, ...]) -> Iterator[tuple[str, World]]:
        news = {_identity(each) for each in response.resources if not self.envoy.holdings.knows(each)}
        undecided = [
            each
            for each in response.resources
            if self.refusals
            and response.type in self.scenario.refused_types
            and _identity(each) in news - self.bad - self.good
        ]
        for culprit in (None, *undecided):
            world = self.copy()
            if culprit is not None:
                world.bad |= {_identity(culprit)}
                world.refusals -= 1
            world.good |= news - world.bad
            world.down[stream] = rest
            world.envoy.judge = _Judge(world.bad, whole=self.scenario.whole)
            world._say(world.envoy.receive(response, stream))
            refused = f", finds {culprit.name} bad" if culprit is not None else ""
            yield f"Envoy hears {stream}: {show(response)}{refused}", world

    def _pass_time(self) -> Iterator[tuple[str, World]]:
        """Yield what time brings when nobody has anything to say."""
        world = self.copy()
        for stream in dict.fromkeys(stream for stream, _ in world.machines):
            world.sequence.next_response(world.now, stream)
        deadline = world.sequence.next_deadline()
        holdings = world.envoy.holdings
        if any(holdings.warming.values()) and (deadline is None or deadline > world.now + FETCH_TIMEOUT):
            world.now += FETCH_TIMEOUT
            world.gave_up = not self.bad
            world._say(world.envoy.give_up_waiting())
            yield "Envoy gives up waiting", world
            return
        if holdings.draining and (deadline is None or deadline >= world.now + self.scenario.policy.drain_grace):
            world._say(world.envoy.finish_draining())
            yield "Envoy has drained", world
        elif deadline is not None:
            step = deadline - world.now
            world.now = deadline
            yield f"{step:g} s pass", world

    def _reconnect(self) -> None:
        self.reconnects -= 1
        self.up, self.down, self.machines = {}, {}, {}
        self.sequence = self.scenario.sequence(self.scenario.policy)
        self.sequence.retarget(self.scenario.snapshots[self.target])
        self._say(self.envoy.connect())

    def _say(self, said: tuple[Said, ...]) -> None:
        for each in said:
            if each.request is None:
                self.down.pop(each.stream, None)
            self.up[each.stream] = (*self.up.get(each.stream, ()), each)

    def _hear(self, said: Said) -> World:
        request = said.request
        if request is None:
            for key in [key for key in self.machines if key[0] == said.stream]:
                self.sequence.close(self.machines.pop(key))
            return self
        key = (said.stream, request.type)
        if key not in self.machines:
            variant = Variant.DELTA if self.scenario.delta else Variant.SOTW
            self.machines[key] = self.sequence.open(request.type, variant=variant, owner=said.stream)
        self.sequence.receive(self.machines[key], request, self.now)
        return self

    # What must be true

    def violations(self) -> list[str]:
        """Return what is wrong at this moment: a request would fail that a good control plane does not let fail."""
        empty = {
            name
            for name, version in self.envoy.holds(CLUSTER_LOAD_ASSIGNMENT).items()
            if version == empty_resource(CLUSTER_LOAD_ASSIGNMENT, name).version
        }
        # No snapshot of a scenario has a cluster without endpoints.
        lost = empty & self.envoy.holdings.serving(CLUSTER) if empty else set()
        found = self.envoy.serving_violations()
        found += [f"Cluster {name} lacks ClusterLoadAssignment {name}" for name in sorted(lost)]
        if self.gave_up:
            found.append("what the Envoy waits for never comes")
        return [each for each in found if not self._excused(each)]

    def _excused(self, violation: str) -> bool:
        """Say whether a refusal is to blame, which is nobody's fault but the owner's.

        That is what lacks what was refused; what the client fell back to because its successor was refused; and every
        listener that warmed when routes were refused, for Envoy then lets it serve without them.
        """
        user, _, needed = violation.partition(" lacks ")
        named = {" ".join(user.split()[:2]), needed}
        return any(
            f"{row} {name}" in named or (row == "RouteConfiguration" and row in needed) for row, name, _ in self.bad
        )

    def unfinished(self) -> list[str]:
        """Return what is wrong when nothing more can happen: what the Envoy has is not the last snapshot."""
        last = self.scenario.snapshots[-1]
        found = [
            f"{row.name} {name} warms for ever"
            for row in self.envoy.holdings.warming
            for name in self.envoy.warming(row)
        ]
        for row in RESOURCE_TYPES:
            have = self.envoy.holds(row)
            asked = None if row.wildcard else self.envoy.holdings.wanted(row)
            want = {each.name: each.version for each in last[row] if asked is None or each.name in asked}
            if have != want and not self.bad:
                found.append(f"{row.name}: has {have}, should have {want}")
            if self.bad:
                found += self._innocent(row, have, want)
        return found

    def _innocent(self, row: ResourceType, have: dict[str, str], want: dict[str, str]) -> Iterator[str]:
        tainted = {(kind, name) for kind, name, _ in self.bad}
        for name, version in want.items():
            resource = self.scenario.snapshots[-1].get(row, name)
            assert resource is not None
            taint = (row.name, name) in tainted or any(
                (kind, each) in tainted for kind, names in resource.references.items() for each in names
            )
            if have.get(name) != version and not taint:
                yield f"{row.name} {name} is {have.get(name)}, should be {version}, and nobody refused it"


class _Judge:
    """Finds the same resources bad for ever."""

    def __init__(self, bad: frozenset[Identity], *, whole: bool) -> None:
        self._bad = bad
        self._fault = Fault("no good", whole=whole)

    def __call__(self, resource: Resource) -> Fault | None:
        return self._fault if _identity(resource) in self._bad else None


def _identity(resource: Resource) -> Identity:
    return (resource.type.name, resource.name, resource.version)


def show(response: Response) -> str:
    """Return a response in one line."""
    names = " ".join(f"{each.name}@{each.version}" for each in response.resources)
    removed = "".join(f" -{name}" for name in getattr(response, "removed", ()))
    return f"{response.type.name} #{response.nonce} [{names}]{removed}"


def _show_said(said: Said) -> str:
    request = said.request
    if request is None:
        return "close"
    shown = {
        name: value
        for name in ("names", "subscribe", "unsubscribe", "version", "nonce", "error", "initial_versions")
        if (value := getattr(request, name, None))
    }
    return f"{request.type.name} " + " ".join(f"{name}={value}" for name, value in shown.items())


def _said(said: Said) -> Hashable:
    return _show_said(said)


def _response(response: Response) -> Hashable:
    return show(response)
