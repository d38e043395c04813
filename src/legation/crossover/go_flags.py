"""A command line as Go's `flag` package reads it. Pure: nothing is printed and nobody exits.

`-x` and `--x` are one flag; its value follows it, or a `=`. A switch takes a value behind `=` alone: in `-x false` the
word `false` is no flag, and the first word that is none ends the flags, as `--` does. What is behind is ignored, as the
programs did whose command lines these are: `ignored` tells it, so that it can be said.

Source: https://pkg.go.dev/flag#hdr-Command_line_flag_syntax
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from legation.crossover import go_durations


class Kind(Enum):
    """What a flag holds, by the word that Go has for it in a usage."""

    SWITCH = ""
    TEXT = "string"
    TEXTS = "value"
    """May be given again and again, in order."""
    DURATION = "duration"
    NUMBER = "int"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One flag."""

    name: str
    kind: Kind
    usage: str
    """A sentence for people."""
    default: str = ""
    """As one would write it."""


class FlagFault(Exception):
    """The command line is wrong: in Go's words."""


class HelpWanted(Exception):
    """Somebody asks what flags there are."""


_SWITCHED = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a command line says, and the defaults of what it does not say."""

    values: Mapping[str, tuple[str, ...]]
    """By flag; the last one counts, for flags that hold one value."""
    ignored: tuple[str, ...] = field(default=())
    """The words behind the flags."""

    def given(self, name: str) -> str | None:
        """Return the last word for a flag, or None."""
        return self.values[name][-1] if self.values.get(name) else None

    def text(self, name: str) -> str:
        """Return a text."""
        return self.given(name) or ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all texts of a flag, in order."""
        return self.values.get(name, ())

    def switch(self, name: str) -> bool:
        """Return whether it is on."""
        return _SWITCHED[self.given(name) or "false"]

    def nanoseconds(self, name: str) -> int:
        """Return a duration."""
        return go_durations.parse(self.given(name) or "0")

    def number(self, name: str) -> int:
        """Return a whole number."""
        return int(self.given(name) or "0")


class FlagSet:
    """The flags of one program."""

    def __init__(self, program: str, flags: Iterable[Flag]) -> None:
        """Take the flags.

        Args:
            program: Its name, for the usage.
            flags: In any order: a usage has them by name.
        """
        self._program = program
        self._flags = {each.name: each for each in flags}

    def parse(self, arguments: Sequence[str]) -> Parsed:
        """Read a command line, without the name of the program.

        Raises:
            FlagFault: A flag does not exist, or its value cannot be one.
            HelpWanted: `-h` or `-help` is among them.
        """
        values = {name: [flag.default] if flag.default else [] for name, flag in self._flags.items()}
        left = list(arguments)
        while left and len(left[0]) > 1 and left[0].startswith("-"):
            word = left.pop(0)
            if word == "--":
                break
            flag, value = self._read(word, left)
            if flag.kind is Kind.TEXTS:
                values[flag.name].append(value)
            else:
                values[flag.name] = [value]
        frozen = MappingProxyType({name: tuple(each) for name, each in values.items()})
        return Parsed(values=frozen, ignored=tuple(left))

    def usage(self) -> str:
        """Return what `-h` shows."""
        lines = [f"Usage of {self._program}:"]
        for _, flag in sorted(self._flags.items()):
            shown = json.dumps(flag.default) if flag.kind in {Kind.TEXT, Kind.TEXTS} else flag.default
            lines.append(f"  -{flag.name} {flag.kind.value}".rstrip())
            lines.append(f"    \t{flag.usage}" + (f" (default {shown})" if flag.default else ""))
        return "\n".join(lines)

    def _read(self, word: str, left: list[str]) -> tuple[Flag, str]:
        """Return the flag that a word names, and its value, which may be the next word."""
        name = word.removeprefix("-").removeprefix("-")
        if not name or name[0] in "-=":
            raise FlagFault(f"bad flag syntax: {word}")
        name, equals, value = name.partition("=")
        if name not in self._flags:
            if name in {"h", "help"}:
                raise HelpWanted
            raise FlagFault(f"flag provided but not defined: -{name}")
        flag = self._flags[name]
        if flag.kind is Kind.SWITCH:
            value = value if equals else "true"
        elif not equals:
            if not left:
                raise FlagFault(f"flag needs an argument: -{name}")
            value = left.pop(0)
        _check(flag, value)
        return flag, value


def _check(flag: Flag, value: str) -> None:
    shown = json.dumps(value, ensure_ascii=False)
    if flag.kind is Kind.SWITCH and value not in _SWITCHED:
        raise FlagFault(f"invalid boolean value {shown} for -{flag.name}: parse error")
    try:
        if flag.kind is Kind.DURATION:
            go_durations.parse(value)
        elif flag.kind is Kind.NUMBER:
            int(value)
    except ValueError:
        raise FlagFault(f"invalid value {shown} for flag -{flag.name}: parse error") from None
