"""What the comments of the .proto file say of its messages, fields, values and methods: generated code has lost them.

It knows the style that this one file has: a comment stands above what it is about. The one invariant: a name is looked
up by its full name, as descriptors have it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_OPENS = re.compile(r"(?:service|message|enum|oneof)\s+(\w+)\s*\{")
_METHOD = re.compile(r"rpc\s+(\w+)\s*\(")
_FIELD = re.compile(r"(?:[\w.<>, ]+\s)?(\w+)\s*=\s*\d+\s*(?:\[[^\]]*\])?;")


@cache
def comments() -> Mapping[str, str]:
    """Return them by full name: `legation.management.v1.ApplyRequest.force`."""
    text = files("legation.management.v1").joinpath("management.proto").read_text(encoding="utf-8")
    return MappingProxyType(_read(text))


def _read(text: str) -> dict[str, str]:
    package = re.search(r"^package ([\w.]+);", text, re.MULTILINE)
    # A oneof is no scope of its own for names.
    scopes, found, said = [package[1] if package else ""], {}, list[str]()
    for line in map(str.strip, text.splitlines()):
        if line.startswith("//"):
            said.append(line[2:].strip())
            continue
        name = ""
        if match := _OPENS.match(line):
            name = match[1]
            # An enum's values are siblings of it: that is the rule of C++, which protobuf keeps.
            scopes.append("" if line.startswith("oneof") else name)
            if line.endswith("}"):
                scopes.pop()
        elif match := _METHOD.match(line):
            name = match[1]
            if line.endswith("{"):
                scopes.append("")
        elif match := _FIELD.match(line):
            name = match[1]
        elif line == "}":
            scopes.pop()
        if name and said:
            above = scopes[:-1] if scopes[-1] in {name, ""} and line.endswith("{") else scopes
            found[".".join(filter(None, [*above, name]))] = " ".join(said)
        said = []
    return found
