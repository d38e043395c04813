"""What Envoy reads of a file: tried on the real one, 1.40."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.texts import kubectl_yaml, positioned_json
from legation.texts.envoy_yaml import read
from legation.texts.kubectl_yaml import YamlFault
from legation.texts.places import Wanted
from tests.unit.texts.styles import Piece, documents, joined

LAUGHS = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
DEEP_ALIASES = "a0: &a0 [1]\n" + "".join(f"a{level + 1}: &a{level + 1} [*a{level}]\n" for level in range(120))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x 1\nb: *x\n", {"a": 1, "b": 1}),
        ("a: &x {m: 1}\nb: {<<: *x}\n", {"a": {"m": 1}, "b": {"<<": {"m": 1}}}),
        ("a: 1\na: 2\n", {"a": 2}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ("a: 1\n---\nb: [\n", {"a": 1}),
        ("---\n---\na: 1\n", None),
        ("", None),
        ("# only\n", None),
        ("y: yes\n1: 0x10\n", {"y": True, "1": 16}),
        ("a: .inf\nb: !!str 1\nd: !!float 2\n", {"a": ".inf", "b": 1, "d": 2}),
        ("&k a: 1\nb: *k\n*k : 2\n", {"a": 2, "b": "a"}),
        ("a: &x 1\nb: &x 2\nc: *x\n", {"a": 1, "b": 2, "c": 2}),
        ("\ufeffa: é\r\n", {"a": "é"}),
        ('\ufeff{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        ("{a: [1, 2,], b, c: }", {"a": [1, 2], "b": None, "c": None}),
        ("- 1\n- [2]\n", [1, [2]]),
    ],
)
def test_one_document_and_no_merges(text: str, value: object) -> None:
    assert repr(read(text).value) == repr(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.10", "1.10"),
        ("80.0", "80.0"),
        ("1e3", "1e3"),
        (".5", ".5"),
        ("2001-01-01", "2001-01-01"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0o17", "0o17"),
        ("0b11", "0b11"),
        ("08", "08"),
        ("010", 8),
        ("-0x10", -16),
        ("+5", 5),
        ("-0", 0),
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", "18446744073709551616"),
        ("Yes", True),
        ("yEs", "yEs"),
        ("n", False),
        ("~", None),
        ("nULL", "nULL"),
        ("'5'", "5"),
        ("! 5", "5"),
        ("!foo 5", 5),
        ("!!str true", True),
        ("!!int '80'", 80),
        ("!!null ''", ""),
        ("!!binary aGk=", "aGk="),
    ],
)
def test_whole_numbers_and_words_are_no_text_and_all_else_is(text: str, value: object) -> None:
    assert repr(read(f"a: {text}\n").value) == repr({"a": value})


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: [\n", "yaml-syntax", 3),
        ("a: *b\n", "yaml-syntax", 1),
        ("a: &a [*a]\n", "yaml-syntax", 1),
        ("a: 1\n[b]: 2\n", "bad-key", 2),
        ("a: \x01\n", "yaml-syntax", 1),
        ("[" * 150 + "]" * 150, "too-deep", 1),
        ("a:" + " [" * 150 + "]" * 150, "too-deep", 1),
        (DEEP_ALIASES, "too-deep", 1),
        (LAUGHS, "too-many-aliases", 5),
    ],
    ids=["syntax", "no-anchor", "inside", "key", "control", "deep-json", "deep", "deep-aliases", "laughs"],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, code: str, line: int) -> None:
    with pytest.raises(YamlFault) as caught:
        read(text)
    assert (caught.value.code, caught.value.line) == (code, line)


@given(documents())
def test_kubectl_reads_the_same_of_one_plain_document(document: tuple[Any, list[Piece]]) -> None:
    text = joined(document[1])
    try:
        value = kubectl_yaml.load(text).value
    except YamlFault:
        return
    assert json.dumps(read(text).value) == json.dumps(value)


@given(st.recursive(st.text() | st.integers(-(2**62), 2**62) | st.none() | st.booleans(), st.lists, max_leaves=5))
def test_json_is_read_as_python_reads_it(value: Any) -> None:
    for text in (json.dumps([value]), json.dumps({"a": value}, indent=1)):
        assert read(text).value == json.loads(text)


@pytest.mark.parametrize(
    "text",
    ["{", '{"a"}', '{"a": }', '{"a": 1,}', "[1,]", "[1 2]", "{} {}", '{"a": NaN}', "{1: 2}", "[" * 101 + "]" * 101, ""],
)
def test_what_is_almost_json_is_none(text: str) -> None:
    assert positioned_json.read(text, Wanted()) is None


def test_places_of_json_stand_where_its_values_do() -> None:
    text = '{"a": [{"w" : "5\\u00e9"}, {"w":[1]}], "w":\n1e1}'
    places = positioned_json.read(text, Wanted(keys=frozenset({"w"})))
    assert places is not None
    assert {path: text[each.start : each.end] for path, each in places.places.items()} == {
        ("a", 0, "w"): '"5\\u00e9"',
        ("w",): "1e1",
    }
