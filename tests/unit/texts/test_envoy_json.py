"""JSON as Envoy 1.40 reads it from a file: what it takes besides JSON, and what it refuses of YAML."""

from __future__ import annotations

import json
from typing import Any

import pytest

from legation.texts import envoy_json
from legation.texts.kubectl_yaml import YamlFault


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"resources": []}', {"resources": []}),
        ('\t{"a":\t[1, 2.5, 1e3, true, null]}\n\n', {"a": [1, 2.5, 1000, True, None]}),
        ("{'a': 'b'}", {"a": "b"}),
        ("""{'a': 'it\\'s "b"'}""", {"a": 'it\'s "b"'}),
        ('{"a": [1, 2,], }', {"a": [1, 2]}),
        ("{a: 1, b_2: {$c: 3}}", {"a": 1, "b_2": {"$c": 3}}),
        ('{"a": "b\tc"}', {"a": "b\tc"}),
        ('{"a": "x, ] y: \\" z", b: 1}', {"a": 'x, ] y: " z', "b": 1}),
        ('{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ("[]", []),
    ],
)
def test_what_envoy_reads(text: str, value: Any) -> None:
    assert envoy_json.read(text) == value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ('# why\n{"a": 1}', 1),
        ('{"a": 1}\n// why', 2),
        ('{\n/* why */ "a": 1}', 2),
        ('{"a": 1}x', 1),
        ('{"a": 1}\n{"a": 1}', 2),
        ('---\n{"a": 1}', 1),
        ("a: 1", 1),
        ('{"a": yes}', 1),
        ('{"a": 01}', 1),
        ('{"a":\f1}', 1),
        ('{"a": NaN}', 1),
        ('\ufeff{"a": 1}', 1),
        ('{\n"a": 1', 2),
    ],
)
def test_what_envoy_refuses_is_told_by_its_line(text: str, line: int) -> None:
    with pytest.raises(YamlFault) as caught:
        envoy_json.read(text)
    assert (caught.value.code, caught.value.line) == ("json-syntax", line)
    assert caught.value.message.startswith("this is not JSON: ")


@pytest.mark.parametrize("depth", [101, 100_000])
def test_nesting_has_an_end(depth: int) -> None:
    with pytest.raises(YamlFault) as caught:
        envoy_json.read("[" * depth + "]" * depth)
    assert caught.value.code == "too-deep"


def test_what_stands_in_the_text_is_not_shown() -> None:
    with pytest.raises(YamlFault) as caught:
        envoy_json.read(json.dumps({"password": "hunter2"}) + "hunter2")
    assert "hunter2" not in str(caught.value)
