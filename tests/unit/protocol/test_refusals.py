"""Who is tried after a refusal that names nobody, in what order, and what is put aside in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from legation.model.events import Refused
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER
from legation.model.snapshot import Snapshot, collect
from legation.model.verdicts import MOST_VERDICTS, Verdicts
from legation.protocol.messages import DeltaRequest, SotwRequest
from legation.protocol.refusals import MOST_OFFERS
from legation.protocol.sequence import Sequence, Variant
from tests.small_world import resource, snapshot
from tests.turn import next_response

STREAM = object()


class Client:
    """A client that subscribes to all clusters, and refuses what holds a bad one without a word of which."""

    def __init__(
        self,
        variant: Variant,
        judge: Callable[[Resource], bool],
        verdicts: Verdicts | None = None,
        words: str = "no good",
    ) -> None:
        self.sequence = Sequence(verdicts=None if verdicts is None else lambda: verdicts)
        self.verdicts = verdicts
        self.words = words
        self.variant = variant
        self.judge = judge
        self.machine = self.sequence.open(CLUSTER, variant=variant, owner=STREAM)
        self.responses = 0
        self.refused: list[Refused] = []
        self.say()

    def have(self, names: Iterable[str], version: int = 1, **others: int) -> None:
        versions = dict.fromkeys(names, version) | others
        target = Snapshot.of([collect(CLUSTER, [resource(CLUSTER, *each) for each in versions.items()])])
        if self.verdicts is not None:
            self.verdicts.follow(target)
        self.sequence.retarget(target)
        while (found := next_response(self.sequence, 0.0, STREAM)) is not None:
            self.responses += 1
            assert self.responses < 10_000
            response = found[0]
            bad = any(self.judge(each) for each in response.resources)
            self.say(response.nonce, self.words if bad else None)

    def say(self, nonce: str = "", error: str | None = None) -> None:
        request = SotwRequest if self.variant is Variant.SOTW else DeltaRequest
        events = self.sequence.receive(self.machine, request(type=CLUSTER, nonce=nonce, error=error), 0.0)
        self.refused += [event for event in events if isinstance(event, Refused)]

    def accepted(self) -> set[str]:
        return {each.name for each in self.machine.ledger.accepted.base if self.machine.ledger.holds(each.name)}


ALL = [f"c{number:03}" for number in range(100)]
variants = pytest.mark.parametrize("variant", Variant)


@variants
@pytest.mark.parametrize("bad", [{"c000"}, {"c099"}, {"c042"}, {"c010", "c011"}, {"c000", "c050", "c099"}])
def test_who_is_to_blame_is_found_and_all_others_are_taken(variant: Variant, bad: set[str]) -> None:
    client = Client(variant, lambda each: each.name in bad)
    client.have(ALL)
    assert client.accepted() == set(ALL) - bad
    assert {each.name for event in client.refused for each in event.suspects} == bad
    assert not any(event.parked for event in client.refused)
    assert all(bool(event.doubted) is not bool(event.suspects) for event in client.refused)
    assert client.responses <= 2 + 14 * len(bad)


@variants
def test_a_client_that_refuses_everything_is_left_alone_after_a_while(variant: Variant) -> None:
    client = Client(variant, lambda _: True)
    client.have(ALL)
    assert client.responses <= 2 * MOST_OFFERS
    before, client.responses = client.responses, 0
    client.have(ALL)
    assert (before > 0, client.responses) == (True, 0)
    client.have(ALL, c000=2)
    assert 0 < client.responses <= 2 * MOST_OFFERS


@variants
def test_what_was_not_tried_to_the_end_is_told_together_and_comes_back_with_a_change(variant: Variant) -> None:
    bad = set(ALL[1::2])
    client = Client(variant, lambda each: each.name in bad and each.version == "1")
    client.have(ALL)
    parked = client.refused[-1]
    assert not parked.suspects
    assert len(parked.parked) > 1
    client.have(ALL, **dict.fromkeys(bad, 2))
    assert client.accepted() == set(ALL)


@variants
def test_what_is_mended_meanwhile_is_not_to_blame_any_more(variant: Variant) -> None:
    client = Client(variant, lambda each: each.name == "c042" and each.version == "1")
    client.have(ALL)
    client.have(ALL, c042=2)
    assert client.accepted() == set(ALL)


@variants
def test_a_refused_change_leaves_what_was_accepted_before(variant: Variant) -> None:
    client = Client(variant, lambda each: each.name == "c042" and each.version == "2")
    client.have(ALL)
    client.have(ALL, version=2)
    held = {name: each.version for name in ALL if (each := client.machine.ledger.accepted.get(name)) is not None}
    assert held == dict.fromkeys(ALL, "2") | {"c042": "1"}


@variants
@pytest.mark.parametrize("words", ["no good", "cluster c042: no good"], ids=["halved", "named"])
def test_what_one_client_proved_is_offered_to_the_others_of_its_group_last_and_alone(
    variant: Variant, words: str
) -> None:
    verdicts = Verdicts()
    first, second, third = (Client(variant, lambda each: each.name == "c042", verdicts, words) for _ in range(3))
    first.have(ALL)
    second.have(ALL)
    assert second.responses == 2
    assert [[each.name for each in event.suspects] for event in second.refused] == [["c042"]]
    assert second.accepted() == set(ALL) - {"c042"}
    third.judge = lambda _: False
    third.have(ALL)
    assert (third.responses, third.accepted()) == (2, set(ALL))


@variants
def test_a_verdict_is_forgotten_with_its_content(variant: Variant) -> None:
    verdicts = Verdicts()
    Client(variant, lambda each: each.name == "c042" and each.version == "1", verdicts).have(ALL)
    assert dict(verdicts.of(CLUSTER)) == {"c042": "1"}
    later = Client(variant, lambda _: False, verdicts)
    later.have(ALL, c042=2)
    assert (later.responses, dict(verdicts.of(CLUSTER))) == (1, {})


def test_a_late_refusal_of_what_has_changed_takes_no_verdict_of_the_new_away() -> None:
    verdicts = Verdicts()
    verdicts.follow(snapshot(resource(CLUSTER, "a", 2), resource(CLUSTER, "b", 1)))
    verdicts.prove([resource(CLUSTER, "a", 2)])
    verdicts.prove([resource(CLUSTER, "a", 1), resource(CLUSTER, "gone", 1), resource(CLUSTER, "b", 1)])
    assert dict(verdicts.of(CLUSTER)) == {"a": "2", "b": "1"}


def test_a_group_remembers_few_verdicts() -> None:
    verdicts = Verdicts()
    for number in range(2 * MOST_VERDICTS):
        verdicts.prove([resource(CLUSTER, f"c{number}")])
    assert len(verdicts.of(CLUSTER)) == MOST_VERDICTS
    assert f"c{2 * MOST_VERDICTS - 1}" in verdicts.of(CLUSTER)


@variants
def test_clients_that_try_at_the_same_time_learn_from_one_another(variant: Variant) -> None:
    """The second hears in the middle of its own trial whom the first found."""
    verdicts = Verdicts()
    alone = Client(variant, lambda each: each.name == "c000")
    alone.have(ALL)

    def judge(each: Resource) -> bool:
        verdicts.prove([resource(CLUSTER, "c000", 1)])
        return each.name == "c000"

    second = Client(variant, judge, verdicts)
    second.have(ALL)
    assert second.accepted() == set(ALL) - {"c000"}
    assert second.responses == 3 < alone.responses
