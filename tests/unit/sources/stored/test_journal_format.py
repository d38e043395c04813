"""What stands in the journal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.sources.stored.journal_format import (
    changes_of,
    head_line,
    object_line,
    read_line,
    stored_of,
    transaction_line,
)
from tests.unit.sources.stored.stored_things import gone, key, put, stored

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=10,
)


def test_a_line_can_be_read_by_people() -> None:
    line = transaction_line([gone("a", 7)], durable=6)
    assert re.fullmatch(rb"[0-9a-f]{8} (.*)\n", line)
    assert line[9:] == (b'{"revision":7,"durable":6,"changes":[{"delete":["bootes.io","Thing","default","a"]}]}\n')


def test_the_head() -> None:
    line = read_line(head_line(revision=7, objects=2).rstrip(b"\n"))
    assert line is not None
    assert (line.format, line.revision, line.objects) == (1, 7, 2)


@given(spec=JSON)
def test_an_object_is_read_as_it_was_written(spec: object) -> None:
    text = object_line(stored("a", 7, spec))
    assert text.count(b"\n") == 1
    line = read_line(text[:-1])
    assert line is not None
    assert line.object is not None
    found = stored_of(line.object)
    assert repr(found.body) == repr(stored("a", 7, spec).body)
    assert found.owners == stored("a", 7, spec).owners
    assert found.key == key("a")


def test_changes_are_read_as_they_were_written() -> None:
    text = transaction_line([put("a", 7, 1), gone("b", 8)], durable=6)
    line = read_line(text[:-1])
    assert line is not None
    before = stored("b", 2)
    first, second = changes_of(line, {key("b"): before})
    assert (first.revision, first.key, first.stored, first.previous) == (7, key("a"), stored("a", 7, 1), None)
    assert (second.revision, second.key, second.stored, second.previous) == (8, key("b"), None, before)


@pytest.mark.parametrize(
    "text", [b"", b"12345678", b"12345678 {}", b"00000000 ", b"a3830348  {}", b"deadbeef\n", b"4d1a8a97 [1"]
)
def test_what_is_no_line_is_not_read(text: bytes) -> None:
    assert read_line(text) is None


@given(st.binary(max_size=100))
def test_nothing_breaks_the_reader(text: bytes) -> None:
    read_line(text)
