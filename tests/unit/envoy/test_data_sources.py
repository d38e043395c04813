from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import types
from legation.envoy.data_sources import inline, place


@pytest.mark.parametrize(
    ("fields", "text", "where"),
    [
        ({"inline_string": "a"}, b"a", "inline_string"),
        ({"inline_string": ""}, b"", "inline_string"),
        ({"inline_bytes": b"b"}, b"b", "inline_bytes"),
        ({"filename": "/etc/c"}, None, "filename"),
        ({"environment_variable": "D"}, None, "environment_variable"),
        ({}, None, "inline_string"),
    ],
)
def test_only_what_stands_in_it_is_known(fields: dict[str, Any], text: bytes | None, where: str) -> None:
    source = types.message_class("envoy.config.core.v3.DataSource")(**fields)

    assert inline(source) == text
    assert place("trusted_ca", source) == ("trusted_ca", where)
