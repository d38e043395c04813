"""Patching: each way in which a value can be written, and the ways that cannot be patched."""

from __future__ import annotations

import json

import pytest

from legation.model.objects import FieldPath
from legation.texts import patching
from legation.texts.edits import Edit, apply
from legation.texts.envoy_yaml import read
from legation.texts.kubectl_yaml import YamlFault
from legation.texts.patching import Template, Unpatchable, patch


def edit(path: str, value: int) -> Edit:
    return Edit(path=tuple(int(part) if part.isdigit() else part for part in path.split(".")), value=value)


def refusal(text: str, *edits: Edit) -> Unpatchable:
    with pytest.raises(Unpatchable) as caught:
        patch(text, edits)
    return caught.value


@pytest.mark.parametrize(
    ("text", "patched"),
    [
        ("w: 50\n", "w: 7\n"),
        ("w: 50 # of 100\r\nx: 1\r\n", "w: 7 # of 100\r\nx: 1\r\n"),
        ("w: 50", "w: 7"),
        ('w: "50"\n', "w: 7\n"),
        ("w: '50'\n", "w: 7\n"),
        ("w: !!int 50\n", "w: !!int 7\n"),
        ("w: !!str 50\n", "w: 7\n"),
        ("w: &w 50\n", "w: &w 7\n"),
        ("w: !!str &w 50\n", "w: &w 7\n"),
        ("w: &w !!int '50'\n", "w: &w !!int 7\n"),
        ("w:\n", "w: 7\n"),
        ("w:", "w: 7"),
        ("w: # half of it\nx: 1\n", "w: 7 # half of it\nx: 1\n"),
        ("w: null\n", "w: 7\n"),
        ("w: ~\n", "w: 7\n"),
        ("w: &w\n", "w: &w 7\n"),
        ("w: |\n  50\n# below\nx: 1\n", "w: 7\n# below\nx: 1\n"),
        ("w: >-\n  50\n\nx: 1\n", "w: 7\n\nx: 1\n"),
        ("w:\n  50\n", "w:\n  7\n"),
        ("? w\n: 50\n", "? w\n: 7\n"),
        ("{w: 50}", "{w: 7}"),
        ("{w: 50, x: 1}", "{w: 7, x: 1}"),
        ("{w: }", "{w: 7}"),
        ("{w}", "{w: 7}"),
        ("{x: 1, w}", "{x: 1, w: 7}"),
        ("{w,}", "{w: 7,}"),
        ('{"w":50}', '{"w":7}'),
        ('{"w":"50","x":"\\ud83d\\ude00"}', '{"w":7,"x":"\\ud83d\\ude00"}'),
        ('{\n\t"w" : null\n}\n', '{\n\t"w" : 7\n}\n'),
        ("\ufeffx: é😀\nw: 50\n", "\ufeffx: é😀\nw: 7\n"),
        ("\ufeff{w: 50}\n", "\ufeff{w: 7}\n"),
        ("%YAML 1.1\n---\nw: 50\n...\n", "%YAML 1.1\n---\nw: 7\n...\n"),
        ("---\nw: 50\n---\nw: 60\n", "---\nw: 7\n---\nw: 60\n"),
        ("w: 50\n---\n[: no YAML: }\n", "w: 7\n---\n[: no YAML: }\n"),
        ("w: 50\nw: 60\n", "w: 50\nw: 7\n"),
        ('{"w": 50, "w": 60}', '{"w": 50, "w": 7}'),
    ],
)
def test_a_number_takes_the_place_of_a_value(text: str, patched: str) -> None:
    edits = [edit("w", 7)]
    assert patch(text, edits) == patched
    assert read(patched).value == apply(read(text).value, edits)


