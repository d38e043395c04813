"""Label and field selectors, as FakeKube reads them.

Sources: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors,
https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from legation.kube.label_selector import label_selector
from legation.model.api_kinds import ApiKind
from legation.testing.fake_kube_answers import Json, plain

Selector: TypeAlias = Callable[[Json], bool]

_EQUAL = re.compile(r"([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)")


def selector(kind: ApiKind, params: Mapping[str, str]) -> Selector:
    """Return what says whether an object is selected by these parameters of a request."""
    try:
        labels = label_selector(params.get("labelSelector", ""))
    except ValueError as error:
        raise plain(400, "BadRequest", str(error)) from error
    fields = [_field_term(kind, term) for term in params.get("fieldSelector", "").split(",") if term.strip()]
    return lambda value: labels(_labels(value)) and all(term(value) for term in fields)


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
