from __future__ import annotations

import re
from typing import Any

import pytest

from legation.envoy import types
from legation.judging import programs
from legation.judging.pretence import Pretence
from legation.model.resource_types import EXTENSION_CONFIG
from tests import judged
from tests.judged import LUA, PREFIX

STRUCT = PREFIX + "xds.type.v3.TypedStruct"
SCRIPT = 'os.execute("x")'


def harmless(**config: Any) -> tuple[Any, Pretence]:
    """Return the extension with this configuration as it is judged."""
    message = judged.message_of(EXTENSION_CONFIG, judged.extension(**config).body)
    pretence = Pretence("token")
    pretence.make_harmless(message)
    packed = message.typed_config
    return types.message_class(types.type_name(packed.type_url)).FromString(packed.value), pretence


def unquoted(stand_in: str) -> bytes:
    """Return the script in what stands in for it, as Lua would read it."""
    found = re.fullmatch(r'local script, words = loadstring\("([^"]*)"\) if not script .* end', stand_in)
    assert found is not None, stand_in
    return re.sub(rb"\\(\d{3})", lambda match: bytes([int(match[1])]), found[1].encode())


@pytest.mark.parametrize(
    "script", [b"", b'") os.execute("x', b"\\", b"]] --\n\r\t", "é\x7f".encode(), bytes(range(1, 256)).lstrip(b"\x1b")]
)
def test_no_script_gets_out_of_its_quotes(script: bytes) -> None:
    text = programs.compiled_only(script)

    assert text is not None
    assert text.isascii()
    assert "\n" not in text
    assert unquoted(text) == script


def test_a_script_ends_where_it_does_for_envoy() -> None:
    text = programs.compiled_only(b"-- a\0function (")

    assert text is not None
    assert unquoted(text) == b"-- a"


def test_what_is_compiled_already_has_no_stand_in() -> None:
    assert programs.compiled_only(b"\x1bLJ\x02") is None


def test_every_script_of_a_filter_is_replaced() -> None:
    found, pretence = harmless(
        **{
            "@type": LUA,
            "inline_code": SCRIPT,
            "default_source_code": {"inline_bytes": "b3M="},
            "source_codes": {"a": {"inline_string": SCRIPT}, "b": {"filename": "/x.lua"}},
        }
    )

    scripts = [found.inline_code, found.default_source_code.inline_string]
    scripts += [found.source_codes[each].inline_string for each in "ab"]
    assert [unquoted(each) for each in scripts] == [SCRIPT.encode(), b"os", SCRIPT.encode(), b"--"]
    assert not pretence.unsafe
    assert not pretence.elsewhere


@pytest.mark.parametrize("key", ["inline_code", "inlineCode"])
def test_a_script_in_a_struct_is_replaced(key: str) -> None:
    found, pretence = harmless(**{"@type": STRUCT, "type_url": LUA, "value": {key: SCRIPT}})

    assert unquoted(found.value.fields[key].string_value) == SCRIPT.encode()
    assert not pretence.unsafe


@pytest.mark.parametrize(
    "value",
    [
        {"package_paths": ["/x"]},
        {"default_source_code": {"inline_string": "a", "inline_bytes": "b3M="}},
        {"default_source_code": {"inline_string": ["a"]}},
        {"default_source_code": {"inline_bytes": "?"}},
        {"default_source_code": {"@type": PREFIX + "google.protobuf.Duration", "inline_string": "a"}},
        {"source_codes": {"@type": {"inline_string": "\x1bLJ"}}},
    ],
)
def test_what_is_not_certain_of_a_script_is_kept_away(value: dict[str, Any]) -> None:
    _, pretence = harmless(**{"@type": STRUCT, "type_url": LUA, "value": value})

    assert pretence.unsafe


def test_of_an_extension_that_nobody_knows_its_type_is_left() -> None:
    nested = {"@type": PREFIX + "acme.v1.Thing", "code": "x"}

    found, pretence = harmless(**{"@type": STRUCT, "type_url": PREFIX + "acme.v1.Thing", "value": {"code": "x"}})
    within, noted = harmless(**{"@type": STRUCT, "type_url": LUA, "value": {"stat_prefix": "x", "more": [nested]}})

    assert not found.value.fields
    assert pretence.unknown
    (left,) = within.value.fields["more"].list_value.values
    assert list(left.struct_value.fields) == ["@type"]
    assert noted.unknown


@pytest.mark.parametrize(
    "name",
    [
        "envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
        "envoy.extensions.filters.network.dynamic_modules.v3.DynamicModuleNetworkFilter",
        "envoy.extensions.filters.http.golang.v3alpha.Config",
        "envoy.extensions.http.cache.file_system_http_cache.v3.FileSystemHttpCacheConfig",
    ],
)
def test_what_loads_a_program_is_never_asked_about(name: str) -> None:
    _, pretence = harmless(**{"@type": STRUCT, "type_url": PREFIX + name, "value": {}})

    assert pretence.unsafe
