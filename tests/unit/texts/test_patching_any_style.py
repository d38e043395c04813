"""Any text in any style: what is read of the patched text is what it should be, and the rest of it stays."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from legation.model.objects import FieldPath
from legation.texts.edits import Edit, apply
from legation.texts.envoy_yaml import read
from legation.texts.kubectl_yaml import YamlFault
from legation.texts.patching import Template, Unpatchable, patch
from tests.unit.texts.styles import Piece, documents, joined, mappings_of, scalars_of

_NUMBERS = st.integers(0, 2**32)
_NOISE = "&*!?:-#[]{}\"'|>\t\r\n ,a0&* \n%@<"


def looks_same(one: object, other: object) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@given(documents())
def test_what_is_written_is_what_is_read(document: tuple[Any, list[Piece]]) -> None:
    value, pieces = document
    assert looks_same(read(joined(pieces)).value, value)


@given(documents(), st.data())
def test_scalars_are_replaced_and_nothing_else(document: tuple[Any, list[Piece]], data: st.DataObject) -> None:
    value, pieces = document
    paths = scalars_of(value)
    assume(paths)
    chosen = data.draw(st.dictionaries(st.sampled_from(paths), _NUMBERS, max_size=4))
    edits = [Edit(path=path, value=number) for path, number in chosen.items()]
    changed = {path: number for path, number in chosen.items() if not looks_same(_at(value, path), number)}

    text = joined(pieces)
    template = Template(text, keys=data.draw(st.sampled_from(((), ("weight", "name")))))
    for patched in (template.patch(edits), template.patch(edits)):
        expected = joined(pieces, changed)
        # Between brackets a number may stand anywhere in the room that an empty value leaves.
        has_room = any(not piece.text and piece.path in changed for piece in pieces)
        assert _dense(patched) == _dense(expected) if has_room else patched == expected
        assert looks_same(read(patched).value, apply(value, edits))
    if not changed:
        assert template.patch(edits) is text


@given(documents(), st.data())
def test_a_new_field_is_all_that_is_new(document: tuple[Any, list[Piece]], data: st.DataObject) -> None:
    value, pieces = document
    lacking = [path for path, mapping in mappings_of(value) if "new" not in mapping]
    edit = Edit(path=(*data.draw(st.sampled_from(lacking)), "new"), value=data.draw(_NUMBERS))
    text = joined(pieces)
    patched = patch(text, [edit])
    assert looks_same(read(patched).value, apply(value, [edit]))
    assert _alike(text, patched) + _alike(text[::-1], patched[::-1]) >= len(text)


@given(documents(), st.data())
def test_no_text_is_patched_wrongly(document: tuple[Any, list[Piece]], data: st.DataObject) -> None:
    """Whatever is done to a text: it is patched right, or not at all."""
    text = joined(document[1])
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(text)))
        noise = data.draw(st.sampled_from((*_NOISE, "&a1 ", "*a1", "&b ", "*b", "<<: ")))
        text = text[:at] + noise + text[at + data.draw(st.integers(0, 1)) :]
    try:
        template = Template(text, keys=("weight",))
    except YamlFault:
        return
    paths = [each for each in scalars_of(template.value) if each]
    paths += [(*path, "new") for path, mapping in mappings_of(template.value) if "new" not in mapping]
    if not paths:
        return
    for _ in range(2):
        chosen: dict[FieldPath, int] = data.draw(st.dictionaries(st.sampled_from(paths), _NUMBERS, max_size=4))
        edits = [Edit(path=path, value=number) for path, number in chosen.items()]
        try:
            patched = template.patch(edits)
        except Unpatchable:
            continue
        assert looks_same(read(patched).value, apply(template.value, edits))


def _at(value: Any, path: FieldPath) -> Any:
    for part in path:
        value = value[part]
    return value


def _alike(one: str, other: str) -> int:
    """Return how many characters the two have in common at their beginning."""
    return next((index for index, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(one))


def _dense(text: str) -> str:
    return "".join(text.replace("# c", "").split())
