"""Where a field stands in JSON."""

from __future__ import annotations

import pytest

from legation.model.objects import FieldPath
from legation.texts import kubectl_yaml
from legation.texts.json_offsets import find

TEXT = """\
{
  "face": "\\ud83d\\ude00",
  "items": [
    {"name": "a"}, 5, [],
    {"\\u006eame": {"deep": null}, "other": true}
  ]
}
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (1, 1)),
        (("face",), (2, 3)),
        (("items",), (3, 3)),
        (("items", 0, "name"), (4, 6)),
        (("items", 1), (4, 20)),
        (("items", 2, 0), (4, 23)),
        (("items", 3, "name", "deep"), (5, 20)),
        (("items", 3, "other"), (5, 35)),
        (("items", 9), (3, 3)),
        (("none", "below"), (1, 1)),
        (("face", "below"), (2, 3)),
    ],
)
def test_a_field_or_the_innermost_part_that_exists(path: FieldPath, place: tuple[int, int]) -> None:
    """As the reader of YAML tells it where it can read the text."""
    assert find(TEXT, path) == place
    assert kubectl_yaml.find(TEXT, path) == place
    assert kubectl_yaml.find(TEXT.replace("\\ud83d\\ude00", "a"), path) == place


@pytest.mark.parametrize("text", ["", "a: 1", '{"a": }', '{"a": 1', "[1, "])
def test_what_is_no_json_has_no_places(text: str) -> None:
    """Whatever it is, it is no error."""
    assert find(text, ("b",)) is None or find(text, ("b",)) == (1, 1)


def test_dashes_in_front_are_none_of_it() -> None:
    """A document of many begins with some."""
    assert find('---\n{"a": "\\ud83d\\ude00", "b": 1}', ("b",)) == (2, 23)
