"""The book of objects, against a naive model of it: a list of all states that there ever were."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from legation.errors import FieldConflicts, ObjectNotFound, VersionConflict
from legation.model.objects import ObjectKey
from legation.model.stored import NO_PRECONDITION, Outcome, Precondition, StoredObject
from legation.sources.stored.applying import Hand
from legation.sources.stored.book import Book, Plan
from legation.sources.stored.given import read_all
from legation.sources.stored.history import History
from legation.sources.stored.pages import Question, page
from tests.unit.sources.stored.stored_things import MOMENT, key, specs, thing

NAMES = st.sampled_from("abc")


def hand(manager: str = "me") -> Hand:
    return Hand(manager=manager, force=False, moment=MOMENT)


def apply(book: Book, *bodies: dict[str, Any], manager: str = "me") -> Plan:
    plan = book.plan_apply(read_all(bodies), hand=hand(manager), make_uid=lambda: "uid")
    book.queue(plan)
    return plan


def delete(book: Book, *names: str, missing_ok: bool = False) -> Plan:
    plan = book.plan_delete([(key(name), NO_PRECONDITION) for name in names], missing_ok=missing_ok)
    book.queue(plan)
    return plan


def test_what_is_queued_nobody_reads_before_it_is_kept() -> None:
    book = Book()
    plan = apply(book, thing("a", 1))
    with pytest.raises(ObjectNotFound):
        book.get(key("a"))
    assert book.revision == 0
    book.keep(plan)
    assert book.get(key("a")).resource_version == "1"
    assert book.revision == 1


def test_the_next_plan_rests_on_what_is_queued() -> None:
    book = Book()
    first, second, third = apply(book, thing("a", 1)), apply(book, thing("a", 2)), delete(book, "a")
    assert second.applied[0].outcome is Outcome.CHANGED
    with pytest.raises(ObjectNotFound):
        delete(book, "a")
    book.keep(first)
    assert specs([book.get(key("a"))]) == {"a": 1}
    book.keep(second)
    book.keep(third)
    assert book.revision == 3
    assert [change.previous and change.previous.body["spec"] for change in book.history.after(0)] == [None, 1, 2]


def test_what_is_kept_of_an_object_hides_nothing_that_waits_still() -> None:
    book = Book()
    first = apply(book, thing("a", 1))
    apply(book, thing("a", 2))
    book.keep(first)
    (again,) = apply(book, thing("a", 2)).applied
    assert again.outcome is Outcome.UNCHANGED
    assert again.stored.resource_version == "2"


def test_when_the_disk_refuses_all_that_waits_is_forgotten() -> None:
    book = Book()
    book.keep(apply(book, thing("a", 1)))
    apply(book, thing("a", 2))
    apply(book, thing("b", 1))
    book.refuse()
    again = apply(book, thing("a", 3))
    assert again.changes[0].revision == 2
    assert again.changes[0].previous is book.get(key("a"))


def test_all_or_none() -> None:
    book = Book()
    book.keep(apply(book, thing("a", 1)))
    with pytest.raises(FieldConflicts) as caught:
        apply(book, thing("b", 1), thing("a", 2), thing("c", 1), manager="other")
    assert [(each.index, each.path) for each in caught.value.conflicts] == [(1, "spec")]
    with pytest.raises(VersionConflict):
        apply(book, thing("b", 1), thing("a", 2, resourceVersion="7"))
    with pytest.raises(ObjectNotFound) as missing:
        delete(book, "a", "b")
    assert missing.value.index == 1
    assert specs([*book.kept.values()]) == {"a": 1}
    assert apply(book, thing("z", 1)).changes[0].revision == 2


def test_a_transaction_gives_each_of_its_changes_a_number() -> None:
    book = Book()
    book.keep(apply(book, thing("b", 1), thing("a", 1)))
    plan = apply(book, thing("b", 1), thing("a", 2), thing("c", 1))
    assert [(each.key.name, each.outcome) for each in plan.applied] == [
        ("b", Outcome.UNCHANGED),
        ("a", Outcome.CHANGED),
        ("c", Outcome.CREATED),
    ]
    assert [each.stored.resource_version for each in plan.applied] == ["1", "3", "4"]


def test_a_dry_run_gives_no_numbers() -> None:
    book = Book()
    book.keep(apply(book, thing("a", 1)))
    given = read_all([thing("a", 2), thing("b", 1)])
    plan = book.plan_apply(given, hand=hand(), make_uid=lambda: "uid", dry_run=True)
    assert [each.stored.resource_version for each in plan.applied] == ["1", ""]
    assert plan.changes == ()


def test_what_is_deleted_must_be_what_was_said() -> None:
    book = Book()
    book.keep(apply(book, thing("a", 1)))
    for precondition in (Precondition(uid="other"), Precondition(resource_version="2")):
        with pytest.raises(VersionConflict):
            book.plan_delete([(key("a"), precondition)], missing_ok=True)
    plan = book.plan_delete([(key("a"), Precondition(uid="uid", resource_version="1"))] * 2, missing_ok=False)
    assert specs(plan.deleted) == {"a": 1}
    assert len(plan.changes) == 1


def test_what_is_missing_may_be_passed_over() -> None:
    book = Book()
    book.keep(apply(book, thing("a", 1)))
    assert specs(delete(book, "x", "a", missing_ok=True).deleted) == {"a": 1}


class Naive(RuleBasedStateMachine):
    """Whatever is planned, kept and refused: the book shows what a list of states shows."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()
        self.uids = map(str, count())
        self.states: list[dict[ObjectKey, StoredObject]] = [{}]
        """What there was at each revision."""
        self.waiting: list[Plan] = []

    def head(self) -> dict[ObjectKey, StoredObject]:
        state = dict(self.states[-1])
        for plan in self.waiting:
            for each in plan.changes:
                self.change(state, each.key, each.stored)
        return state

    @staticmethod
    def change(state: dict[ObjectKey, StoredObject], key: ObjectKey, stored: StoredObject | None) -> None:
        if stored is None:
            del state[key]
        else:
            state[key] = stored

    @rule(bodies=st.dictionaries(NAMES, st.integers(0, 2), max_size=3), manager=st.sampled_from(("me", "other")))
    def apply(self, bodies: dict[str, int], manager: str) -> None:
        head = self.head()
        given = read_all([thing(name, value) for name, value in bodies.items()])
        differing = [
            name
            for name, value in bodies.items()
            if (live := head.get(key(name))) is not None
            and live.body["spec"] != value
            and any(each.manager != manager for each in live.owners)
        ]
        try:
            plan = self.book.plan_apply(given, hand=hand(manager), make_uid=lambda: next(self.uids))
        except FieldConflicts:
            assert differing
            return
        assert not differing
        for each, (name, value) in zip(plan.applied, bodies.items(), strict=True):
            assert (each.key, each.stored.body["spec"]) == (key(name), value)
            assert (each.outcome is Outcome.CREATED) == (key(name) not in head)
            assert (each.outcome is Outcome.UNCHANGED) == (head.get(key(name)) is each.stored)
        self.book.queue(plan)
        self.waiting.append(plan)

    @rule(names=st.sets(NAMES, max_size=3))
    def delete(self, names: set[str]) -> None:
        head = self.head()
        plan = delete(self.book, *sorted(names), missing_ok=True)
        assert plan.deleted == tuple(head[key(name)] for name in sorted(names) if key(name) in head)
        self.waiting.append(plan)

    @rule(number=st.integers(0, 3))
    def keep(self, number: int) -> None:
        for plan in self.waiting[:number]:
            self.book.keep(plan)
            for each in plan.changes:
                state = dict(self.states[-1])
                self.change(state, each.key, each.stored)
                self.states.append(state)
                assert each.revision == len(self.states) - 1
        del self.waiting[:number]

    @rule()
    def refuse(self) -> None:
        self.book.refuse()
        self.waiting.clear()

    @rule(data=st.data(), limit=st.integers(1, 3))
    def list_all(self, data: st.DataObject, limit: int) -> None:
        """All pages show one state, though changes are kept between them."""
        seen: list[StoredObject] = []
        token = ""
        state = self.states[-1]
        while True:
            found = page(self.book, Question(), limit=limit, token=token)
            assert len(found.objects) <= limit
            seen += found.objects
            token = found.next_token
            if not token:
                break
            self.keep(data.draw(st.integers(0, 2)))
        assert seen == [state[each] for each in sorted(state)]

    @invariant()
    def what_is_read_is_what_is_kept(self) -> None:
        state = self.states[-1]
        assert self.book.revision == len(self.states) - 1
        assert dict(self.book.kept) == state
        assert list(self.book.keys()) == sorted(state)
        assert {each.revision for each in self.book.history.after(0)} == set(range(1, len(self.states)))


TestNaive = Naive.TestCase
TestNaive.settings = settings(stateful_step_count=40, deadline=None)


@drawn(st.sets(NAMES), NAMES)
def test_keys_after_one_of_them(names: set[str], after: str) -> None:
    book = Book()
    book.keep(apply(book, *(thing(name) for name in names)))
    assert [each.name for each in book.keys(after=key(after))] == sorted(name for name in names if name > after)


def test_it_goes_on_from_what_was_kept_before() -> None:
    book = Book()
    book.keep(apply(book, thing("a", 1), thing("b", 1)))
    again = Book(book.kept, history=History(2))
    plan = apply(again, thing("a", 2))
    assert plan.changes[0].revision == 3
