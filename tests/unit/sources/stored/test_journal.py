"""The journal on a disk that fails, forgets and loses power."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from legation.model.objects import ObjectKey
from legation.model.stored import Change, StoredObject
from legation.sources.stored.disk import FolderInUse
from legation.sources.stored.journal import Journal
from tests.unit.sources.stored.stored_things import FakeDisk, gone, put, specs


def once(name: str) -> Callable[[str], bool]:
    """Return what fails one call of that name."""
    left = [name]

    def fails(call: str) -> bool:
        return bool(left) and call == left[0] and bool(left.pop())

    return fails


def append(journal: Journal, *changes: Change, durable: int = 0) -> None:
    journal.append([changes], kept={}, durable=durable)


def is_due(journal: Journal) -> bool:
    """Ask anew, which mypy would not believe of a property."""
    return journal.is_due


def reopened(disk: FakeDisk, more: int = 0) -> dict[str, object]:
    """Return what there is after a power failure."""
    found = Journal(FakeDisk(disk.file.after_power_failure(more))).open()
    assert found.is_sound
    return specs([*found.objects.values()])


def test_what_was_appended_is_there_after_a_power_failure() -> None:
    disk = FakeDisk()
    journal = Journal(disk)
    journal.open()
    append(journal, put("a", 1), put("b", 2))
    append(journal, gone("a", 3), durable=2)
    assert reopened(disk) == {"b": {}}


def test_many_transactions_wait_for_the_disk_once() -> None:
    disk = FakeDisk()
    journal = Journal(disk)
    journal.open()
    disk.calls.clear()
    journal.append([[put(f"a{number}", number)] for number in range(1, 100)], kept={}, durable=0)
    assert disk.calls == ["write", "sync"]


def test_a_write_that_fails_half_way_is_taken_back_and_the_next_one_works() -> None:
    disk = FakeDisk()
    journal = Journal(disk)
    journal.open()
    append(journal, put("a", 1))
    disk.fails = once("write")
    with pytest.raises(OSError, match="Input/output"):
        append(journal, put("b", 2), durable=1)
    append(journal, put("c", 2), durable=1)
    assert reopened(disk) == {"a": {}, "c": {}}
    assert "begin_anew" not in disk.calls[2:]


def test_after_a_sync_that_failed_nothing_that_stands_there_is_trusted() -> None:
    """The system drops what it could not write, and says that once."""
    disk = FakeDisk()
    journal = Journal(disk)
    first = put("a", 1)
    journal.open()
    append(journal, first)
    disk.fails = once("sync")
    with pytest.raises(OSError, match="Input/output"):
        append(journal, put("b", 2), durable=1)
    assert first.stored is not None
    journal.append([[put("c", 2)]], kept={first.key: first.stored}, durable=1)
    assert reopened(disk) == {"a": {}, "c": {}}
    assert disk.calls[-5:] == ["begin_anew", "write_anew", "put_anew", "write", "sync"]


def test_a_journal_that_somebody_deleted_is_written_anew() -> None:
    disk = FakeDisk()
    journal = Journal(disk)
    first = put("a", 1)
    journal.open()
    append(journal, first)
    disk.was_deleted = True
    assert first.stored is not None
    journal.append([[put("c", 2)]], kept={first.key: first.stored}, durable=1)
    assert not disk.was_deleted
    assert reopened(disk) == {"a": {}, "c": {}}


def test_it_is_written_anew_bit_by_bit_while_appends_go_on() -> None:
    disk = FakeDisk()
    journal = Journal(disk, slack=100_000)
    journal.open()
    kept: dict[ObjectKey, StoredObject] = {}
    revision = 0

    def change() -> None:
        nonlocal revision
        each = put(f"a{revision % 500}", revision + 1, revision)
        journal.append([[each]], kept=kept, durable=revision)
        revision += 1
        assert each.stored is not None
        kept[each.key] = each.stored

    while len(kept) < 500 or not is_due(journal):
        change()
    before = len(disk.file.seen)
    steps = 0
    while is_due(journal):
        journal.step(kept, revision=revision)
        change()
        steps += 1
    assert steps == 4  # of 501 lines 200 at a time, and to put it in its place
    assert len(disk.file.seen) < before // 2
    assert reopened(disk) == {each.name: stored.body["spec"] for each, stored in kept.items()}


def test_when_it_cannot_be_written_anew_the_old_one_goes_on_and_is_not_tried_at_once_again() -> None:
    disk = FakeDisk()
    journal = Journal(disk, slack=1000)
    journal.open()
    revision = 0
    while not is_due(journal):
        revision += 1
        append(journal, put("a", revision, revision), durable=revision - 1)
    disk.fails = once("write_anew")
    with pytest.raises(OSError, match="Input/output"):
        journal.step({}, revision=revision)
    assert not is_due(journal)
    append(journal, put("b", revision + 1), durable=revision)
    assert reopened(disk) == {"a": revision, "b": {}}


def test_a_damaged_journal_is_kept_aside() -> None:
    disk = FakeDisk()
    journal = Journal(disk)
    journal.open()
    for revision in range(1, 4):
        append(journal, put(f"a{revision}", revision), durable=revision - 1)
    lines = bytes(disk.file.seen).splitlines(keepends=True)
    lines[2] = b"#" + lines[2]
    other = FakeDisk(b"".join(lines))
    found = Journal(other).open()
    assert found.damaged == (3,)
    assert other.aside == {"objects.damaged-3": b"".join(lines)}
    assert reopened(other) == {"a1": {}, "a3": {}}


def test_only_one_process_has_it() -> None:
    disk = FakeDisk()
    Journal(disk).open()
    with pytest.raises(FolderInUse):
        Journal(disk).open()


class Failing(RuleBasedStateMachine):
    """Appends, with failures of every kind between them: what was promised is there, what was refused is not."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = FakeDisk()
        self.journal = Journal(self.disk, slack=0)
        self.kept: dict[ObjectKey, StoredObject] = {}
        self.revision = 0

    @initialize()
    def begin(self) -> None:
        self.journal.open()

    @rule(
        names=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True),
        seed=st.integers(0, 2**32),
        failing=st.sampled_from((0, 0, 0.3, 0.9)),
    )
    def append(self, names: list[str], seed: int, failing: float) -> None:
        self._fail(seed, failing)
        changes = [
            gone(name, revision) if name in {each.name for each in self.kept} and seed % 3 == 0 else put(name, revision)
            for revision, name in enumerate(names, self.revision + 1)
        ]
        try:
            self.journal.append([changes], kept=self.kept, durable=self.revision)
        except OSError:
            return
        for each in changes:
            if each.stored is None:
                del self.kept[each.key]
            else:
                self.kept[each.key] = each.stored
        self.revision = changes[-1].revision

    @rule(seed=st.integers(0, 2**32), failing=st.sampled_from((0, 0, 0.5)))
    def step(self, seed: int, failing: float) -> None:
        self._fail(seed, failing)
        if self.journal.is_due:
            try:
                self.journal.step(self.kept, revision=self.revision)
            except OSError:
                return

    @rule(more=st.integers(0, 500))
    def lose_power(self, more: int) -> None:
        self.disk = FakeDisk(self.disk.file.after_power_failure(more))
        self.journal = Journal(self.disk, slack=0)
        found = self.journal.open()
        assert found.revision == self.revision
        assert found.objects == self.kept

    @invariant()
    def what_was_promised_is_on_the_disk(self) -> None:
        if self.revision:
            found = Journal(FakeDisk(self.disk.file.after_power_failure())).open()
            # What was refused may be there when the disk did not even let it be taken away; what was promised is.
            assert found.revision >= self.revision
            if found.revision == self.revision:
                assert found.objects == self.kept

    def _fail(self, seed: int, share: float) -> None:
        chance = random.Random(seed)
        self.disk.fails = lambda _call: chance.random() < share


TestFailing = Failing.TestCase
TestFailing.settings = settings(stateful_step_count=30, deadline=None)
