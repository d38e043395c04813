"""JSON Patches: whatever the two values are, the one becomes the other."""

from __future__ import annotations

import copy
import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from legation.api.injection.patching import patch

LEAVES = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "b"])
KEYS = st.sampled_from(["name", "a", "b/c", "d~e", "~1"])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


def applied(value: Any, operations: list[dict[str, Any]]) -> Any:
    """Return what RFC 6902 makes of it."""
    whole = [copy.deepcopy(value)]
    for each in operations:
        *above, last = [part.replace("~1", "/").replace("~0", "~") for part in each["path"].split("/")]
        target: Any = whole
        for part in ("0", *above[1:], *([last] if above else ()))[: len(above) or 0]:
            target = target[int(part)] if isinstance(target, list) else target[part]
        key: Any = last if above else 0
        if isinstance(target, list) and key != "-":
            key = int(key)
        match each["op"], target:
            case "remove", _:
                del target[key]
            case "add", list():
                target.insert(len(target) if key == "-" else key, copy.deepcopy(each["value"]))
            case "add", dict():
                target[key] = copy.deepcopy(each["value"])
            case "replace", _:
                target[key]
                target[key] = copy.deepcopy(each["value"])
    return whole[0]


@given(before=VALUES, after=VALUES)
def test_the_patch_of_one_value_gives_the_other(before: Any, after: Any) -> None:
    found = applied(before, patch(before, after))
    # `==` does not tell 1 from true.
    assert json.dumps(found, sort_keys=True) == json.dumps(after, sort_keys=True)
    assert not patch(before, copy.deepcopy(before))


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ([{"name": "b"}], [{"name": "a"}, {"name": "b"}], [("add", "/0")]),
        ([{"name": "b"}], [{"name": "a"}, {"name": "b", "x": 1}], [("add", "/0"), ("add", "/1/x")]),
        ([{"name": "b"}], [{"name": "b"}, {"name": "c"}], [("add", "/-")]),
        ({"a/b": {}}, {"a/b": {"c~": 1}}, [("add", "/a~1b/c~0")]),
        ({"a": 1, "b": 2}, {"a": 1}, [("remove", "/b")]),
        ({"a": []}, {"a": [1]}, [("replace", "/a")]),
        ({"a": 1}, {"a": True}, [("replace", "/a")]),
    ],
)
def test_it_says_no_more_than_what_was_added(before: Any, after: Any, wanted: list[tuple[str, str]]) -> None:
    assert [(each["op"], each["path"]) for each in patch(before, after)] == wanted
