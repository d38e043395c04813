"""Formats: texts with commands such as %REQ(NAME)%, of headers, access logs and answers.

What no Envoy reads is refused. A command that is not known here may be one of a newer Envoy, or of an extension: that
is a doubt.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding, quote
from legation.envoy.lints.base import Lints
from legation.envoy.lints.format_commands import COMMANDS, WITH_PARAMETERS, WITHOUT_PARAMETERS
from legation.envoy.lints.tell import doubtful, refused
from legation.model.objects import FieldPath

_COMMAND = re.compile(r"%(?:%|(?P<name>[A-Z0-9_]+)(?:\((?P<parameters>.*?)\))?(?::(?P<length>[0-9]+))?%)", re.DOTALL)
"""What a percent sign begins: a command with its parameters and a length, or the sign itself."""
_HEADERS = frozenset({"REQ", "RESP", "TRAILER"})
"""Commands whose parameter is a header, and another one for want of it."""


def faults(
    text: str, path: FieldPath, *, extended: bool = False, more: frozenset[str] = frozenset()
) -> Iterator[Finding]:
    """Yield what is wrong with a format.

    Args:
        text: The format.
        path: Where it stands.
        extended: Extensions are configured that know more commands.
        more: Commands with parameters that are known in this place alone.
    """
    for command in _commands(text):
        if command is None:
            words = "a percent sign begins a command such as %REQ(NAME)%, and here it does not"
            yield refused("bad-format", path, words, "write %% for the sign itself")
        elif (name := command["name"]) and not (name in more and command["parameters"]):
            yield from _fault(command, name, path, extended=extended)


def _commands(text: str) -> Iterator[re.Match[str] | None]:
    """Yield each command of a format; None, and no more, where a percent sign begins none."""
    position = text.find("%")
    while position >= 0:
        command = _COMMAND.match(text, position)
        yield command
        position = -1 if command is None else text.find("%", command.end())


def _fault(command: re.Match[str], name: str, path: FieldPath, *, extended: bool) -> Iterator[Finding]:
    parameters = command["parameters"]
    if name in WITH_PARAMETERS and not parameters:
        yield refused("bad-format", path, f"{name} wants parameters", f"write %{name}(...)%")
    elif name in WITHOUT_PARAMETERS and (parameters or command["length"]):
        yield refused("bad-format", path, f"{name} takes no parameters and no length", f"write %{name}%")
    elif name in _HEADERS and parameters.count("?") > 1:
        words = f"{name} takes one header, and one more for want of it"
        yield refused("bad-format", path, words, f"write %{name}(ONE?OTHER)%")
    elif name not in COMMANDS and not extended:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        words = f"Envoy 1.40 knows no command {quote(name)}, and an Envoy that does not know it refuses all of this"
        yield doubtful("unknown-command", path, words, f"did you mean {near[0]}?" if near else "take it out")


def _string(string: Any) -> Iterator[Finding]:
    extended = bool(string.formatters)
    kind = string.WhichOneof("format")
    if kind == "text_format":
        yield from faults(string.text_format, (kind,), extended=extended)
    elif kind == "text_format_source":
        field = string.text_format_source.WhichOneof("specifier")
        if field == "inline_string":
            yield from faults(string.text_format_source.inline_string, (kind, field), extended=extended)
    elif kind == "json_format":
        yield from _fields(string.json_format, (kind,), extended=extended)


def _file(log: Any) -> Iterator[Finding]:
    kind = log.WhichOneof("access_log_format")
    if kind == "format":
        yield from faults(log.format, (kind,))
    elif kind in {"json_format", "typed_json_format"}:
        yield from _fields(getattr(log, kind), (kind,), extended=False)


def _fields(struct: Any, path: FieldPath, *, extended: bool) -> Iterator[Finding]:
    for name, value in struct.fields.items():
        yield from _value(value, (*path, name), extended=extended)


def _value(value: Any, path: FieldPath, *, extended: bool) -> Iterator[Finding]:
    match value.WhichOneof("kind"):
        case "string_value":
            yield from faults(value.string_value, path, extended=extended)
        case "struct_value":
            yield from _fields(value.struct_value, path, extended=extended)
        case "list_value":
            for index, each in enumerate(value.list_value.values):
                yield from _value(each, (*path, index), extended=extended)


LINTS: Lints = {
    "envoy.config.core.v3.SubstitutionFormatString": _string,
    "envoy.extensions.access_loggers.file.v3.FileAccessLog": _file,
}
