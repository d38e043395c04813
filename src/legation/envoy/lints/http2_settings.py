"""SETTINGS of HTTP/2 that are told by number: each once, and none that has a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import at, refused

_FIELD = "custom_settings_parameters"
_NAMED = {1: "hpack_table_size", 3: "max_concurrent_streams", 4: "initial_stream_window_size"}
"""RFC 9113, 6.5.2, and the fields of Envoy."""
_CONNECT = 8
"""RFC 8441, 3: Envoy wants the field `allow_connect` for it."""


def _options(options: Any) -> Iterator[Finding]:
    seen: dict[int, int] = {}
    for index, setting in enumerate(getattr(options, _FIELD)):
        number = setting.identifier.value
        first = seen.setdefault(number, index)
        if setting.value.value != getattr(options, _FIELD)[first].value.value:
            words = f"{at(_FIELD, first)} says something else of the same setting"
            yield refused("either-or", (_FIELD, index), words, "take one of them out")
        elif number == _CONNECT:
            words = "Envoy wants this setting by its name, allow_connect"
            yield refused("either-or", (_FIELD, index), words, "write allow_connect: true")
        elif number in _NAMED and options.HasField(_NAMED[number]):
            words = f"{_NAMED[number]} is the name of this setting, and is set too"
            yield refused("either-or", (_FIELD, index), words, "take one of them out")


LINTS: Lints = {"envoy.config.core.v3.Http2ProtocolOptions": _options}
