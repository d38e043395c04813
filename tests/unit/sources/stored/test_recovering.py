"""What a journal adds up to after the program ended, however it did."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.model.stored import Change
from legation.sources.stored.journal_format import head_line, object_line, transaction_line
from legation.sources.stored.recovering import Recovered, UnknownFormat, recover
from tests.unit.sources.stored.stored_things import gone, key, put, specs, stored

HEAD = head_line(revision=2, objects=2)
BEFORE = [object_line(stored("a", 1, 1)), object_line(stored("b", 2, 1))]
TRANSACTIONS: Sequence[Sequence[Change]] = (
    [put("a", 3, 2), put("b", 4, 2)],
    [gone("a", 5), put("c", 6, 1)],
    [put("a", 7, 3), put("c", 8, 2), gone("b", 9)],
)
STATES = (
    {"a": 1, "b": 1},
    {"a": 2, "b": 2},
    {"b": 2, "c": 1},
    {"a": 3, "c": 2},
)
LINES = [transaction_line(each, durable=each[0].revision - 1) for each in TRANSACTIONS]


def held(found: Recovered) -> dict[str, object]:
    return specs([*found.objects.values()])


def damaged(line: bytes) -> bytes:
    return line[:20] + b"#" + line[21:]


def test_a_whole_journal_is_read_to_its_end() -> None:
    journal = b"".join([HEAD, *BEFORE, *LINES])
    found = recover(journal)
    assert held(found) == STATES[-1]
    assert (found.history.oldest, found.revision, found.sound, found.is_sound) == (2, 9, len(journal), True)
    assert [change.revision for change in found.history.after(2)] == [3, 4, 5, 6, 7, 8, 9]
    assert found.objects[key("a")] == stored("a", 7, 3)


def test_a_change_knows_what_was_there_before() -> None:
    found = recover(b"".join([HEAD, *BEFORE, *LINES]))
    previous = {each.revision: each.previous and each.previous.body["spec"] for each in found.history.after(2)}
    assert previous == {3: 1, 4: 1, 5: 2, 6: None, 7: None, 8: 1, 9: 2}


def test_where_there_was_none_the_numbers_begin_as_asked() -> None:
    assert recover(b"", begin=7).revision == 7


def test_no_journal_is_an_empty_one() -> None:
    found = recover(b"")
    assert (held(found), found.revision, found.sound, found.is_sound) == ({}, 0, 0, True)


def test_wherever_the_end_is_torn_each_transaction_is_there_whole_or_not_at_all() -> None:
    begin = len(HEAD) + sum(map(len, BEFORE))
    journal = b"".join([HEAD, *BEFORE, *LINES])
    for size in range(begin, len(journal) + 1):
        found = recover(journal[:size])
        whole = sum(begin + sum(map(len, LINES[: number + 1])) <= size for number in range(3))
        assert held(found) == STATES[whole]
        assert found.is_sound
        assert found.sound == begin + sum(map(len, LINES[:whole]))
        assert recover(journal[: found.sound]).revision == found.revision


@pytest.mark.parametrize("number", [0, 1])
def test_what_is_damaged_in_the_middle_is_said_and_the_rest_counts(number: int) -> None:
    lines = [*LINES]
    lines[number] = damaged(lines[number])
    found = recover(b"".join([HEAD, *BEFORE, *lines]))
    assert found.damaged == (4 + number,)
    assert found.cut == 0
    assert held(found) == STATES[-1]
    assert found.revision == 9
    assert found.history.oldest == TRANSACTIONS[number][-1].revision


def test_a_transaction_that_lacks_is_said() -> None:
    found = recover(b"".join([HEAD, *BEFORE, LINES[0], LINES[2]]))
    assert found.damaged == (5,)
    assert held(found) == {"a": 3, "c": 2}


def test_an_object_that_lacks_behind_the_head_is_said() -> None:
    assert recover(b"".join([HEAD, BEFORE[0], *LINES])).damaged == (3,)
    assert recover(b"".join([HEAD, BEFORE[0]])).damaged == (1,)
    assert recover(b"".join([HEAD, damaged(BEFORE[0]), BEFORE[1]])).damaged == (2,)


def test_of_writes_that_nobody_was_promised_the_first_that_is_broken_ends_it() -> None:
    """After a power failure the blocks of one batch may be there in any order."""
    one, two, three = (transaction_line(each, durable=2) for each in TRANSACTIONS)
    found = recover(b"".join([HEAD, *BEFORE, one, damaged(two), three]))
    assert found.is_sound
    assert held(found) == STATES[1]
    assert found.sound == len(b"".join([HEAD, *BEFORE, one]))
    assert found.revision == 4


def test_whole_lines_at_the_end_that_cannot_be_read_are_said_and_their_numbers_not_given_again() -> None:
    journal = b"".join([HEAD, *BEFORE, *LINES[:2], damaged(LINES[2])])
    found = recover(journal)
    assert (found.cut, found.damaged) == (6, ())
    assert not found.is_sound
    assert held(found) == STATES[2]
    assert found.revision > 9
    assert found.history.oldest == found.revision


def test_a_journal_without_its_head_is_damaged_and_its_numbers_are_not_given_again() -> None:
    found = recover(b"".join([damaged(HEAD), *BEFORE, *LINES]), begin=1_000_000)
    assert 1 in found.damaged
    assert held(found) == STATES[-1]
    assert found.revision > 9


def test_a_newer_format_is_refused() -> None:
    line = head_line(revision=1, objects=0).partition(b" ")[2].replace(b'"format":1', b'"format":2').rstrip()
    with pytest.raises(UnknownFormat):
        recover(b"%08x %b\n" % (crc32(line), line))


@given(data=st.data())
def test_whatever_is_damaged_nothing_is_half_applied_and_no_damage_goes_unsaid(data: st.DataObject) -> None:
    journal = bytearray(b"".join([HEAD, *BEFORE, *LINES]))
    position = data.draw(st.integers(0, len(journal) - 1))
    journal[position] ^= data.draw(st.integers(1, 255))
    try:
        found = recover(bytes(journal))
    except UnknownFormat:  # pragma: no cover - the checksum would have to fit
        raise AssertionError from None
    # The newline of the last line is all that may look like a torn end.
    assert not found.is_sound or position == len(journal) - 1
    values = held(found)
    assert values.get("a") in {None, 1, 2, 3}
