"""One document: mappings, merges, limits, what is wrong and where."""

from __future__ import annotations

import json

import pytest

from legation.model.objects import FieldPath
from legation.texts.kubectl_yaml import YamlFault, find, load

LAUGHS = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


def fault(text: str) -> YamlFault:
    with pytest.raises(YamlFault) as caught:
        load(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x 1\nb: *x\n", {"a": 1, "b": 1}),
        ("a: &x {m: 1, n: 2}\nb: {<<: *x, n: 3}\n", {"a": {"m": 1, "false": 2}, "b": {"m": 1, "false": 3}}),
        ("a: {<<: [{m: 1, k: 1}, {m: 2, l: 2}]}\n", {"a": {"m": 1, "l": 2, "k": 1}}),
        ("a: {m: 3, <<: {m: 1}}\n", {"a": {"m": 1}}),
        ("a: |\n  x\n  z\n", {"a": "x\nz\n"}),
        ("a: [1,]\nb: {c, d: }\n", {"a": [1], "b": {"c": None, "d": None}}),
    ],
    ids=["alias", "merge", "merges", "merge-below", "block", "flow"],
)
def test_collections_are_what_kubectl_makes_of_them(text: str, value: object) -> None:
    assert load(text).value == value


@pytest.mark.parametrize("text", ["", "# only\n", "---\n# only\n", "---\n"])
def test_a_document_of_comments_has_no_content(text: str) -> None:
    assert load(text).value is None


def test_json_is_yaml_too_with_tabs_and_all_its_escapes() -> None:
    body = {"a": ["x/y", "\U0001f600", 1.0, 2, True, None], "b": {"c": "é\t"}}
    for text in (json.dumps(body, indent="\t"), json.dumps(body).replace("x/y", "x\\/y"), "---\n" + json.dumps(body)):
        assert repr(load(text).value) == repr({"a": ["x/y", "\U0001f600", 1, 2, True, None], "b": {"c": "é\t"}})


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "\\ud83d\\ude00", "a": 1}',
        '{"a": "\\ud83d\\ude00", "b": NaN}',
        '{"a": "\\ud8"',
        '{"a": "\\ud83d"}',
        '{"\\ude00": 1}',
    ],
)
def test_json_that_libyaml_cannot_read_has_the_same_rules(text: str) -> None:
    assert fault(text).code == "yaml-syntax"


def test_deep_json_that_libyaml_cannot_read_is_refused() -> None:
    text = '{"a": "\\ud83d\\ude00", "b": ' + "[" * 150 + "]" * 150 + "}"
    assert fault(text).code == "yaml-syntax"


def test_a_key_that_stands_twice_is_refused_with_both_lines() -> None:
    found = fault("spec:\n  name: a\n  other: b\n  name: c\n")
    assert (found.code, found.line, found.column) == ("duplicate-key", 4, 3)
    assert found.message == 'the key "name" stands twice in one mapping, first 2 lines above'


def test_keys_that_become_the_same_text_stand_twice() -> None:
    assert fault('1: a\n"1": b\n').code == "duplicate-key"


@pytest.mark.parametrize("text", ["~: a\n", "[a]: b\n", "{a: b}: c\n"])
def test_a_key_that_is_no_text_is_refused(text: str) -> None:
    assert fault(text).code == "bad-key"


@pytest.mark.parametrize("depth", [101, 900, 200_000])
def test_nesting_has_a_limit(depth: int) -> None:
    assert fault("[" * depth + "]" * depth).code == "too-deep"


def test_an_alias_inside_what_it_stands_for_is_refused() -> None:
    assert fault("a: &a [*a]\n").code == "too-deep"
    assert fault("a: &a {<<: *a}\n").code == "too-deep"


def test_aliases_that_multiply_are_refused() -> None:
    assert fault(LAUGHS).code == "too-many-aliases"


