"""The modern form of old-style configuration as lines of YAML, ready to paste: made of what its owner wrote.

It is shown only if it is read without a fault. No secret is shown: `...` stands where one may be, in doubt too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from legation.envoy import old_style, types
from legation.envoy.findings import Finding
from legation.envoy.modern_form import NoModernFormError, Translation
from legation.envoy.reader import read
from legation.envoy.secret_lines import secret_lines
from legation.envoy.sensitive import is_secret_key, is_sensitive
from legation.envoy.typed_structs import field_of
from legation.envoy.types import TYPE_KEY
from legation.model.objects import FieldPath, show_path
from legation.model.problems import Level
from legation.model.resource_types import TYPE_URL_PREFIX

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

_HIDDEN = "..."
_MAX_LINES = 300
_LINE = re.compile(r"(?P<start>\s*(?:- )*)(?P<key>[^\s:][^:]*:)?(?P<value> ?.*)", re.DOTALL)
_OLD = frozenset({"old-style-filter", "old-type"})


def illustrated(findings: Iterable[Finding], json: Mapping[str, Any], type_name: str) -> Iterator[Finding]:
    """Yield the findings in a resource; those of old-style configuration with an example.

    Args:
        findings: What the reader found.
        json: What it read.
        type_name: Its type.
    """
    descriptor = types.find(type_name)
    for finding in findings:
        wanted = finding.level is Level.ERROR and (
            finding.code in _OLD or (finding.code == "unknown-field" and finding.mend)
        )
        if wanted and descriptor is not None:
            yield replace(finding, example=_example(finding, json, descriptor))
        else:
            yield finding


def of_resource(json: Mapping[str, Any], newer: str) -> str:
    """Return the modern form of a whole resource of the old API; empty where nobody knows it."""
    descriptor = types.find(newer)
    fields = {key: item for key, item in json.items() if key != TYPE_KEY}
    return "" if descriptor is None else _of_message(fields, descriptor, (), type_name=newer)


def _example(finding: Finding, json: Mapping[str, Any], descriptor: Descriptor) -> str:
    if finding.code != "unknown-field":
        at, found = _locate(json, descriptor, finding.path)
        if found is None or not isinstance(at, Mapping):
            return ""
        if finding.code == "old-type":
            name = types.successor(types.type_name(str(at.get(TYPE_KEY)))) or ""
            newer = types.find(name)
            fields = {key: item for key, item in at.items() if key != TYPE_KEY}
            return "" if newer is None else _of_message(fields, newer, finding.path, type_name=name)
        return _of_message(at, found, finding.path)
    *above, key = finding.path
    at, found = _locate(json, descriptor, tuple(above))
    if found is not None and found.full_name == types.ANY and isinstance(at, Mapping):
        found = types.find(types.type_name(str(at.get(TYPE_KEY))))
    if found is None or not isinstance(at, Mapping) or f"{found.full_name}.{key}" not in old_style.GONE:
        return ""
    return _of_field(at, str(key), found)


def _of_message(fields: Mapping[str, Any], descriptor: Descriptor, path: FieldPath, *, type_name: str = "") -> str:
    translation = Translation()
    try:
        made = translation.message(fields, descriptor, path)
    except NoModernFormError:
        return ""
    head = {TYPE_KEY: f"{TYPE_URL_PREFIX}{type_name}"} if type_name else {}
    left_out = [each[len(path) :] for each in translation.left_out]
    return _show(made, descriptor, head=head, left_out=left_out)


def _of_field(fields: Mapping[str, Any], key: str, descriptor: Descriptor) -> str:
    translation = Translation()
    try:
        made = translation.moved(fields, key, descriptor)
    except NoModernFormError:
        return ""
    return _show(made, descriptor, head={}, left_out=translation.left_out) if made else ""


def _show(
    made: Mapping[str, Any], descriptor: Descriptor, *, head: Mapping[str, Any], left_out: Iterable[FieldPath]
) -> str:
    _, findings = read(types.message_class(descriptor.full_name)(), made)
    if any(each.level is Level.ERROR for each in findings):
        return ""
    shown = {**head, **_hide(made, descriptor, hide=False)}
    text = yaml.dump(
        shown, Dumper=yaml.CSafeDumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=1 << 20
    )
    lines = text.splitlines()
    for number in secret_lines(lines):
        lines[number - 1] = _without_value(lines[number - 1])
    if len(lines) > _MAX_LINES:
        return ""
    lost = ", ".join(show_path(path) for path in left_out)
    return "\n".join([*([f"# Envoy has nothing for these any more: {lost}"] if lost else []), *lines])


def _without_value(line: str) -> str:
    match = _LINE.fullmatch(line)
    if match is None:
        return _HIDDEN
    key = match["key"] or ""
    if key.strip("'\":") == TYPE_KEY or (key and not match["value"].strip()):
        return line
    return f"{match['start']}{key}{' ' if key else ''}{_HIDDEN}"


def _hide(value: Any, descriptor: Descriptor | None, *, hide: bool) -> Any:
    """Return JSON of a message of that type with `...` in place of secrets; None: nobody knows the type."""
    if isinstance(value, Mapping):
        if descriptor is not None and descriptor.full_name == types.ANY:
            descriptor = types.find(types.type_name(str(value.get(TYPE_KEY))))
        if descriptor is None or descriptor.full_name in types.STRUCTS:
            return {str(key): _hide(item, None, hide=hide or is_secret_key(str(key))) for key, item in value.items()}
        return {
            str(key): _hide_field(item, field_of(descriptor, key), key=key, hide=hide) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_hide(item, descriptor, hide=hide) for item in value]
    if isinstance(value, str):
        return _HIDDEN if hide else str(value)
    # YAML writes plain values alone; those of a program may be more than that.
    return next((kind(value) for kind in (bool, int, float) if isinstance(value, kind)), None)


def _hide_field(value: Any, field: FieldDescriptor | None, *, key: str, hide: bool) -> Any:
    if field is None:
        return _hide(value, None, hide=key != TYPE_KEY)
    hidden = hide or is_sensitive(field)
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry and isinstance(value, Mapping):
        item = inner.fields_by_name["value"].message_type
        return {str(name): _hide(each, item, hide=hidden) for name, each in value.items()}
    return _hide(value, inner, hide=hidden)


def _locate(json: Any, descriptor: Descriptor, path: FieldPath) -> tuple[Any, Descriptor | None]:
    """Return what stands at a path, and of which type it is: an `Any` is one where the path ends there."""
    at, found, is_map = json, descriptor, False
    for step in path:
        if isinstance(step, int):
            at = at[step] if isinstance(at, list | tuple) and step < len(at) else at
            continue
        if not isinstance(at, Mapping):
            return None, None
        if not is_map:
            below = _below(found, at, step)
            if below is None:
                return None, None
            found, is_map = below
        else:
            is_map = False
        at = at.get(step)
    return at, found


def _below(descriptor: Descriptor, json: Mapping[str, Any], key: str) -> tuple[Descriptor, bool] | None:
    """Return the type that a field of JSON holds, and whether in a map."""
    known: Descriptor | None = descriptor
    if descriptor.full_name == types.ANY:
        known = types.find(types.type_name(str(json.get(TYPE_KEY))))
    field = None if known is None else field_of(known, key)
    inner: Descriptor | None = None if field is None else field.message_type
    if inner is None or not inner.GetOptions().map_entry:
        return None if inner is None else (inner, False)
    value: Descriptor | None = inner.fields_by_name["value"].message_type
    return None if value is None else (value, True)
