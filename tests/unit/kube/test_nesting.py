"""What is cut out of JSON that is nested too deep, and put back."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.kube.nesting import DEEPEST, decoded, is_deep, restored, shortened

Inner = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='a"\\[]{}\n\u00e9') | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='a"\\[]{}'), inner, max_size=3),
    max_leaves=8,
)


def nested(levels: int, inner: str = "1", *, opening: str = '{"]}":', closing: str = "}") -> bytes:
    return (opening * levels + inner + closing * levels).encode()


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('["]\\\\\\"[",', "]"), ("[ ", " ]")])
def test_what_lies_deeper_than_the_limit_becomes_a_string(opening: str, closing: str) -> None:
    kept = nested(DEEPEST, opening=opening, closing=closing)
    assert shortened(kept) == kept
    assert not is_deep(kept)
    deep = nested(DEEPEST, "[1]", opening=opening, closing=closing)
    assert is_deep(deep)
    short = shortened(deep)
    assert short == kept.replace(b"1", short[len(opening) * DEEPEST : -len(closing) * DEEPEST])
    assert isinstance(json.loads(short), list | dict)
    assert restored(short, deep) == deep


@given(
    values=st.lists(Inner, max_size=3), depth=st.integers(DEEPEST - 4, DEEPEST + 4), indent=st.sampled_from([None, 1])
)
def test_whatever_is_cut_out_is_put_back(values: list[Any], depth: int, indent: int | None) -> None:
    text = nested(depth, json.dumps(values, indent=indent, ensure_ascii=False))
    short = shortened(text)
    json.loads(short)
    assert shortened(short) == short
    assert restored(short, text) == text
    assert is_deep(text) == (short != text)


def test_many_values_are_cut_out_one_by_one() -> None:
    text = b"[" + b",".join(nested(DEEPEST, f"[{each}]") for each in range(5)) + b',"[[",{}]'
    short = shortened(text)
    assert short.count(b'{"]}":') == 5 * (DEEPEST - 1)
    first, *_ = msgspec.json.decode(short, type=list[msgspec.Raw])
    assert restored(bytes(first), text) == nested(DEEPEST, "[0]")


@pytest.mark.parametrize("levels", [10_000, 700_000])
def test_the_text_may_be_nested_as_deep_as_it_likes(levels: int) -> None:
    text = nested(levels)
    assert restored(shortened(text), text) == text


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b'"',
        b'"\\',
        b"]" * 1000,
        b'"' + b'\\"' * 700_000,
        b'{"' * 500_000,
        b'[""' * 500_000,
        b"[" * 1_000_000,
        b"[" * 1_000_000 + b"]",
        b"\xff[\xff",
    ],
)
def test_what_is_no_json_is_no_json_afterwards(text: bytes) -> None:
    short = shortened(text)
    assert len(short) <= len(text)
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        msgspec.json.decode(short)


class Named(msgspec.Struct):
    name: str


def test_what_is_said_beside_can_be_decoded() -> None:
    decoder = msgspec.json.Decoder(Named)
    text = b'{"more": ' + nested(20_000) + b', "name": "a"}'
    assert decoded(decoder, text) == decoded(decoder, msgspec.Raw(text)) == Named("a")
    with pytest.raises(msgspec.ValidationError):
        decoded(decoder, text.replace(b'"name"', b'"other"'))