@pytest.mark.parametrize(
    ("text", "patched"),
    [
        ("a:\n- name: x # one\n  port: 1\n", "a:\n- name: x # one\n  w: 7\n  port: 1\n"),
        ("a:\n  - name: x", "a:\n  - name: x\n    w: 7"),
        ("a:\r\n- name: x\r\n", "a:\r\n- name: x\r\n  w: 7\r\n"),
        ("a:\n- name:\n", "a:\n- name:\n  w: 7\n"),
        ("a:\n- list: [1,\n    2]\n  name: x\n", "a:\n- w: 7\n  list: [1,\n    2]\n  name: x\n"),
        ("a:\n- list:\n  - 1\n", "a:\n- w: 7\n  list:\n  - 1\n"),
        ("a:\n- text: |\n    x\n  b: 1\n", "a:\n- w: 7\n  text: |\n    x\n  b: 1\n"),
        ("a:\n- &m\n  name: x\n", "a:\n- &m\n  name: x\n  w: 7\n"),
        ("a: [{name: x}]\n", "a: [{name: x, w: 7}]\n"),
        ("a: [{name: x, port: 1}]\n", "a: [{name: x, w: 7, port: 1}]\n"),
        ("a: [{'name': x,}]\n", "a: [{'name': x, w: 7,}]\n"),
        ("a: [{}]\n", 'a: [{"w": 7}]\n'),
        ('{"a": [{"name": "x", "port": 1}]}', '{"a": [{"name": "x", "w": 7, "port": 1}]}'),
        ('{"a":[{"name":{"b":[]}}]}', '{"a":[{"name":{"b":[]}, "w": 7}]}'),
        (
            '{"a": [\n\t{\n\t\t"name": "x"\n\t}\n]}\n',
            '{"a": [\n\t{\n\t\t"name": "x",\n\t\t"w": 7\n\t}\n]}\n',
        ),
        ('{"a": [ { } ]}', '{"a": [ {"w": 7 } ]}'),
    ],
)
def test_a_new_field_stands_beside_the_first_one(text: str, patched: str) -> None:
    edits = [edit("a.0.w", 7)]
    assert patch(text, edits) == patched
    assert read(patched).value == apply(read(text).value, edits)


def test_a_key_that_would_be_read_as_something_else_is_quoted() -> None:
    assert patch("a: 1\n", [edit("y", 7)]) == 'a: 1\n"y": 7\n'
    assert patch("a: 1\n", [edit("a b", 7)]) == 'a: 1\n"a b": 7\n'


def test_a_new_field_stands_behind_a_first_value_that_is_new_too() -> None:
    assert patch("- w:\n", [edit("0.w", 1), edit("0.total", 2)]) == "- w: 1\n  total: 2\n"


@pytest.mark.parametrize("text", ["w: 50\n", "w: 0x32\n", "w: !!int '50'\n", '{"w": 5e1}'])
def test_what_is_so_already_is_the_very_same_text(text: str) -> None:
    assert patch(text, [edit("w", 50)]) is text
    assert patch(text, []) is text


def test_text_is_not_a_number() -> None:
    assert patch('w: "50"\n', [edit("w", 50)]) == "w: 50\n"
    assert patch("w: 50.0\n", [edit("w", 50)]) == "w: 50\n"
    assert patch("w: true\n", [edit("w", 1)]) == "w: 1\n"


def test_an_alias_of_a_number_is_written_out() -> None:
    text = "a: &w 50\nb: *w\nc: *w\n"
    assert patch(text, [edit("a", 20), edit("b", 80), edit("c", 50)]) == "a: &w 20\nb: 80\nc: 50\n"
    assert patch(text, [edit("b", 80)]) == "a: &w 50\nb: 80\nc: *w\n"
    assert patch(text, [edit("a", 20)]) == "a: &w 20\nb: 50\nc: 50\n"


SHARED = "a: &a\n  c:\n  - name: x\n    w: 50\nb: *a\n"


