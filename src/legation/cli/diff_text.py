"""A comparison as people read it, and as programs do."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import click

from legation.cli import printing
from legation.cli.answers import Answers, shown_place
from legation.cli.comparing import Comparison
from legation.cli.differences import ABSENT, FieldChange, ObjectChange, ResourceChange
from legation.cli.printing import count, printable
from legation.cli.type_names import shown
from legation.model.objects import show_path

_MARKS = {"added": "+", "removed": "-", "changed": "~"}
_COLOURS = {"+": "green", "-": "red", "~": "yellow", "@": "cyan"}
_INDENT = "    "
_SHOWN_ENVOYS = 5
_SHOWN_VALUE = 60
"""Characters of a value of a field."""


def lines(compared: Comparison, old: Answers, new: Answers, *, colours: bool = False) -> Iterator[str]:
    """Yield the lines that a person reads."""

    def painted(line: str) -> str:
        mark = line.removeprefix(_INDENT)[:1]
        return click.style(line, fg=_COLOURS[mark]) if colours and mark in _COLOURS else line

    for each in compared.objects:
        yield from map(painted, _object(each, old, new))
    for change in compared.resources:
        yield ""
        yield from map(painted, _resource(change, compared))
    if compared.any:
        yield ""
    yield from map(painted, _envoys(compared))
    yield _summary(compared)
    if compared.left_out:
        yield f"not compared: {count(compared.left_out, 'resource')} made of Services, Secrets and Pods"


def _object(change: ObjectChange, old: Answers, new: Answers) -> Iterator[str]:
    place = (old if change.new is None else new).locate(change.record, ())
    yield printable(f"{_MARKS[change.what]} {change.record['object']} {change.what}{f' ({place})' if place else ''}")
    for each in change.fields:
        yield printable(
            f"    {show_path(each.path)}: {shown_value(each.old)} -> {shown_value(each.new)}{_at(change, each, new)}"
        )
    if change.unseen:
        yield "    a value in it is another that is not shown"


def _at(change: ObjectChange, field: FieldChange, new: Answers) -> str:
    """Return where the field stands, where that is another line than the object's."""
    if change.new is None or field.new is ABSENT:
        return ""
    place = new.locate(change.new, field.path)
    return f" ({place})" if place and place != new.locate(change.new, ()) else ""


def shown_value(value: Any) -> str:
    """Return a value of a field on one line, cut."""
    if value is ABSENT:
        return "(absent)"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_VALUE else f"{text[: _SHOWN_VALUE - 3]}..."


def _resource(change: ResourceChange, compared: Comparison) -> Iterator[str]:
    record = change.record
    old, new = (None if each is None else printing.short_version(each) for each in change.versions)
    versions = " -> ".join(filter(None, (old, new)))
    labels = ",".join(f"{key}={value}" for key, value in record["labels"].items())
    whom = f"{record['namespace']}/{labels}" if labels else record["namespace"]
    origin = f", of {record['object']}" if record["object"] else ""
    place = shown_place(record)
    yield printable(
        f'{_MARKS[change.what]} {shown(record["type"])} "{record["name"]}" in {whom} {change.what}: {versions}{origin}'
        f"{f' ({place})' if place else ''}"
    )
    if change.envoys:
        yield printable(f"  for {_names(change.envoys)}")
    one, other = compared.content(change)
    if one == other:
        yield "  only values differ that are not shown"
    for line in _unified(one, other):
        yield f"{_INDENT}{printable(line)}"


def _unified(old: Any, new: Any) -> Iterator[str]:
    # Which is which the line above tells.
    yield from list(difflib.unified_diff(_text(old), _text(new), lineterm="", n=3))[2:]


def _text(content: Any) -> list[str]:
    return [] if content is None else printing.to_yaml(content).splitlines()


def _envoys(compared: Comparison) -> Iterator[str]:
    groups: dict[tuple[str, int], list[str]] = {}
    told: dict[tuple[str, int], tuple[ResourceChange, ...]] = {}
    for each in compared.envoys:
        key = (each.group, id(each.changes))
        groups.setdefault(key, []).append(each.node)
        told[key] = each.changes
    for (group, number), nodes in groups.items():
        counts = Counter((change.what, change.record["type"]) for change in told[group, number])
        what = ", ".join(f"{count} {shown(row)} {how}" for (how, row), count in counts.items())
        yield printable(f"~ {_names(nodes)} of {group}: {what}")


def _summary(compared: Comparison) -> str:
    if not compared.any:
        return "no difference"
    told = f"{count(len(compared.objects), 'object')} and {count(len(compared.resources), 'resource')} differ"
    if compared.connected:
        told += f"; {len(compared.envoys)} of {count(compared.connected, 'Envoy')} would get something else"
    return told


def _names(nodes: Any) -> str:
    names = list(dict.fromkeys(nodes))
    more = len(names) - _SHOWN_ENVOYS
    listed = ", ".join(names[:_SHOWN_ENVOYS]) + (f" and {more} more" if more > 0 else "")
    return f"{count(len(nodes), 'Envoy')} ({listed})"


def as_value(compared: Comparison, old: Answers, new: Answers) -> dict[str, Any]:
    """Return the comparison for programs; the keys are always the same."""
    return {
        "differs": compared.any,
        "objects": [_object_value(each, old, new) for each in compared.objects],
        "resources": [_resource_value(each, compared) for each in compared.resources],
        "envoys": [
            {
                "node": each.node,
                "group": each.group,
                "changes": [
                    {"what": change.what, "type": change.record["type"], "name": change.record["name"]}
                    for change in each.changes
                ],
            }
            for each in compared.envoys
        ],
        "connected": compared.connected,
        "left_out": compared.left_out,
    }


def _object_value(change: ObjectChange, old: Answers, new: Answers) -> dict[str, Any]:
    return {
        "what": change.what,
        "object": change.record["object"],
        "place": (old if change.new is None else new).locate(change.record, ()),
        "fields": [
            {
                "path": show_path(each.path),
                "old": None if each.old is ABSENT else each.old,
                "new": None if each.new is ABSENT else each.new,
            }
            for each in change.fields
        ],
        "unseen": change.unseen,
    }


def _resource_value(change: ResourceChange, compared: Comparison) -> dict[str, Any]:
    record, (old, new) = change.record, compared.content(change)
    before, after = change.versions
    return {
        "what": change.what,
        "type": record["type"],
        "name": record["name"],
        "namespace": record["namespace"],
        "labels": record["labels"],
        "object": record["object"],
        "place": shown_place(record),
        "old_version": before,
        "new_version": after,
        "unseen": old == new,
        "diff": list(_unified(old, new)),
        "envoys": list(change.envoys),
    }
