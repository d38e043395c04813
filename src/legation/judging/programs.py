"""Programs inside a resource. Envoy runs them while it reads it, so none may reach the judge as it is. Pure.

Lua is compiled there and never run: in place of a script stands another one, which asks for no more than that. Nothing
stands in for the others: whoever holds one is not asked about.
"""

from __future__ import annotations

import re
from typing import Any

ANY_SCRIPT = b"--"
"""As good as any script in a file."""

_BYTECODE = b"\x1b"
# Some places want a function of a certain name. It need not be the script's, and is never called.
_FUNCTIONS = " ".join(
    f"function envoy_{each}() end" for each in ("on_request", "on_response", "on_route", "on_log", "match")
)
_SPECIAL = re.compile(rb"[^A-Za-z0-9 _=+*/(){}<>,.;:-]")

_NEVER = re.compile(r"(?:^|\.)(?:golang|dynamic_modules|file_system_http_cache|sockmap)\.")
"""Packages of extensions that load a program into Envoy, or delete files, as soon as they are read."""
_NEVER_FIELDS = frozenset({
    "envoy.config.trace.v3.DynamicOtConfig.library",
    "envoy.extensions.wasm.v3.VmConfig.code",
})  # fmt: skip


def compiled_only(script: bytes) -> str | None:
    """Return a script that fails as another one does that cannot be compiled, and does nothing else.

    Args:
        script: Text of somebody else. Envoy reads it up to the first zero byte.

    Returns:
        None where it is compiled already: nobody can say what it does to who loads it.
    """
    text = script.partition(b"\0")[0]
    if text.startswith(_BYTECODE):
        return None
    # Every byte that is not plain is written as its number: the text cannot end before its quote.
    quoted = _SPECIAL.sub(lambda match: b"\\%03d" % match[0][0], text).decode("ascii")
    # Not `assert`, which says where it stands itself: the words are to be those about the script.
    return f'local script, words = loadstring("{quoted}") if not script then error(words, 0) end {_FUNCTIONS}'


def is_lua(descriptor: Any) -> bool:
    """Say whether the data sources in messages of a type are scripts of Lua."""
    return "lua" in str(descriptor.file.package).split(".")


def is_script(field: Any) -> bool:
    """Say whether the data source in a field, or its text, is a script of Lua."""
    return is_lua(field.containing_type) and (field.message_type is not None or field.name == "inline_code")


def is_never_asked(name: str) -> bool:
    """Say whether to read a message of that type is to run a program."""
    return bool(_NEVER.search(name))


def is_program(field: Any) -> bool:
    """Say whether what stands in a field is a program that would be run."""
    return field.full_name in _NEVER_FIELDS
