"""What our protos miss in a message that holds something they do not know: it may be just that, so it is no error.

A field of a newer Envoy can be one more way to say what a rule demands. What stands there and breaks a rule is refused
all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.reading import LEFT_OUT
from legation.model.objects import FieldPath
from legation.model.problems import Level

_UNKNOWN = frozenset({"unknown-field", "unknown-value"})


def softened(found: Iterable[Finding], json: Any, unknown: Iterable[Finding]) -> Iterator[Finding]:
    """Yield what rules found in a message.

    Args:
        found: With paths as they are written in the JSON.
        json: What its owner wrote.
        unknown: What the reader found in it.
    """
    around = {
        each.path[:-1]
        for each in unknown
        if each.code in _UNKNOWN and each.level is Level.WARNING and not each.message.endswith(LEFT_OUT)
    }
    for each in found:
        if around and each.level is Level.ERROR and _is_missed(each.path, json, around):
            each = replace(each, level=Level.WARNING)  # noqa: PLW2901 - from here on it is the lowered one
        yield each


def _is_missed(path: FieldPath, json: Any, around: set[FieldPath]) -> bool:
    return path in around or (path[:-1] in around and not _stands(path, json))


def _stands(path: FieldPath, json: Any) -> bool:
    at = json
    for step in path:
        try:
            at = at[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
