"""Answers that Envoy gives itself: how long their bodies may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused

_FIELD = "max_direct_response_body_size_bytes"
_MOST = 4096
"""Bytes, where the routes do not say."""


def _routes(routes: Any) -> Iterator[Finding]:
    most = getattr(routes, _FIELD).value if routes.HasField(_FIELD) else _MOST
    if not most:  # as many as there are
        return
    for host_index, host in enumerate(routes.virtual_hosts):
        for index, route in enumerate(host.routes):
            if route.WhichOneof("action") == "direct_response" and (size := _size(route.direct_response.body)) > most:
                yield refused(
                    "too-large",
                    ("virtual_hosts", host_index, "routes", index, "direct_response", "body"),
                    f"the body has {size} bytes, and here at most {most} are allowed",
                    f"set {_FIELD} of the RouteConfiguration",
                )


def _size(body: Any) -> int:
    return len(body.inline_bytes) or len(body.inline_string.encode(errors="replace"))


LINTS: Lints = {"envoy.config.route.v3.RouteConfiguration": _routes}