@pytest.mark.parametrize("text", ["a: {<<: 1}\n", "a: {<<: [1]}\n"])
def test_only_mappings_are_merged(text: str) -> None:
    assert fault(text).message == 'only mappings can be merged with "<<"'


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "mend"),
    [
        ("a: b: c\n", 1, 5, "mapping values are not allowed in this context", 'holds ": "'),
        ('a: "b\nc: ["*"]\n', 2, 7, "did not find expected alphabetic", "a quotation mark that is not closed"),
        ("a: *\n", 1, 5, "did not find expected alphabetic", "quote a value that begins with *"),
        ("a:\n\tb: 1\n", 2, 1, "found character that cannot start any token", "spaces, not tabs"),
        ("a: 1\nb\nc: 1\n", 3, 1, "could not find expected ':'", "behind it"),
        ("a: 1\n  b: 1\n", 2, 4, "mapping values are not allowed in this context", "quote a value"),
        ("a: [1\nb: 2\n", 2, 2, "did not find expected ',' or ']'", "indented"),
        ("a: *x\n", 1, 4, "found undefined alias", "indented"),
        ("a: &x 1\nb: &x 2\n", 2, 4, "found duplicate anchor", "a name of its own"),
        ("a: 1\n--- \nb: 1\n", 2, 1, "but found another document", 'a line "---"'),
        ('a: "x\nb: 1\n', 3, 1, "found unexpected end of stream", "half-written"),
        ("a: {\n", 2, 1, "did not find expected node content", "half-written"),
    ],
)
def test_text_that_does_not_parse_is_told_with_place_reason_and_mend(
    text: str, line: int, column: int, message: str, mend: str
) -> None:
    found = fault(text)
    assert found.code == "yaml-syntax"
    assert found.message.startswith("this is not YAML: ")
    assert message in found.message
    assert mend in found.mend
    assert (found.line, found.column) == (line, column)


def test_a_control_character_is_told_with_its_line() -> None:
    found = fault("a: 1\nb: \x07\n")
    assert (found.message, found.line) == ("the text holds a control character", 2)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (2, 1)),
        (("spec",), (4, 1)),
        (("spec", "hosts"), (5, 3)),
        (("spec", "hosts", 1), (7, 5)),
        (("spec", "hosts", 1, "port"), (8, 5)),
        (("spec", "hosts", 7, "port"), (5, 3)),
        (("spec", "missing", "deeper"), (4, 1)),
        (("1",), (9, 1)),
    ],
    ids=str,
)
def test_a_field_is_found_where_it_stands_or_where_it_is_missed(path: FieldPath, place: tuple[int, int]) -> None:
    text = "---\nkind: x\n\nspec:\n  hosts:\n  - name: a\n  - name: b\n    port: 1\n1: x\n"
    assert find(text, path) == place


def test_nothing_is_found_in_what_cannot_be_read() -> None:
    assert find("a: {", ("a",)) == (1, 1)
    assert find("", ("a",)) == (1, 1)
    assert load('{"a": "\\ud83d\\ude00"}').position(("a",)) == (1, 1)


@pytest.mark.parametrize(
    ("block", "path", "place"),
    [
        ("|\n    a: 1\n    b:\n    - c: 2\n", ("b", 0, "c"), (5, 7)),
        ("|\n\n    # first\n    a: 1\n", ("a",), (5, 5)),
        ("|2\n    a: 1\n    b: 2\n", ("b",), (4, 5)),
        ("|-\r\n    a: 1\r\n    b: 2\r\n", ("b",), (4, 5)),
        ('|\n    {\n      "a": 1}\n', ("a",), (4, 7)),
        ("|\n    x.yaml: |\n      a: 1\n", ("x.yaml", "a"), (4, 7)),
        ("|\n    a: 1\n", ("none",), (3, 5)),
        ("|\n    a: [\n", ("a",), (3, 5)),
        (">\n    a: 1\n", ("a",), (2, 3)),
        ('"a: 1"\n', ("a",), (2, 3)),
    ],
)
def test_a_field_of_a_text_inside_is_found_where_it_stands(block: str, path: FieldPath, place: tuple[int, int]) -> None:
    """As ConfigMaps hold files. Where lines are folded or quoted nobody can tell: there it is the key."""
    assert find(f"data:\n  cds.yaml: {block}", ("data", "cds.yaml", *path)) == place
