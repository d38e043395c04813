"""A fleet of Envoys, one in each variant, on one control plane, and snapshots for them to get."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from math import inf, isfinite

from hypothesis import strategies as st

from legation.model.resource import Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    RESOURCE_TYPES,
    ROUTE_CONFIGURATION,
    SECRET,
    ResourceType,
)
from legation.model.snapshot import Snapshot
from legation.protocol.sequence import Policy
from legation.testing import EnvoyMachine, Fault, ManualClock
from tests.connection import Connection, Identity, identity, violations
from tests.small_world import resource, snapshot

POLICY = Policy(removal_grace=5.0, drain_grace=30.0)
FETCH_TIMEOUT = 15.0
"""Envoy's initial_fetch_timeout, in seconds."""

PATIENCE = 1_000
"""So many messages without an end are a flood."""

VARIANTS = {
    "sotw": {"delta": False},
    "delta": {"delta": True},
    "sotw, separate streams": {"delta": False, "separate": True},
    "delta, separate streams": {"delta": True, "separate": True},
}


class Member:
    """One Envoy of the fleet."""

    def __init__(
        self,
        clock: ManualClock,
        judge: Callable[[Resource], Fault | None],
        *,
        delta: bool,
        separate: bool = False,
        drains: bool = True,
    ) -> None:
        self._clock = clock
        self._separate = separate
        self._waits_since: float | None = None
        self._drains_since: float | None = None
        self._checks_since: dict[Resource, float] = {}
        self._used_at: dict[str, float] = {}
        """When something that lingers used a cluster last."""
        self._away: dict[str, float] = {}
        """Streams that come back later, and when."""
        self.envoy = EnvoyMachine(delta=delta, separate=separate, drains=drains, judge=judge)
        self.link = Connection(self.envoy, POLICY if drains else replace(POLICY, drain_grace=0.0), delta=delta)

    def retarget(self, snapshot: Snapshot) -> None:
        """Publish a snapshot.

        Without ADS nothing tells when a cluster is warm of which nobody knows how long it takes: what names it waits as
        long as an Envoy does. So there are none in what such an Envoy gets.
        """
        self.link.retarget(_without_the_unknowable(snapshot) if self._separate else snapshot)

    def reconnect(self, delays: Sequence[float] = (0.0,)) -> None:
        """End all streams; the Envoy comes back on new ones with what it has.

        Args:
            delays: Seconds after which they come back, one after the other, if they do so by themselves.
        """
        self.link.connect()
        now = self._clock.now()
        self._away = {
            stream: now + delays[at % len(delays)] for at, stream in enumerate(self.link.up) if self._separate
        }

    def _heard(self) -> list[str]:
        """Return the streams on which the Envoy has said something that can be heard."""
        now = self._clock.now()
        self._away = {stream: until for stream, until in self._away.items() if now < until}
        return [stream for stream in self.link.up if stream not in self._away]

    def move(self, pick: int) -> bool:
        """Let one thing happen of what can, chosen by a number; return whether anything could."""
        link, now = self.link, self._clock.now()
        moves: list[Callable[[], object]] = []
        moves += [partial(link.hear, stream, now) for stream in self._heard()]
        moves += [partial(link.deliver, stream) for stream in link.down]
        streams = link.streams
        for at in range(len(streams)):
            # Sending is asked for last: what there is to send is only known by trying.
            if (pick + at) % (len(moves) + 1) == 0 and link.send(streams[(pick + at) % len(streams)], now) is not None:
                return True
        if moves:
            moves[pick % len(moves)]()
            return True
        return any(link.send(stream, now) is not None for stream in streams)

    def settle(self, bad: frozenset[Identity] = frozenset()) -> None:
        """Deliver everything, until nobody has anything to say at this moment."""
        link, now = self.link, self._clock.now()
        for _ in range(PATIENCE):
            while heard := self._heard():
                link.hear(heard[0], now)
            sent = next(filter(None, (link.send(stream, now) for stream in link.streams)), None)
            if sent is None and not link.down:
                return
            while link.down:
                link.deliver(next(iter(link.down)))
                self.envoy_is_well(bad)
        raise AssertionError("messages without an end")

    def look_at_the_clock(self) -> None:
        """Let the Envoy note since when it waits and drains, and do what it does by itself when its time has come."""
        now, holdings = self._clock.now(), self.envoy.holdings
        self.check_health()
        self._waits_since = _since(self._waits_since, now, holds=any(holdings.warming.values()))
        self._drains_since = _since(self._drains_since, now, holds=bool(holdings.draining))
        if self._waits_since is not None and now - self._waits_since >= FETCH_TIMEOUT:
            self.link.say(self.envoy.give_up_waiting())
        if self._drains_since is not None and now - self._drains_since >= POLICY.drain_grace:
            self.link.say(self.envoy.finish_draining())
            self._drains_since = None

    def check_health(self) -> None:
        """Let those first health checks end that take no longer; of which nobody knows it, they end at once."""
        now, checking = self._clock.now(), self.envoy.holdings.checking()
        self._checks_since = {each: self._checks_since.get(each, now) for each in checking}
        done = {each.name for each, since in self._checks_since.items() if now >= since + _taken(each)}
        if done:
            self.link.say(self.envoy.finish_health_checks(done))

    def next_moment(self) -> float | None:
        """Return when somebody has to be asked again; None: never."""
        deadline = self.link.sequence.next_deadline()
        return min([*self._away.values(), *([] if deadline is None else [deadline])], default=None)

    def is_quiet(self) -> bool:
        """Say whether nothing more will happen by itself, also not by time."""
        if self.link.up or self.link.down or any(self.link.send(each, self._clock.now()) for each in self.link.streams):
            return False
        holdings = self.envoy.holdings
        waits = any(holdings.warming.values()) or bool(holdings.draining)
        return not waits and self.link.sequence.next_deadline() is None

    def envoy_is_well(self, bad: frozenset[Identity] = frozenset()) -> None:
        """Fail if a request could fail, also one that is under way since a moment ago."""
        found = violations(self.envoy, bad)
        assert not found, found
        now, held = self._clock.now(), self.envoy.holdings.used[CLUSTER].keys()
        early = {name for name, at in self._used_at.items() if name not in held and now < at + POLICY.removal_grace}
        assert not early, f"gone within the grace: {early}"
        users = [each for each in self.envoy.holdings.users() if each.lingers]
        self._used_at = {name: at for name, at in self._used_at.items() if name in held}
        self._used_at |= dict.fromkeys((name for each in users for name in each.refers_to(CLUSTER) & held), now)


