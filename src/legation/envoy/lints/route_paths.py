"""What routes match by that no request has: Envoy accepts it, and nothing ever gets there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import doubtful

_BEHIND_A_PATH = frozenset("?#")
_OF_ALL = "*"
"""The path of OPTIONS requests that mean the whole server."""


def _match(match: Any) -> Iterator[Finding]:
    kind = match.WhichOneof("path_specifier")
    if kind not in {"prefix", "path", "path_separated_prefix"}:
        return
    text = getattr(match, kind)
    if text and not text.startswith("/") and text != _OF_ALL:
        message, mend = "every path begins with a slash, so no request matches this", "begin it with /"
    elif not _BEHIND_A_PATH.isdisjoint(text):
        message = "Envoy looks at the path without its query, so no request matches this"
        mend = "take what stands behind the path out, and match by query_parameters"
    else:
        return
    yield doubtful("unreachable-route", (kind,), message, mend)


LINTS: Lints = {"envoy.config.route.v3.RouteMatch": _match}
