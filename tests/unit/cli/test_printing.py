"""What is printed is read back as what it was."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from legation.cli.printing import printable, to_json, to_yaml

_TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.from_regex(
    re.compile(r"[-+]?[\d.:_eExX]+"), fullmatch=True
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)

# https://yaml.org/type/bool.html: PyYAML leaves out the words of one letter, other readers do not.
_YAML_1_1_WORDS = "y Y yes Yes YES n N no No NO true True TRUE false False FALSE on On ON off Off OFF null Null NULL ~"


@given(_JSON)
def test_yaml_is_read_back_equal_by_a_reader_of_yaml_1_1(value: object) -> None:
    """Any JSON value."""
    assert yaml.load(to_yaml(value), Loader=yaml.CSafeLoader) == value


@pytest.mark.parametrize(
    "word", [*_YAML_1_1_WORDS.split(), "", "1e3", "0x1F", "0o17", "017", "12:30:45", "1_000", ".5", "-"]
)
def test_text_that_some_reader_takes_for_something_else_is_quoted(word: str) -> None:
    """A node id may be any of these."""
    assert to_yaml({"id": word}) == f'id: "{word}"\n'


def test_plain_words_are_not_quoted() -> None:
    """It is for people."""
    assert to_yaml({"name": "edge", "@type": "a.b/c"}) == "name: edge\n'@type': a.b/c\n"


def test_equal_values_are_written_out_each_time() -> None:
    """Anchors are no help to a reader, and Envoy's own limits them."""
    same = {"a": [1]}
    assert "&" not in to_yaml([same, same])


@given(_JSON)
def test_json_is_read_back_equal(value: object) -> None:
    """Any JSON value."""
    assert json.loads(to_json(value)) == value


def test_control_characters_do_not_reach_the_terminal() -> None:
    """An Envoy's words could otherwise clear the screen."""
    assert printable("a\x1b[2J\nb é") == "a\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}b é"
