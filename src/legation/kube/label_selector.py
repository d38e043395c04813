"""Label selectors, as the Kubernetes API takes them in a request: `team=edge,stage notin (test,dev),!old`. Pure.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

Labels: TypeAlias = Mapping[str, str]

_TERMS = re.compile(r",(?![^()]*\))")
"""Commas that are not inside of brackets."""
_SET = re.compile(r"(\S+)\s+(in|notin)\s+\(([^()]*)\)")
_EQUAL = re.compile(r"([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)")
_EXISTS = re.compile(r"(!?)\s*([^=!\s()]+)")


def label_selector(text: str) -> Callable[[Labels], bool]:
    """Return what says whether labels are selected; an empty text selects all.

    Raises:
        ValueError: It is no selector; its text is what the API server says.
    """
    terms = [_term(each.strip()) for each in _TERMS.split(text) if each.strip()]
    return lambda labels: all(term(labels) for term in terms)


def _term(text: str) -> Callable[[Labels], bool]:
    if match := _SET.fullmatch(text):
        key, operator, values = match[1], match[2], {each.strip() for each in match[3].split(",")}
        return lambda labels: (labels.get(key) in values) == (operator == "in")
    if match := _EQUAL.fullmatch(text):
        key, operator, wanted = match.groups()
        return lambda labels: (labels.get(key) == wanted) == (operator != "!=")
    if match := _EXISTS.fullmatch(text):
        absent, key = bool(match[1]), match[2]
        return lambda labels: (key in labels) != absent
    raise ValueError(f"unable to parse requirement: {text}")
