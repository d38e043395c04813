"""The fields of one map of an object as values of the kinds that they have to be, and every fault told. Pure.

It knows kinds and ranges, as the schema of a CustomResourceDefinition does, and refuses to know what a field means.
What is wrong is put into a list, and a value stands in for what could not be read: whoever reads goes on, finds all
that is wrong at once, and must use nothing of it once the list holds an ERROR. Null is no value, as in the Kubernetes
API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import Level, Problem
from legation.translate.faults import fault, kind_of, string_map_faults, unknown_fields

MOST = 2**31 - 1
"""The largest number of an `int32`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """One map, and where it stands."""

    manifest: ManifestObject
    code: str
    """Of every fault that has no better one."""
    value: Mapping[str, Any] = field(repr=False)
    path: FieldPath = ()
    problems: list[Problem] = field(default_factory=list, repr=False)
    """What is wrong, here and below, in the order in which it was found."""

    def has(self, name: str) -> bool:
        """Say whether the field is there."""
        return self.value.get(name) is not None

    def fault(self, message: str, *below: str | int, mend: str = "", code: str = "") -> None:
        """Tell what is wrong with the map, or with what stands below it."""
        self.problems.append(fault(self.manifest, code or self.code, message, (*self.path, *below), mend=mend))

    def know(self, *names: str) -> None:
        """Tell of each field that has none of these names."""
        self.problems.extend(unknown_fields(self.manifest, self.value, names, self.path))

    def text(self, name: str, *, mend: str = "", maybe_empty: bool = False) -> str:
        """Return the text that has to be there, of at least one character; else tell, and return an empty one."""
        value = self.value.get(name)
        if isinstance(value, str) and (value or maybe_empty):
            return value
        if value is None:
            self._missing(name, mend)
        elif isinstance(value, str):
            self.fault(f"{name} is empty", name, mend=mend)
        else:
            quotes = "" if isinstance(value, Mapping | list) else "put it in quotes"
            self.fault(f"{name} must be text, this is {kind_of(value)}", name, mend=quotes)
        return ""

    def one_of(self, name: str, *values: str) -> str:
        """Return the text that has to be one of these; else tell, and return the first."""
        value = self.value.get(name)
        if isinstance(value, str) and value in values:
            return value
        mend = f"write {' or '.join(values)}"
        if value is None:
            self._missing(name, mend)
        else:
            self.fault(f"{name} is none of {', '.join(values)}", name, mend=mend)
        return values[0]

    def whole(self, name: str, *, least: int = 1, most: int = MOST, mend: str = "") -> int:
        """Return the whole number that has to be there; else tell, and return 0."""
        if self.value.get(name) is None:
            self._missing(name, mend or f"write a whole number from {least} to {most}")
        return self.whole_or(name, 0, least=least, most=most)

    def whole_or(self, name: str, default: int, *, least: int = 1, most: int = MOST) -> int:
        """Return the whole number, or the default where none is there."""
        number = self.maybe_whole(name, least=least, most=most)
        return default if number is None else number

    def maybe_whole(self, name: str, *, least: int = 1, most: int = MOST) -> int | None:
        """Return the whole number, or None where none is there."""
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            if least <= value <= most:
                return value
            self.fault(f"{name} must be a whole number from {least} to {most}", name)
            return None
        mend = "leave the quotes out" if isinstance(value, str) and value.isdecimal() else ""
        shown = "a number with a fraction" if isinstance(value, float) else kind_of(value)
        self.fault(f"{name} must be a whole number, this is {shown}", name, mend=mend)
        return None

    def labels(self, name: str, *, mend: str = "") -> frozenset[tuple[str, str]]:
        """Return the labels of a selector, of which at least one has to be there; else tell, and return none."""
        value = self.value.get(name)
        if value is None:
            self._missing(name, mend, code="invalid-selector")
            return frozenset()
        path = (*self.path, name)
        found = list(string_map_faults(self.manifest, value, path, code="invalid-selector"))
        if not found and not value:
            found = [fault(self.manifest, "invalid-selector", f"{name} has no labels", path, mend=mend)]
        self.problems.extend(found)
        return frozenset() if found else frozenset(value.items())

    def below(self, name: str, *, mend: str = "") -> Fields | None:
        """Return the map that has to be there; else tell."""
        value = self.value.get(name)
        if value is None:
            self._missing(name, mend)
            return None
        return self._map(value, name, what=name)

    def each(self, name: str, *, what: str) -> Iterator[Fields]:
        """Yield the maps of a list; where it is none, or holds something else, tell.

        Args:
            name: Of the field; nothing has to be there.
            what: One of the maps is, with its article: `a listener`.
        """
        values = self.value.get(name)
        if values is None:
            return
        if not isinstance(values, list):
            self.fault(f"{name} must be a list, this is {kind_of(values)}", name)
            return
        for index, value in enumerate(values):
            found = self._map(value, name, index, what=what)
            if found is not None:
                yield found

    @property
    def refused(self) -> bool:
        """Whether anything that was told is an ERROR."""
        return any(each.level is Level.ERROR for each in self.problems)

    def _map(self, value: object, *below: str | int, what: str) -> Fields | None:
        if isinstance(value, Mapping):
            return replace(self, value=value, path=(*self.path, *below))
        self.fault(f"{what} must be a map, this is {kind_of(value)}", *below)
        return None

    def _missing(self, name: str, mend: str, *, code: str = "") -> None:
        self.fault(f"there is no {name}", mend=mend, code=code)
