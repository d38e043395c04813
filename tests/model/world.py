"""World: one control plane, one Envoy and the messages between them, as a value: copied, stepped and compared.

What can happen next is a list of steps; who takes them all, in every order, has seen every interleaving.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, LISTENER, RESOURCE_TYPES, ResourceType
from legation.model.snapshot import Snapshot
from legation.protocol.messages import DeltaResponse, Response
from legation.protocol.sequence import Policy
from legation.testing import EnvoyMachine, Fault, Said
from tests.connection import Connection, Identity, identity, unfinished, violations
from tests.state import canonical

FETCH_TIMEOUT = 15.0
"""Envoy's initial_fetch_timeout, in seconds."""

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
    silent: bool = False
    """A refusal names nobody."""
    reconnects: int = 0
    comes_back: bool = False
    """The Envoy has the first snapshot when it loses its streams, and comes back when there is the second."""
    restarts: int = 0
    """How often the control plane restarts when the Envoy has what it had last, and then remembers only that."""


@dataclass(kw_only=True)
class World:
    """Everything at one moment."""

    scenario: Scenario
    link: Connection
    target: int = 0
    now: float = 0.0
    bad: frozenset[Identity] = frozenset()
    good: frozenset[Identity] = frozenset()
    refusals: int
    reconnects: int
    restarts: int = 0
    drains_since: float | None = None
    """Since when the Envoy has listeners that drain."""
    waits_since: float | None = None
    """Since when the Envoy warms what it warms."""
    checks_since: tuple[tuple[str, str, float], ...] = ()
    """The clusters, with their versions, whose first health checks are on, and since when."""
    listening: frozenset[str] = frozenset()
    """The addresses on which the Envoy has served."""
    gave_up: bool = False
    """The Envoy waited in vain for something that exists and that nobody refused."""

    @staticmethod
    def begin(scenario: Scenario) -> World:
        """Return the moment at which the Envoy has connected and the first snapshot is there."""
        drains = scenario.policy.drain_grace > 0
        envoy = EnvoyMachine(delta=scenario.delta, separate=scenario.separate, drains=drains)
        link = Connection(envoy, scenario.policy, delta=scenario.delta)
        link.retarget(scenario.snapshots[0])
        world = World(
            scenario=scenario,
            link=link,
            refusals=scenario.refusals,
            reconnects=scenario.reconnects,
            restarts=scenario.restarts,
        )
        if scenario.comes_back:
            world.target = 1
            link.settle(world.now)
            link.snapshot = scenario.snapshots[1]
            link.connect()
        return world

    def key(self) -> int:
        """Return a number that tells states apart (64 bits of hash)."""
        link = self.link
        return hash(
            (
                canonical(link.sequence, self.now),
                link.envoy.key(),
                tuple((stream, row.name) for stream, row in link.machines),
                tuple((stream, tuple(map(show_said, said))) for stream, said in sorted(link.up.items())),
                tuple((stream, tuple(map(show, sent))) for stream, sent in sorted(link.down.items())),
                self.target,
                self.bad,
                self.good if self.refusals else (),
                self.refusals,
                self.listening,
                self.reconnects,
                self.restarts,
                frozenset((row.name, version) for row, version in link.told)
                if self.reconnects and not self.scenario.delta
                else (),
                None if self.drains_since is None else self.now - self.drains_since,
                None if self.waits_since is None else self.now - self.waits_since,
                tuple((name, version, self.now - since) for name, version, since in self.checks_since),
            )
        )

    def steps(self) -> Iterator[tuple[str, World]]:
        """Yield (what happened, the moment after) for everything that can happen next."""
        moved = False
        for label, world in self._moves():
            moved = True
            yield label, world
        # Time passes when nobody has anything to say.
        if not moved:
            yield from self._pass_time()

    def _copy(self) -> World:
        return replace(self, link=self.link.copy())

    def _moves(self) -> Iterator[tuple[str, World]]:
        for stream in self.link.streams:
            world = self._copy()
            sent = world.link.send(stream, self.now)
            if sent is not None:
                yield f"control plane: {show(sent)}", world
        for stream in self.link.up:
            world = self._copy()
            said = world.link.hear(stream, self.now)
            yield f"control plane hears {stream}: {show_said(said)}", world
        for stream in self.link.down:
            yield from self._deliver(stream)
        if self.target + 1 < len(self.scenario.snapshots):
            world = self._copy()
            world.target += 1
            world.link.retarget(world.scenario.snapshots[world.target])
            yield f"SNAPSHOT {world.target}", world
        if self.reconnects:
            world = self._copy()
            world.reconnects -= 1
            world.link.connect()
            yield "RECONNECT", world
        if self.restarts and not (self.link.up or self.link.down or self._behind()):
            world = self._copy()
            world.restarts -= 1
            world.link.restart()
            yield "RESTART", world

    def waits_for(self) -> tuple[object, ...]:
        """Return what the Envoy waits for."""
        return tuple(map(self.link.envoy.holdings.waits_for, (CLUSTER, LISTENER)))

    def _behind(self) -> list[str]:
        return unfinished(self.link.envoy, self.scenario.snapshots[self.target], self.bad)

    def _deliver(self, stream: str) -> Iterator[tuple[str, World]]:
        response = self.link.down[stream][0]
        news = [each for each in response.resources if not self.link.envoy.holdings.knows(each)]
        may_refuse = self.refusals and response.type in self.scenario.refused_types
        undecided = [each for each in news if may_refuse and identity(each) not in self.bad | self.good]
        for culprit in (None, *undecided):
            world = self._copy()
            if culprit is not None:
                world.bad |= {identity(culprit)}
                world.refusals -= 1
            world.good |= {identity(each) for each in news} - world.bad
            world.link.envoy.judge = _Judge(world.bad, whole=self.scenario.whole, silent=self.scenario.silent)
            waited = self.waits_for()
            world.link.deliver(stream)
            if world.waits_for() != waited:
                world.waits_since = world.now if any(world.waits_for()) else None
            world.listening |= world.serves_on()
            world.note_checks()
            if world.drains_since is None and world.link.envoy.holdings.draining:
                world.drains_since = world.now
            refused = f", finds {culprit.name} bad" if culprit is not None else ""
            yield f"Envoy hears {stream}: {show(response)}{refused}", world

    def _pass_time(self) -> Iterator[tuple[str, World]]:
        world = self._copy()
        for stream in world.link.streams:
            world.link.send(stream, world.now)
        deadline = world.link.sequence.next_deadline()
        envoy, drained = world.link.envoy, None
        if self.drains_since is not None:
            drained = self.drains_since + self.scenario.policy.drain_grace
        waited = None if self.waits_since is None else self.waits_since + FETCH_TIMEOUT
        checked = self._checked()
        if checked is not None and (deadline is None or deadline >= checked):
            world.now = max(world.now, checked)
            done = {name for name, version, since in self.checks_since if self._ends(name, version, since) <= world.now}
            world.link.say(envoy.finish_health_checks(done))
            world.note_checks()
            world.waits_since = world.now if any(world.waits_for()) else None
            yield f"{world.now - self.now:g} s pass and {' '.join(sorted(done))} is checked", world
        elif waited is not None and (deadline is None or deadline > waited):
            # Clusters first: what waits for them began to wait later.
            row = CLUSTER if envoy.holdings.warming[CLUSTER] else LISTENER
            wanted = (self.scenario.snapshots[self.target].get(*each) for each in envoy.holdings.waits_for(row))
            world.gave_up = not self.bad and any(wanted)
            world.now = max(world.now, waited)
            world.link.say(envoy.give_up_waiting(row))
            world.waits_since = world.now if any(world.waits_for()) else None
            yield "Envoy gives up waiting", world
        elif drained is not None and (deadline is None or deadline >= drained):
            world.now, world.drains_since = max(world.now, drained), None
            world.link.say(envoy.finish_draining())
            yield "Envoy has drained", world
        elif deadline is not None:
            world.now = deadline
            yield f"{deadline - self.now:g} s pass", world

    def note_checks(self) -> None:
        """Note since when the Envoy makes which first health checks."""
        before = {(name, version): since for name, version, since in self.checks_since}
        checking = [(each.name, each.version) for each in self.link.envoy.holdings.checking()]
        self.checks_since = tuple((*each, before.get(each, self.now)) for each in sorted(checking))

    def _ends(self, name: str, version: str, since: float) -> float:
        """Return when first health checks end: as late as they may."""
        warming = self.link.envoy.holdings.warming[CLUSTER][name].resource
        assert warming.version == version
        return since + warming.warms_within

    def _checked(self) -> float | None:
        return min((self._ends(*each) for each in self.checks_since), default=None)

    def violations(self) -> list[str]:
        """Return what is wrong at this moment: a request would fail that a good control plane does not let fail."""
        vain = ["what the Envoy waits for never comes"] if self.gave_up else []
        # An Envoy that refuses a listener has taken away the one before it already: for a moment nobody is there.
        # Nor is anybody between the moment at which a listener moves away and that at which it has said so.
        inevitable = any(row == LISTENER.name for row, *_ in self.bad) or self._addresses_move()
        gone = [] if inevitable else self.deserted()
        return vain + violations(self.link.envoy, self.bad) + gone

    def unfinished(self) -> list[str]:
        """Return what is wrong when nothing more can happen."""
        return unfinished(self.link.envoy, self.scenario.snapshots[-1], self.bad) + self.deserted()

    def _addresses_move(self) -> bool:
        """Say whether a listener changes its address."""
        addresses: dict[str, set[tuple[str, ...]]] = {}
        for each in (each for snapshot in self.scenario.snapshots for each in snapshot[LISTENER]):
            addresses.setdefault(each.name, set()).add(each.claims)
        return any(len(claims) > 1 for claims in addresses.values())

    def serves_on(self) -> frozenset[str]:
        """Return the addresses on which the Envoy serves."""
        return frozenset(claim for each in self.link.envoy.holdings.used[LISTENER].values() for claim in each.claims)

    def deserted(self) -> list[str]:
        """Return a line for each address that it has served on and is to serve on all the time, and where nobody is."""
        until_now = self.scenario.snapshots[: self.target + 1]
        kept = [claim for claim in self.listening if all(each[LISTENER].claimants(claim) for each in until_now)]
        return [f"nobody serves on {claim}" for claim in sorted(set(kept) - self.serves_on())]


class _Judge:
    """Finds the same resources bad for ever."""

    def __init__(self, bad: frozenset[Identity], *, whole: bool, silent: bool) -> None:
        self._bad = bad
        self._fault = Fault("no good", whole=whole, silent=silent)

    def __call__(self, resource: Resource) -> Fault | None:
        return self._fault if identity(resource) in self._bad else None


def show(response: Response) -> str:
    """Return a response in one line."""
    names = " ".join(f"{each.name}@{each.version}" for each in response.resources)
    removed = "".join(f" -{name}" for name in response.removed) if isinstance(response, DeltaResponse) else ""
    return f"{response.type.name} #{response.nonce} [{names}]{removed}"


def show_said(said: Said) -> str:
    """Return what an Envoy said in one line."""
    request = said.request
    if request is None:
        return "close"
    shown = {
        name: value
        for name in ("names", "subscribe", "unsubscribe", "version", "nonce", "error", "initial_versions")
        if (value := getattr(request, name, None))
    }
    return f"{request.type.name} " + " ".join(f"{name}={value}" for name, value in shown.items())
