"""A client with a stream for each of its clusters: nothing is asked of all of them, and nothing is kept of what was."""

from __future__ import annotations

import gc
import weakref

import pytest

from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, ResourceType
from legation.model.snapshot import Collection, Snapshot
from legation.protocol import unanswered
from legation.protocol.machine import Machine
from legation.protocol.messages import DeltaRequest, Request, Response, SotwRequest
from legation.protocol.pending import View
from legation.protocol.refusals import MOST_OFFERS
from legation.protocol.ruling import Ruling
from legation.protocol.sequence import Policy, Sequence, Variant
from tests.small_world import cluster, endpoints, resource, snapshot
from tests.turn import next_response

pytestmark = pytest.mark.parametrize("variant", Variant)

MANY = 100


class Envoy:
    """One that has a stream for its clusters and one for the endpoints of each."""

    def __init__(self, variant: Variant, count: int = MANY) -> None:
        self._variant = variant
        self._sequence = Sequence(Policy(removal_grace=0.0))
        self._machines: dict[object, Machine] = {}
        self.versions = dict.fromkeys(map(str, range(count)), 1)
        self.publish()
        self.ask("clusters", CLUSTER)
        self.answer()
        for name in self.versions:
            self.ask(name, CLUSTER_LOAD_ASSIGNMENT, name)
        self.answer()

    def publish(self) -> Snapshot:
        made = [cluster(name) for name in self.versions]
        target = snapshot(*made, *(_unshared(name, version) for name, version in self.versions.items()))
        self._sequence.retarget(target)
        return target

    def ask(self, stream: str, row: ResourceType, *names: str) -> None:
        machine = self._sequence.open(row, variant=self._variant, owner=stream)
        self._machines[stream] = machine
        self._sequence.receive(machine, self._request(row, names), 0.0)

    def close(self, stream: str) -> None:
        self._sequence.close(self._machines.pop(stream))

    def hear(self) -> list[tuple[object, Response]]:
        """Return who says what, until nobody has anything to say."""
        told: list[tuple[object, Response]] = []
        while found := [(owner, answer) for owner, answer, _ in self._sequence.turns(0.0, lambda _: True)]:
            told += found
        return told

    def answer(self) -> list[object]:
        """Accept all that there is to hear; return which streams said something."""
        said = []
        while told := self.hear():
            for owner, response in told:
                machine = self._machines[owner]
                names = tuple(machine.subscription.names)
                self._sequence.receive(machine, self._request(machine.row, names, response.nonce), 0.0)
                said.append(owner)
        return said

    def refuse(self, stream: str, most: int) -> int:
        """Refuse what that stream says, and accept all else; return how often that was, and stop at the most."""
        refused = 0
        while refused < most and (told := self.hear()):
            for owner, response in told:
                machine = self._machines[owner]
                names, error = tuple(machine.subscription.names), "no good" if owner == stream else None
                self._sequence.receive(machine, self._request(machine.row, names, response.nonce, error), 0.0)
                refused += owner == stream
        return refused

    def _request(self, row: ResourceType, names: tuple[str, ...], nonce: str = "", error: str | None = None) -> Request:
        if self._variant is Variant.SOTW:
            return SotwRequest(type=row, names=names, nonce=nonce, error=error)
        return DeltaRequest(type=row, subscribe=() if nonce else names, nonce=nonce, error=error)


def _unshared(name: str, version: int) -> Resource:
    """Return endpoints that no other test holds."""
    return Resource(type=CLUSTER_LOAD_ASSIGNMENT, name=name, body=b"", version=str(version), references={})


def test_a_change_of_one_resource_looks_at_its_stream_alone(variant: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    envoy = Envoy(variant)
    looked: list[Machine] = []
    view = Ruling.view

    def count(ruling: Ruling, machine: Machine, now: float) -> View | None:
        looked.append(machine)
        return view(ruling, machine, now)

    monkeypatch.setattr(Ruling, "view", count)
    envoy.versions["7"] = 2
    envoy.publish()
    assert envoy.answer() == ["7"]
    assert {machine.subscription.only for machine in looked} == {"7"}


def test_all_are_told_what_concerns_them(variant: Variant) -> None:
    envoy = Envoy(variant)
    envoy.versions = dict.fromkeys(envoy.versions, 2)
    envoy.publish()
    assert sorted(map(str, envoy.answer())) == sorted(envoy.versions)


def test_the_endpoints_of_a_changed_cluster_go_out_again(variant: Variant) -> None:
    envoy = Envoy(variant)
    made = [cluster(name, 2 if name == "7" else 1) for name in envoy.versions]
    envoy._sequence.retarget(snapshot(*made, *map(endpoints, envoy.versions)))
    assert envoy.answer() == ["clusters", "7"]


def test_a_stream_that_ends_is_not_asked_any_more(variant: Variant) -> None:
    envoy = Envoy(variant)
    envoy.close("7")
    envoy.versions |= {"7": 2, "8": 2}
    envoy.publish()
    assert envoy.answer() == ["8"]


def test_a_stream_that_asks_for_another_name_gets_that(variant: Variant) -> None:
    envoy = Envoy(variant)
    machine = envoy._machines["7"]
    request: Request = SotwRequest(type=CLUSTER_LOAD_ASSIGNMENT, names=("8",), nonce=machine.last_nonce)
    if variant is Variant.DELTA:
        request = DeltaRequest(type=CLUSTER_LOAD_ASSIGNMENT, subscribe=("8",), unsubscribe=("7",))
    envoy._sequence.receive(machine, request, 0.0)
    assert envoy.answer() == ["7"]
    envoy.versions |= {"7": 2, "8": 2}
    envoy.publish()
    assert sorted(map(str, envoy.answer())) == ["7", "8"]


def test_no_stream_keeps_the_state_of_the_world_of_another_day(variant: Variant) -> None:
    envoy = Envoy(variant, 20)
    days: list[weakref.ref[Collection]] = []
    for day in range(2, 40):
        envoy.versions[str(day % 20)] = day
        days.append(weakref.ref(envoy.publish()[CLUSTER_LOAD_ASSIGNMENT]))
        envoy.answer()
    gc.collect()
    assert [day() is not None for day in days].count(True) <= 2


def test_a_client_that_never_answers_costs_no_more_and_more(variant: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clusters have another name every time."""
    monkeypatch.setattr(unanswered, "MOST_GONE", 100)
    sequence = Sequence(Policy(removal_grace=0.0))
    machine = sequence.open(CLUSTER, variant=variant, owner="stream")
    request = SotwRequest if variant is Variant.SOTW else DeltaRequest
    sequence.receive(machine, request(type=CLUSTER), 0.0)
    sizes = []
    for moment in range(100):
        names = (str(10 * moment + each) for each in range(10))
        sequence.retarget(snapshot(*(resource.__wrapped__(CLUSTER, name) for name in names)))
        next_response(sequence, float(moment), "stream")
        entries = machine.ledger.unanswered
        sizes.append(sum(len(each.changed) + len(each.removed) + len([*each.news]) for each in entries))
    assert len(machine.ledger.unanswered) <= 17
    assert max(sizes[50:]) <= max(sizes[:50])


@pytest.mark.parametrize("count", [2, MANY])
def test_who_refuses_whatever_it_is_told_is_left_alone_after_a_while(variant: Variant, count: int) -> None:
    envoy = Envoy(variant, count)
    del envoy.versions["1"]
    envoy.publish()
    most = 2 * MOST_OFFERS
    assert envoy.refuse("1", most) < most