def pass_time(clock: ManualClock, members: Collection[Member], seconds: float, bad: frozenset[Identity]) -> None:
    """Let time pass for all, from one moment at which somebody has to be asked again to the next.

    Messages take no time here: whoever waits for a warm cluster is not kept waiting by the network.
    """
    end = clock.now() + seconds
    while True:
        for member in members:
            member.check_health()
            member.settle(bad)
            member.look_at_the_clock()
            member.envoy_is_well(bad)
        if clock.now() >= end:
            return
        deadlines = (member.next_moment() for member in members)
        clock.step(min([end, *(each for each in deadlines if each is not None)]) - clock.now())


def _taken(cluster: Resource) -> float:
    """Return how long the first health checks of a cluster take: almost as long as they may."""
    return cluster.warms_within * 0.9 if isfinite(cluster.warms_within) else 0.0


def _since(before: float | None, now: float, *, holds: bool) -> float | None:
    if not holds:
        return None
    return now if before is None else before


NAMES = "abcd"
"""The clusters; d has its endpoints in itself, the others get them by EDS."""


class News:
    """A snapshot that prints as a person reads it."""

    def __init__(self, content: Snapshot) -> None:
        self.snapshot = content

    def __repr__(self) -> str:
        return "; ".join(
            f"{row.name} " + " ".join(f"{each.name}@{each.version}" for each in self.snapshot[row])
            for row in RESOURCE_TYPES
            if len(self.snapshot[row])
        )


