"""What a setting is, and a table of them: all about one is in its field there.

Its default, how its value is read, and the one text that `--help` and the documentation print. Its names follow from
the field's: `xds_port` is `--xds-port`, `LEGATION_XDS_PORT`, and `xds_port:` in the file (inside its section, where it
has one).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from legation.errors import SettingsError
from legation.settings import kinds

PREFIX = "LEGATION_"
"""What the variables begin with."""

Value = TypeVar("Value")


def setting(default: Any, kind: kinds.Kind, text: str, *, argument: str = "") -> Any:
    """Return the field of a setting; Any, as `dataclasses.field` is: the annotation beside it tells the type.

    Args:
        default: What holds where nothing is said.
        kind: How its value is written.
        text: One sentence for `--help` and the documentation.
        argument: What the command line calls it, where it is no flag but an argument.
    """
    return field(default=default, metadata={"kind": kind, "text": text, "argument": argument})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting as every surface shows it."""

    name: str
    kind: kinds.Kind
    default: Any
    text: str
    """One sentence for `--help` and the documentation."""
    section: str = ""
    """The section of the file that it stands in; empty at the top."""
    argument: str = ""
    """What the command line calls it, where it is no flag but an argument."""

    @property
    def flag(self) -> str:
        """What the command line calls it, such as `--xds-port`."""
        return self.argument or "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """What the environment calls it, such as `LEGATION_XDS_PORT`."""
        return PREFIX + self.name.upper()

    @property
    def key(self) -> str:
        """What the file calls it, such as `delivery.removal_grace`, or `webhook.port` for `webhook_port`."""
        return f"{self.section}.{self.name.removeprefix(self.section + '_')}" if self.section else self.name

    @property
    def shown_default(self) -> str:
        """The default as a user would write it; empty for none."""
        if isinstance(self.default, bool):
            return "on" if self.default else "off"
        if isinstance(self.default, float):
            return f"{self.default:g}"
        if isinstance(self.default, tuple):
            return ",".join(self.default)
        return str(self.default) if self.default else ""

    def read(self, given: object, *, wrote: str, place: str = "") -> Any:
        """Return the setting's value.

        Args:
            given: Text, or a value out of the file.
            wrote: What the user called the setting: a flag, a variable or a key.
            place: Where in the file.

        Raises:
            SettingsError: It is not what the setting expects.
        """
        try:
            return self.kind.read(given)
        except ValueError as error:
            where = f" ({place})" if place else ""
            raise SettingsError(wrote, f"{given!r:.80} is not {self.kind.expects}{where}") from error


CONFIG = Setting(name="config", kind=kinds.PATH, default=None, text="The file of settings (YAML).")
"""The one setting that cannot stand in the file."""


class Table(Generic[Value]):
    """The settings of one command: the fields of a dataclass, and those of its sections."""

    def __init__(self, of: type[Value], *, sections: Mapping[str, type] | None = None) -> None:
        """Take the dataclass, and by the names of its fields the dataclasses that are sections of the file."""
        self._of = of
        self.sections = dict(sections or {})
        self.rows: tuple[Setting, ...] = (
            *_rows(of, section=""),
            *(row for section, part in self.sections.items() for row in _rows(part, section=section)),
        )
        """Every setting but the file, in the order in which they are shown."""

    @cached_property
    def by_key(self) -> Mapping[str, Setting]:
        """The settings by what the file calls them."""
        return {row.key: row for row in self.rows}

    @cached_property
    def by_name(self) -> Mapping[str, Setting]:
        """The settings by name, the file too."""
        return {row.name: row for row in (CONFIG, *self.rows)}

    @cached_property
    def by_variable(self) -> Mapping[str, Setting]:
        """The settings by what the environment calls them, the file too."""
        return {row.variable: row for row in (CONFIG, *self.rows)}

    def build(self, found: Mapping[str, Any]) -> Value:
        """Return the frozen value of what was found, by key; defaults for the rest."""
        parts: dict[str, dict[str, Any]] = {"": {}, **{section: {} for section in self.sections}}
        for row in self.rows:
            if row.key in found:
                parts[row.section][row.name] = found[row.key]
        sections = {section: part(**parts[section]) for section, part in self.sections.items()}
        return self._of(**parts[""], **sections)


def _rows(of: type, *, section: str) -> Iterator[Setting]:
    for each in dataclasses.fields(of):
        if each.metadata:
            yield Setting(name=each.name, section=section, default=each.default, **each.metadata)
