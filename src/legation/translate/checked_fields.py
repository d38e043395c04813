"""The fields of one map of an object as values of the kinds that they have to be, and every fault told. Pure.

It knows kinds and ranges, as the schema of a CustomResourceDefinition does, and refuses to know what a field means.
What is wrong is put into a list, and a value stands in for what could not be read: whoever reads goes on, finds all
that is wrong at once, and must use nothing of it once the list holds an ERROR. Null is no value, as in the Kubernetes
API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import Level, Problem
from legation.translate.faults import fault, kind_of, string_map_faults, unknown_fields

MOST = 2**31 - 1
"""The largest number of an `int32`."""


class Told:
    """Everything that is wrong with one object, in the order in which it was found."""

    def __init__(self, manifest: ManifestObject, *, code: str) -> None:
        """Begin with nothing.

        Args:
            manifest: The object.
            code: Of every problem that has no better one.
        """
        self.manifest = manifest
        self.problems: list[Problem] = []
        self._code = code

    def tell(self, message: str, path: FieldPath, *, mend: str = "", code: str = "") -> None:
        """Take note of what is wrong."""
        self.problems.append(fault(self.manifest, code or self._code, message, path, mend=mend))

    @property
    def refused(self) -> bool:
        """Whether anything that was told is an ERROR."""
        return any(each.level is Level.ERROR for each in self.problems)


class Fields:
    """One map, and where it stands."""

    def __init__(self, value: Mapping[str, Any], *, told: Told, path: FieldPath) -> None:
        """Take a map.

        Args:
            value: The map.
            told: Takes what is wrong, here and below.
            path: Where in the object the map stands.
        """
        self.value = value
        self.told = told
        self.path = path

    def has(self, name: str) -> bool:
        """Say whether the field is there."""
        return self.value.get(name) is not None

    def tell(self, message: str, *below: str | int, mend: str = "", code: str = "") -> None:
        """Tell what is wrong with the map, or with what stands below it."""
        self.told.tell(message, (*self.path, *below), mend=mend, code=code)

    def know(self, *names: str) -> None:
        """Tell of each field that has none of these names."""
        self.told.problems.extend(unknown_fields(self.told.manifest, self.value, names, self.path))

    def text(self, name: str, *, mend: str = "", maybe_empty: bool = False) -> str:
        """Return the text that has to be there, of at least one character; else tell, and return an empty one."""
        value = self.value.get(name)
        if isinstance(value, str) and (value or maybe_empty):
            return value
        if value is None:
            self._missing(name, mend)
        elif isinstance(value, str):
            self.tell(f"{name} is empty", name, mend=mend)
        else:
            quotes = "" if isinstance(value, Mapping | list) else "put it in quotes"
            self.tell(f"{name} must be text, this is {kind_of(value)}", name, mend=quotes)
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
            self.tell(f"{name} is none of {', '.join(values)}", name, mend=mend)
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
            self.tell(f"{name} must be a whole number from {least} to {most}", name)
            return None
        mend = "leave the quotes out" if isinstance(value, str) and value.isdecimal() else ""
        shown = "a number with a fraction" if isinstance(value, float) else kind_of(value)
        self.tell(f"{name} must be a whole number, this is {shown}", name, mend=mend)
        return None

    def labels(self, name: str, *, mend: str = "") -> frozenset[tuple[str, str]]:
        """Return the labels of a selector, of which at least one has to be there; else tell, and return none."""
        value = self.value.get(name)
        if value is None:
            self._missing(name, mend, code="invalid-selector")
            return frozenset()
        path = (*self.path, name)
        found = list(string_map_faults(self.told.manifest, value, path, code="invalid-selector"))
        if not found and not value:
            found = [fault(self.told.manifest, "invalid-selector", f"{name} has no labels", path, mend=mend)]
        self.told.problems.extend(found)
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
            self.tell(f"{name} must be a list, this is {kind_of(values)}", name)
            return
        for index, value in enumerate(values):
            found = self._map(value, name, index, what=what)
            if found is not None:
                yield found

    def _map(self, value: object, *below: str | int, what: str) -> Fields | None:
        if isinstance(value, Mapping):
            return Fields(value, told=self.told, path=(*self.path, *below))
        self.tell(f"{what} must be a map, this is {kind_of(value)}", *below)
        return None

    def _missing(self, name: str, mend: str, *, code: str = "") -> None:
        self.tell(f"there is no {name}", mend=mend, code=code)
