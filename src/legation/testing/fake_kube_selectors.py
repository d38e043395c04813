"""Label and field selectors, as FakeKube reads them.

Sources: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors,
https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from legation.model.api_kinds import ApiKind
from legation.testing.fake_kube_answers import Json, plain

Selector: TypeAlias = Callable[[Json], bool]

_TERMS = re.compile(r",(?![^()]*\))")
"""Commas that are not inside of brackets."""
_SET = re.compile(r"(\S+)\s+(in|notin)\s+\(([^()]*)\)")
_EQUAL = re.compile(r"([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)")
_EXISTS = re.compile(r"(!?)\s*([^=!\s()]+)")


def selector(kind: ApiKind, params: Mapping[str, str]) -> Selector:
    """Return what says whether an object is selected by these parameters of a request."""
    labels = [_label_term(term) for term in _TERMS.split(params.get("labelSelector", "")) if term.strip()]
    fields = [_field_term(kind, term) for term in params.get("fieldSelector", "").split(",") if term.strip()]
    return lambda value: all(term(value) for term in (*labels, *fields))


def _label_term(text: str) -> Selector:
    text = text.strip()
    if match := _SET.fullmatch(text):
        key, operator, values = match[1], match[2], {each.strip() for each in match[3].split(",")}
        return lambda value: (_labels(value).get(key) in values) == (operator == "in")
    if match := _EQUAL.fullmatch(text):
        key, operator, wanted = match.groups()
        return lambda value: (_labels(value).get(key) == wanted) == (operator != "!=")
    if match := _EXISTS.fullmatch(text):
        absent, key = bool(match[1]), match[2]
        return lambda value: (key in _labels(value)) != absent
    raise plain(400, "BadRequest", f"unable to parse requirement: {text}")


def _field_term(kind: ApiKind, text: str) -> Selector:
    match = _EQUAL.fullmatch(text.strip())
    if match is None:
        raise plain(400, "BadRequest", f"invalid selector: '{text}'; can't understand '{text}'")
    field, operator, wanted = match.groups()
    if field not in {"metadata.name", "metadata.namespace", *(("type",) if kind.plural == "secrets" else ())}:
        raise plain(400, "BadRequest", f"field label not supported: {field}")
    *folders, last = field.split(".")

    def found(value: Json) -> object:
        for each in folders:
            value = value[each]
        return value.get(last, "")

    return lambda value: (found(value) == wanted) == (operator != "!=")


def _labels(value: Json) -> Mapping[str, str]:
    return value["metadata"].get("labels") or {}
