"""Which kinds of rules there are: none that Envoy's API uses is forgotten, and each asks what its name says."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from validate import validate_pb2

from legation.envoy import types
from legation.envoy.constraints.kinds import (
    KINDS,
    annotation,
    ignores_empty,
    is_checked,
    is_required,
    is_skipped,
    rules_of,
)

_ROOTS = ("envoy", "udpa", "xds")
"""The packages of Envoy's API in the installed protos; the old ones stand below them, too."""


def test_no_kind_of_rule_that_envoys_api_uses_is_forgotten() -> None:
    used = {kind for field in _fields() if (rules := annotation(field)) for kind in _kinds_in(rules)}
    assert len(used) > 40
    assert {each for each in used if each[1] not in KINDS.get(each[0], {})} == {
        ("message", "required"),
        ("message", "skip"),
    }, "see is_required and is_skipped for these two; add the others to KINDS"


def _kinds_in(rules: Any) -> Iterator[tuple[str, str]]:
    for kind, given in rules.ListFields():
        for option, value in given.ListFields():
            yield kind.name, option.name
            if option.message_type is validate_pb2.FieldRules.DESCRIPTOR:
                yield from _kinds_in(value)


def test_all_messages_of_envoys_api_are_checked() -> None:
    assert all(is_checked(field.containing_type) for field in _fields())


def _fields() -> Iterator[Any]:
    for root in _ROOTS:
        package = importlib.import_module(root)
        for module in pkgutil.walk_packages(package.__path__, f"{root}."):
            if module.name.endswith("_pb2"):
                left = list(importlib.import_module(module.name).DESCRIPTOR.message_types_by_name.values())
                while left:
                    each = left.pop()
                    left += each.nested_types
                    yield from each.fields


METHOD = types.message_class("envoy.config.core.v3.HealthCheck.HttpHealthCheck").DESCRIPTOR.fields_by_name["method"]
MINUTE, NEGATIVE, NOTHING = Duration(seconds=60), Duration(seconds=-1), Duration()