@st.composite
def news(draw: st.DrawFn) -> News:
    """Return a snapshot in which nothing dangles: what a resource names is there."""
    secrets = draw(st.sets(st.sampled_from("pq"), max_size=2))
    clusters = [_cluster(draw, name, sorted(secrets)) for name in sorted(draw(st.sets(st.sampled_from(NAMES))))]
    names = sorted(each.name for each in clusters)
    routes = [_route(draw, name, names) for name in sorted(draw(st.sets(st.sampled_from("rst"))))]
    listeners = [
        _listener(draw, name, sorted(each.name for each in routes), names)
        for name in sorted(draw(st.sets(st.sampled_from("lmn"))))
    ]
    made = snapshot(
        *clusters,
        *(resource(CLUSTER_LOAD_ASSIGNMENT, name, draw(st.integers(1, 2))) for name in names),
        *(resource(SECRET, name, draw(st.integers(1, 2))) for name in sorted(secrets)),
        *routes,
        *listeners,
    )
    return News(made)


def _cluster(draw: st.DrawFn, name: str, secrets: list[str]) -> Resource:
    refers: list[tuple[ResourceType, tuple[str, ...]]] = []
    if name != "d":
        refers.append((CLUSTER_LOAD_ASSIGNMENT, (name,)))
    if secrets and not draw(st.integers(0, 3)):
        refers.append((SECRET, (draw(st.sampled_from(secrets)),)))
    within = {0: inf, 1: 0.25, 2: 2.0}.get(draw(st.integers(0, 4)), 0.0)
    version = f"{draw(st.integers(1, 2))}{'+'.join(n for _, names in refers for n in names)}"
    return resource(CLUSTER, name, version + (f"~{within}" if within else ""), tuple(refers), warms_within=within)


def _without_the_unknowable(content: Snapshot) -> Snapshot:
    made = []
    for row in RESOURCE_TYPES:
        for each in content[row]:
            if each.warms_within == inf:
                version = each.version.removesuffix("~inf")
                refers = tuple((other, tuple(sorted(each.refers_to(other)))) for other in RESOURCE_TYPES)
                made.append(resource(row, each.name, version, tuple(pair for pair in refers if pair[1])))
            else:
                made.append(each)
    return snapshot(*made)


def _route(draw: st.DrawFn, name: str, clusters: list[str]) -> Resource:
    uses: list[str] = sorted(draw(st.sets(st.sampled_from(clusters), max_size=2))) if clusters else []
    return resource(ROUTE_CONFIGURATION, name, f"{draw(st.integers(1, 2))}{''.join(uses)}", ((CLUSTER, tuple(uses)),))


def _listener(draw: st.DrawFn, name: str, routes: list[str], clusters: list[str]) -> Resource:
    refers: list[tuple[ResourceType, tuple[str, ...]]] = []
    if routes and draw(st.integers(0, 3)) > 0:
        refers.append((ROUTE_CONFIGURATION, (draw(st.sampled_from(routes)),)))
    elif clusters:
        refers.append((CLUSTER, (draw(st.sampled_from(clusters)),)))
    number = draw(st.integers(1, 2))
    udp = any(row is CLUSTER for row, _ in refers) and draw(st.booleans())
    version = f"{number}{''.join(n for _, names in refers for n in names)}{'u' * udp}"
    return resource(LISTENER, name, version, tuple(refers), lingers=not udp)


def is_bad(each: Resource, bad: frozenset[Identity], *, whole: bool, silent: bool) -> Fault | None:
    """Return the fault of a resource that is among the bad ones."""
    return Fault("no good", whole=whole, silent=silent) if identity(each) in bad else None
