"""An object as its owner wrote it, with whatever may be a secret out of sight. In doubt it is.

The object may say anything, so there are no protos to ask: what a key names, what stands beside the name of a header,
and what looks like credentials is hidden, as `secret_lines` has it of texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from legation.envoy.secret_lines import names_a_secret_header, secret_lines
from legation.envoy.sensitive import REDACTED, is_secret_key
from legation.model.objects import FieldPath

_NAMES = ("key", "name", "header", "header_name", "headerName")
"""Keys under which the name of a header stands."""
_VALUES = re.compile(r"(raw_?)?value|.*match|exact|prefix|suffix|contains|safe_?regex", re.IGNORECASE)
"""Keys under which stands what is in it, or is looked for there."""
_ASSIGNED = re.compile(r"""(?<![\w.-])([\w.-]++)["']?\s*+=\s*["']?[^\s"'&=]""")
"""A value behind a name: of the query of a path, of a variable. Nothing in it is gone through twice."""
_OF_SECRETS = ("data", "stringData")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def hidden(value: Any) -> Any:
    """Return plain JSON with a mark in place of each text that may be a secret; the value itself is not changed."""
    found = _hidden(value, hide=False)
    if isinstance(found, dict) and found.get("kind") == "Secret":
        # Of Kubernetes: whatever its keys are called.
        found |= {name: _hidden(value[name], hide=True) for name in _OF_SECRETS if name in found}
    return found


def marks(value: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    """Yield where in plain JSON the mark stands that `hidden` leaves: who stores that loses the secret."""
    match value:
        case str():
            if REDACTED in value and REDACTED in value.split("\n"):
                yield path
        case Mapping():
            for key, each in value.items():
                yield from marks(each, (*path, key))
        case list() | tuple():
            for index, each in enumerate(value):
                yield from marks(each, (*path, index))


def _hidden(value: Any, *, hide: bool) -> Any:
    match value:
        case str():
            return REDACTED if hide else _text(value)
        case Mapping():
            header = any(isinstance(value.get(each), str) and names_a_secret_header(value[each]) for each in _NAMES)
            return {
                key: _hidden(each, hide=hide or is_secret_key(key) or (header and _VALUES.fullmatch(key) is not None))
                for key, each in value.items()
                if key != _LAST_APPLIED
            }
        case list() | tuple():
            return [_hidden(each, hide=hide) for each in value]
    return value


def _text(text: str) -> str:
    if ":" not in text and "=" not in text and len(text.split()) < 2:
        # A word. Most texts are one, and there are very many.
        return text
    lines = text.split("\n")
    secret = secret_lines(lines) | {at for at, line in enumerate(lines, 1) if _assigns(line)}
    return "\n".join(REDACTED if at in secret else line for at, line in enumerate(lines, 1)) if secret else text


def _assigns(line: str) -> bool:
    return "=" in line and any(is_secret_key(each) for each in _ASSIGNED.findall(line))