def test_two_places_that_change_alike_may_share_a_text() -> None:
    edits = [edit("a.c.0.w", 7), edit("b.c.0.w", 7)]
    assert patch(SHARED, edits) == SHARED.replace("50", "7")
    new = [edit("a.c.0.new", 7), edit("b.c.0.new", 7)]
    assert patch(SHARED, new) == SHARED.replace("x\n", "x\n    new: 7\n")


@pytest.mark.parametrize(
    "edits",
    [
        [edit("a.c.0.w", 7)],
        [edit("b.c.0.w", 7)],
        [edit("a.c.0.w", 7), edit("b.c.0.w", 8)],
        [edit("a.c.0.w", 7), edit("b.c.0.w", 50)],
        [edit("b.c.0.new", 7)],
    ],
)
def test_two_places_that_change_differently_must_not_share_a_text(edits: list[Edit]) -> None:
    broken = refusal(SHARED, *edits)
    assert "the text stands for two places through an alias" in broken.message
    assert (broken.line, broken.column, broken.mend) == (5, 4, "write it out in place of the alias")


def test_an_alias_inside_what_an_alias_stands_for_is_followed() -> None:
    text = "a: &a {w: &w 50}\nb: &b {x: *a}\nc: *b\n"
    paths: list[FieldPath] = [("a", "w"), ("b", "x", "w"), ("c", "x", "w")]
    assert patch(text, [Edit(path=path, value=7) for path in paths]) == text.replace("50", "7")
    refusal(text, *(Edit(path=path, value=7) for path in paths[1:]))


def test_what_stands_elsewhere_stays_when_an_alias_has_another_name() -> None:
    """Merges are nothing to Envoy: `<<` is a key."""
    text = "a: &a {w: 50}\nb: {<<: *a, w: 60}\n"
    assert patch(text, [edit("b.w", 7)]) == text.replace("60", "7")
    refusal(text, edit("a.w", 7))


def test_a_number_cannot_take_the_place_of_a_collection() -> None:
    assert "where the text has a collection" in refusal("w: {a: 1}\n", edit("w", 7)).message
    assert "where the text has a collection" in refusal("w: 1\n", Edit(path=(), value=7)).message
    assert "where the text has a collection" in refusal("w: 1\n", edit("x.y.z", 7)).message


def test_numbers_that_cannot_be_said_are_not_written() -> None:
    assert patch("w: 1\n", [edit("w", 2**64 - 1)]) == "w: 18446744073709551615\n"
    assert patch("w: 1\n", [edit("w", -5)]) == "w: -5\n"
    refusal("w: 1\n", edit("w", 2**65))


def test_what_is_no_yaml_is_a_fault() -> None:
    with pytest.raises(YamlFault):
        patch("a: [", [])


def test_a_text_is_not_read_again_for_other_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a:\n- {name: x, w: 50}\n- {name: y, w: }\n- name: z\n"
    template = Template(text, keys=("w",))
    rest = [edit("a.1.w", 1), edit("a.2.w", 1)]
    template.patch([edit("a.0.w", 1), *rest])

    def no_reading(*_: object) -> None:
        raise AssertionError("the text is read once more")

    monkeypatch.setattr(patching, "read", no_reading)
    assert template.patch([edit("a.0.w", 9)]) == text.replace("50", "9")
    patched = template.patch([edit("a.0.w", 8), edit("a.1.w", 2), edit("a.2.w", 3)])
    assert patched == "a:\n- {name: x, w: 8}\n- {name: y, w: 2}\n- name: z\n  w: 3\n"


def test_json_stays_json() -> None:
    body = {"resources": [{"virtual_hosts": [{"name": "é😀", "w": 1, "x": [1.5, True, None]}]}]}
    for text in (json.dumps(body), json.dumps(body, indent="\t"), json.dumps(body, ensure_ascii=False, indent=2)):
        edits = [edit("resources.0.virtual_hosts.0.w", 7), edit("resources.0.virtual_hosts.0.new", 8)]
        assert json.loads(patch(text, edits)) == apply(body, edits)
