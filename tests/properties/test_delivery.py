"""Whatever is published, whenever, to slow, fast and refusing Envoys: no request fails, and all get it in the end."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, LISTENER, RESOURCE_TYPES
from legation.model.snapshot import Snapshot
from legation.testing import Fault, ManualClock
from tests.connection import Identity, identity, unfinished
from tests.properties.fleet import NAMES, POLICY, VARIANTS, Member, News, is_bad, news, pass_time


class Delivery(RuleBasedStateMachine):
    """One control plane that publishes what it likes, and an Envoy in each variant."""

    refusing = False
    drains = True
    variants = tuple(VARIANTS)

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.members = {
            name: Member(self.clock, self.judge, drains=self.drains, **VARIANTS[name]) for name in self.variants
        }
        self.bad: frozenset[Identity] = frozenset()
        self.seen: frozenset[Identity] = frozenset()
        self.whole = self.silent = False
        self.snapshot: Snapshot | None = None

    def judge(self, resource: Resource) -> Fault | None:
        return is_bad(resource, self.bad, whole=self.whole, silent=self.silent)

    @initialize(news=news(), whole=st.booleans(), silent=st.booleans())
    def begin(self, news: News, whole: bool, silent: bool) -> None:  # noqa: FBT001 - Hypothesis draws them
        self.whole, self.silent = whole, silent
        self.publish(news)

    @rule(news=news())
    def publish(self, news: News) -> None:
        snapshot = self.snapshot = news.snapshot
        self.seen |= {identity(each) for row in RESOURCE_TYPES for each in snapshot[row]}
        for member in self.members.values():
            member.retarget(snapshot)

    @precondition(lambda self: self.refusing)
    @rule(news=news(), data=st.data())
    def publish_something_bad(self, news: News, data: st.DataObject) -> None:
        new = [each for row in RESOURCE_TYPES for each in news.snapshot[row] if identity(each) not in self.seen]
        if new:
            self.bad |= {identity(data.draw(st.sampled_from(new)))}
        self.publish(news)

    @rule(picks=st.lists(st.integers(0, 11), min_size=1, max_size=12), who=st.sampled_from([*VARIANTS, "all"]))
    def messages_travel(self, picks: list[int], who: str) -> None:
        for name, member in self.members.items():
            for pick in picks if who in {name, "all"} else ():
                member.move(pick)
                member.envoy_is_well(self.bad)

    @rule(seconds=st.sampled_from([0.5, 1.0, 5.0, 10.0, 31.0]))
    def time_passes(self, seconds: float) -> None:
        pass_time(self.clock, self.members.values(), seconds, self.bad)

    @rule()
    def deliver_all(self) -> None:
        for member in self.members.values():
            member.settle(self.bad)

    @rule()
    def the_noise_stops(self) -> None:
        """Then every Envoy has exactly the snapshot, less what it refused."""
        assert self.snapshot is not None
        for _ in range(30):
            self.time_passes(10.0)
            if all(member.is_quiet() for member in self.members.values()):
                break
        for name, member in self.members.items():
            assert member.link.sequence.next_deadline() is None, name
            assert member.link.snapshot is not None
            assert not unfinished(member.envoy, member.link.snapshot, self.bad), name
        if not self.bad:
            for sotw, delta in zip(self.variants[::2], self.variants[1::2], strict=True):
                assert self.held_by(sotw) == self.held_by(delta)

    def held_by(self, name: str) -> dict[str, dict[str, str]]:
        """What an Envoy ends with, by type, name and version."""
        envoy = self.members[name].envoy
        return {row.name: envoy.holds(row) for row in RESOURCE_TYPES}

    def teardown(self) -> None:
        if self.snapshot is not None:
            self.the_noise_stops()


class DeliveryWithReconnects(Delivery):
    """The same to Envoys on ADS that lose their connection at any moment and come back.

    Their listeners go at once: of one that drains an Envoy that comes back tells nothing.
    """

    drains = False
    variants = ("sotw", "delta")

    @rule(who=st.sampled_from(variants))
    def comes_back(self, who: str) -> None:
        self.members[who].reconnect()
        self.members[who].envoy_is_well(self.bad)


class DeliveryWithStreamsThatComeBack(Delivery):
    """The same to Envoys without ADS, whose streams come back one by one, when they have what they were to have.

    Without ADS an Envoy that comes back does not tell which of its clusters are warm.
    """

    drains = False
    variants = ("sotw, separate streams", "delta, separate streams")

    @rule(
        delays=st.lists(st.sampled_from([0.0, 0.5, 7.0, 22.0, 30.0]), min_size=1, max_size=5),
        news=news(),
        who=st.sampled_from(variants),
    )
    def comes_back(self, delays: list[float], news: News, who: str) -> None:
        self.the_noise_stops()
        self.publish(news)
        member = self.members[who]
        # One that has nothing cannot be told from one that starts, and then asks for listeners when clusters are warm.
        if any(map(member.envoy.holds, (CLUSTER, LISTENER))):
            member.reconnect(delays)
        member.envoy_is_well(self.bad)


class DeliveryWithRefusals(Delivery):
    """The same, and some of what is published is refused."""

    refusing = True


TestDelivery = Delivery.TestCase
TestDeliveryWithReconnects = DeliveryWithReconnects.TestCase
TestDeliveryWithStreamsThatComeBack = DeliveryWithStreamsThatComeBack.TestCase
TestDeliveryWithRefusals = DeliveryWithRefusals.TestCase


@given(
    pool=st.lists(news(), min_size=2, max_size=5),
    turns=st.lists(st.tuples(st.integers(0, 4), st.lists(st.integers(0, 11), max_size=8)), min_size=25, max_size=35),
)
def test_endless_change_does_not_starve_removals(pool: list[News], turns: list[tuple[int, list[int]]]) -> None:
    """A cluster that left goes within its graces and a few answers, however often all else changes meanwhile."""
    clock = ManualClock()
    members = [Member(clock, _accept, **how) for how in VARIANTS.values()]
    left: dict[str, float] = {}
    # A listener that drains may use it for so long, then its route, then the cluster, each with its grace.
    limit = POLICY.drain_grace + 2 * POLICY.removal_grace + POLICY.warming_timeout
    for choice, picks in turns:
        target = pool[choice % len(pool)].snapshot
        gone = set(NAMES) - set(target[CLUSTER].resources)
        left = {name: left.get(name, clock.now()) for name in gone}
        for member in members:
            member.retarget(target)
            for pick in picks:
                member.move(pick)
        pass_time(clock, members, 5.0, frozenset())
        for member in members:
            held = member.envoy.holds(CLUSTER).keys()
            overdue = {name for name in held & gone if clock.now() - left[name] > limit}
            assert not overdue


def _accept(resource: Resource) -> Any:
    del resource