@pytest.mark.parametrize(
    ("rules", "good", "bad", "words"),
    [
        pytest.param({"uint32": {"gt": 5}}, [6], [5, 0], "must be greater than 5", id="gt"),
        pytest.param({"uint32": {"gte": 5}}, [5], [4], "must be at least 5", id="gte"),
        pytest.param({"uint32": {"lt": 5}}, [4], [5], "must be less than 5", id="lt"),
        pytest.param({"int64": {"lte": 5}}, [5, -9], [6], "must be at most 5", id="lte"),
        pytest.param(
            {"uint64": {"gte": 1, "lt": 3}}, [1, 2], [0, 3], "must be at least 1 and less than 3", id="between"
        ),
        pytest.param(
            {"int32": {"gt": 9, "lt": 3}}, [2, 10], [3, 5, 9], "must be greater than 9 or less than 3", id="outside"
        ),
        pytest.param(
            {"int32": {"gte": 9, "lte": 3}}, [3, 9], [4, 8], "must be at least 9 or at most 3", id="outside, inclusive"
        ),
        pytest.param(
            {"double": {"gt": 0, "lte": 1}},
            [0.1, 1.0, math.nan],
            [0.0, 1.1, math.inf],
            "must be greater than 0 and at most 1",
            id="double, of which NaN breaks nothing in C++",
        ),
        pytest.param({"uint32": {"const": 7}}, [7], [8], "must be 7", id="const"),
        pytest.param({"uint32": {"in": [3, 1]}}, [1, 3], [2], "must be one of 1, 3", id="in"),
        pytest.param({"uint32": {"not_in": [1, 3]}}, [2], [1, 3], "must not be 1 or 3", id="not_in"),
        pytest.param(
            {"duration": {"gt": NOTHING}}, [MINUTE], [NOTHING, NEGATIVE], "must be longer than 0s", id="duration gt"
        ),
        pytest.param(
            {"duration": {"gte": Duration(nanos=1_500_000), "lte": MINUTE}},
            [Duration(nanos=1_500_000), MINUTE],
            [Duration(nanos=1_499_999), Duration(seconds=60, nanos=1)],
            "must be at least 0.0015s and at most 60s",
            id="duration between",
        ),
        pytest.param({"duration": {"lt": MINUTE}}, [NOTHING], [MINUTE], "must be shorter than 60s", id="duration lt"),
        pytest.param({"string": {"min_len": 1}}, ["a"], [""], "must not be empty", id="min_len 1"),
        pytest.param({"string": {"min_len": 2}}, ["ää"], ["ä"], "must have at least 2 characters", id="min_len"),
        pytest.param({"string": {"max_len": 2}}, ["ää"], ["abc"], "must have at most 2 characters", id="max_len"),
        pytest.param({"string": {"len": 2}}, ["ää"], ["a", "abc"], "must have 2 characters", id="len"),
        pytest.param({"string": {"min_bytes": 3}}, ["ää"], ["ä", "ab"], "must have at least 3 bytes", id="min_bytes"),
        pytest.param({"string": {"max_bytes": 3}}, ["abc"], ["ää"], "must have at most 3 bytes", id="max_bytes"),
        pytest.param({"string": {"len_bytes": 2}}, ["ä"], ["a"], "must have 2 bytes", id="len_bytes"),
        pytest.param({"string": {"prefix": "%"}}, ["%a"], ["a%", ""], 'must begin with "%"', id="prefix"),
        pytest.param({"string": {"suffix": "%"}}, ["a%"], ["%a", ""], 'must end with "%"', id="suffix"),
        pytest.param({"string": {"contains": "b"}}, ["abc"], ["ac"], 'must contain "b"', id="contains"),
        pytest.param({"string": {"not_contains": "b"}}, ["ac"], ["abc"], 'must not contain "b"', id="not_contains"),
        pytest.param({"string": {"const": "a"}}, ["a"], ["b"], 'must be "a"', id="string const"),
        pytest.param({"string": {"in": ["a", "b"]}}, ["b"], ["c"], 'must be one of "a", "b"', id="string in"),
        pytest.param({"string": {"not_in": ["a"]}}, ["b"], ["a"], 'must not be "a"', id="string not_in"),
        pytest.param(
            {"string": {"pattern": "[a-z]+"}},
            ["abc"],
            ["", "a1", "a\n"],
            "must match [a-z]+",
            id="pattern, all of the text",
        ),
        pytest.param(
            {"string": {"well_known_regex": "HTTP_HEADER_NAME"}},
            ["x-a", ":path"],
            ["", "a b", "a\n"],
            "must be the name of a header",
            id="header name",
        ),
        pytest.param(
            {"string": {"well_known_regex": "HTTP_HEADER_VALUE"}},
            ["", "a b\tc", "ä"],
            ["a\n", "\x7f"],
            "must not hold a control character",
            id="header value",
        ),
        pytest.param(
            {"string": {"well_known_regex": "HTTP_HEADER_NAME", "strict": False}},
            ["", "a b", "\x7f"],
            ["a\n", "\r", "\0"],
            "must not hold a NUL, a carriage return or a line feed",
            id="header, not strict",
        ),
        pytest.param({"bytes": {"min_len": 1}}, [b"a"], [b""], "must not be empty", id="bytes min_len"),
        pytest.param({"bytes": {"max_len": 1}}, [b"a"], [b"ab"], "must have at most 1 byte", id="bytes max_len"),
        pytest.param({"bytes": {"prefix": b"\xff"}}, [b"\xffa"], [b"a"], 'must begin with "ff"', id="bytes prefix"),
        pytest.param({"bool": {"const": True}}, [True], [False], "must be true, or not be set", id="bool"),
        pytest.param({"enum": {"defined_only": True}}, [0, 6], [99, -1], "is no value that Envoy knows", id="enum"),
        pytest.param({"enum": {"not_in": [6]}}, [0, 99], [6], "must not be CONNECT", id="enum not_in"),
        pytest.param({"enum": {"in": [1, 2]}}, [1], [3], "must be GET or HEAD", id="enum in"),
        pytest.param({"enum": {"const": 1}}, [1], [2], "must be GET", id="enum const"),
        pytest.param({"repeated": {"min_items": 1}}, [["a"]], [[]], "must not be empty", id="min_items 1"),
        pytest.param({"repeated": {"min_items": 2}}, [[1, 2]], [[1]], "must have at least 2 items", id="min_items"),
        pytest.param({"repeated": {"max_items": 1}}, [[], [1]], [[1, 2]], "must have at most 1 item", id="max_items"),
        pytest.param(
            {"repeated": {"unique": True}}, [["a", "b"]], [["a", "a"]], "must not hold the same item twice", id="unique"
        ),
        pytest.param({"map": {"min_pairs": 1}}, [{"a": 1}], [{}], "must not be empty", id="min_pairs"),
        pytest.param({"map": {"max_pairs": 1}}, [{}], [{"a": 1, "b": 2}], "must have at most 1 entry", id="max_pairs"),
    ],
)
def test_a_rule_asks_what_its_name_says(rules: dict[str, Any], good: list[Any], bad: list[Any], words: str) -> None:
    (rule,) = rules_of(validate_pb2.FieldRules(**rules), METHOD)
    assert [value for value in good if rule.broken(value)] == []
    assert [value for value in bad if not rule.broken(value)] == []
    assert rule.words == words


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param({}, id="none"),
        pytest.param({"string": {"email": True, "uri": True, "ignore_empty": True}}, id="what C++ has no code for"),
        pytest.param({"repeated": {"unique": False}}, id="off"),
        pytest.param({"enum": {"defined_only": False}}, id="any number"),
        pytest.param({"string": {"well_known_regex": "UNKNOWN"}}, id="no pattern"),
    ],
)
def test_some_rules_ask_for_nothing(rules: dict[str, Any]) -> None:
    assert list(rules_of(validate_pb2.FieldRules(**rules), METHOD)) == []


def test_presence_and_emptiness_are_no_matter_of_the_value() -> None:
    rules = validate_pb2.FieldRules
    assert is_required(rules(message={"required": True}))
    assert is_required(rules(any={"required": True}))
    assert is_required(rules(duration={"required": True, "gt": NOTHING}))
    assert not is_required(rules(message={"required": False}))
    assert not is_required(None)
    assert is_skipped(rules(message={"skip": True}))
    assert is_skipped(rules(any={"required": True}))
    assert not is_skipped(rules(message={"required": True}))
    assert ignores_empty(rules(string={"ignore_empty": True}))
    assert not ignores_empty(rules(string={"min_len": 1}))
    assert not ignores_empty(None)
