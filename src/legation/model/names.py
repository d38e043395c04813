"""Names of resources: `xdstp://` names in one spelling, the globs that names fall under, and one that is fixed.

Source: the proposal "TP1: xds-transport-next" of cncf/xds, and Envoy's reading of it: a glob stands for the last part
of the path alone. A name that does not follow the grammar is a name like any other.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, unquote

SCHEME = "xdstp:"
XDS_CLUSTER = "xds_cluster"
"""The static cluster through which an Envoy reaches its control plane: in our bootstraps, and in those of l7mp."""

_GRAMMAR = re.compile(
    r"xdstp://(?P<authority>[^/?#]*)/(?P<type>[^/?#]+)(?:/(?P<id>[^?#]*))?(?:\?(?P<context>[^#]*))?(?:#(?P<directives>.*))?",
    re.DOTALL,
)
_PLAIN = "!$'()*+,;@"
"""Characters that stand for themselves everywhere in such a name."""


def canonical(name: str) -> str:
    """Return the name in the one spelling that all its equals share; any other name than an xdstp:// one as it is.

    Two xdstp:// names are the same whatever the order of their context parameters and the escapes in them.
    """
    return _respelled(name) if name.startswith(SCHEME) else name


def is_glob(name: str) -> bool:
    """Say whether the name stands for all names below a path: it ends in `/*`, context parameters aside."""
    return "/*" in name and glob_of(name) == canonical(name)


def glob_of(name: str) -> str:
    """Return the one glob that the canonical name falls under; empty for a name without a path."""
    if name.startswith(SCHEME):
        return _glob_of_url(name)
    path, slash, _ = name.rpartition("/")
    return f"{path}/*" if slash else ""


@lru_cache(maxsize=4096)
def _respelled(name: str) -> str:
    match = _GRAMMAR.fullmatch(name)
    context = match and _respelled_context(match["context"] or "")
    if match is None or context is None:
        return name
    try:
        authority, kind = (_respell(match[part], ":=&[]") for part in ("authority", "type"))
        path = "" if match["id"] is None else "/" + _respell(match["id"], "/=&")
    except UnicodeError:
        return name
    directives = "" if match["directives"] is None else f"#{match['directives']}"
    return f"xdstp://{authority}/{kind}{path}{context}{directives}"


def _respelled_context(context: str) -> str | None:
    """Return the parameters in order, with the question mark before them; None where they are malformed."""
    pairs = [pair.partition("=") for pair in context.split("&") if pair]
    keys = {unquote(key) for key, _, _ in pairs}
    if len(keys) < len(pairs) or not all(equals and key for key, equals, _ in pairs):
        return None
    try:
        spelled = sorted(f"{_respell(key, '/:?')}={_respell(value, '/:?')}" for key, _, value in pairs)
    except UnicodeError:
        return None
    return "?" + "&".join(spelled) if spelled else ""


def _respell(text: str, safe: str) -> str:
    return quote(unquote(text, errors="surrogateescape"), safe=_PLAIN + safe, errors="surrogateescape")


@lru_cache(maxsize=16384)
def _glob_of_url(name: str) -> str:
    match = _GRAMMAR.fullmatch(name)
    if match is None or match["id"] is None or match["directives"] is not None:
        return ""
    start, end = match.span("id")
    last = name.rfind("/", 0, end) + 1
    return f"{name[: max(last, start)]}*{name[end:]}"
