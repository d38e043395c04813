"""Lines out of parts that end anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.kube.lines import LineCutter


@pytest.mark.parametrize(
    ("parts", "lines", "rest"),
    [
        ([b"a\n"], [b"a"], b""),
        ([b"a", b"b\nc"], [b"ab"], b"c"),
        ([b"a\n\nb\r\n"], [b"a", b"b\r"], b""),
        ([b"", b"\n", b"a"], [], b"a"),
    ],
)
def test_some_parts(parts: list[bytes], lines: list[bytes], rest: bytes) -> None:
    cutter = LineCutter()
    assert [line for part in parts for line in cutter.feed(part)] == lines
    assert cutter.rest() == rest


@given(st.lists(st.binary(max_size=5).map(lambda each: each.replace(b"\x00", b"\n"))))
def test_it_does_not_matter_where_the_parts_end(parts: list[bytes]) -> None:
    cutter = LineCutter()
    lines = [line for part in parts for line in cutter.feed(part)]
    *whole, rest = b"".join(parts).split(b"\n")
    assert lines == [line for line in whole if line]
    assert cutter.rest() == rest
