"""Patching: whole numbers put at places of a YAML or JSON text. Every other byte stays as it is. Pure.

The invariant: what is read of the patched text is what `edits.apply` makes of what is read of the text, or there is no
patched text. Where a number replaces a scalar that stands on one line for one place alone, that is so by the grammar.
Everywhere else the patched text is read before it is handed out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from legation.model.objects import FieldPath
from legation.texts.edits import Edit, apply
from legation.texts.envoy_yaml import read
from legation.texts.kubectl_yaml import YamlFault
from legation.texts.places import Place, Wanted

_MOST = 2**63
"""Numbers below it are whole in every reading."""


class Unpatchable(Exception):
    """Why a text cannot say what it should, and where: line and column count from 1 inside the text."""

    def __init__(self, message: str, *, mend: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend
        self.line = line
        self.column = column


def patch(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with the edits in it.

    Raises:
        YamlFault: The text cannot be read.
        Unpatchable: The text cannot say it.
    """
    return Template(text).patch(edits)


class Template:
    """A text that was read once and is patched many times."""

    def __init__(self, text: str, *, keys: Collection[str] = ()) -> None:
        """Read a text.

        Args:
            text: The text.
            keys: The keys behind which most edits are: their places are remembered at once. A place behind another
                key costs another reading, the first time.

        Raises:
            YamlFault: The text cannot be read.
        """
        self.text = text
        self._keys: frozenset[str | int] = frozenset(keys)
        reading = read(text, Wanted(keys=self._keys))
        self.value: Any = reading.value
        """What is read of the text. Not to be changed by anyone."""
        self._places = reading.places
        self._aliases = reading.aliases
        self._proven: frozenset[FieldPath] = frozenset()

    def patch(self, edits: Iterable[Edit]) -> str:
        """Return the text with the edits in it; the very same where nothing changes.

        Raises:
            Unpatchable: The text cannot say it.
        """
        edits = tuple(edits)
        numbers = self._numbers({edit.path: edit.value for edit in edits})
        if not numbers:
            return self.text
        self._locate(numbers)
        patched = _fill(
            self.text, sorted(((self._place(path), number) for path, number in numbers.items()), key=_order)
        )
        doubtful = frozenset(path for path in numbers if not self._place(path).is_certain)
        is_plain = all(0 <= number < _MOST for number in numbers.values())
        # What was right with some numbers is right with others, but for aliases.
        if self._aliases or not is_plain or (doubtful and doubtful != self._proven):
            self._prove(patched, edits, numbers)
            self._proven = doubtful
        return patched

    # ------------------------------------------------------------------------------------------------------ what, where

    def _numbers(self, wanted: dict[FieldPath, int]) -> dict[FieldPath, int]:
        """Return what is to be written at which path of the text: those that change, each by the path that it is at."""
        numbers: dict[FieldPath, int] = {}
        said_of_aliases: dict[FieldPath, int] = {}
        for path, number in wanted.items():
            at = self._written_at(path)
            if at in self._aliases:
                said_of_aliases[at] = number
            elif not _is_same(_look_up(self.value, path), number):
                self._add(numbers, at, number)
        changed = frozenset(numbers)
        for at, alias in self._aliases.items():
            old = _look_up(self.value, at)
            number = said_of_aliases.get(at, old)
            # An alias of a number that changes would change with it.
            if not _is_same(old, number) or (alias.target in changed and type(number) is int):
                self._add(numbers, at, number)
        return numbers

    def _add(self, numbers: dict[FieldPath, int], path: FieldPath, number: int) -> None:
        if numbers.setdefault(path, number) != number:
            raise self._shared({path: number})

    def _shared(self, paths: Iterable[FieldPath]) -> Unpatchable:
        targets = ((alias.target, alias.place.start) for alias in self._aliases.values())
        at = min((at for target, at in targets for path in paths if path[: len(target)] == target), default=0)
        message = "the text stands for two places through an alias, and only one of them changes"
        return Unpatchable(message, mend="write it out in place of the alias", **_position(self.text, at))

    def _written_at(self, path: FieldPath) -> FieldPath:
        """Return where a value is written that is reached through aliases."""
        if not self._aliases:
            return path
        length = 1
        while length < len(path):
            alias = self._aliases.get(path[:length])
            if alias is None:
                length += 1
            else:
                # What an alias stands for is written before it, so this comes to an end.
                path, length = alias.target + path[length:], 1
        return path

    def _place(self, path: FieldPath) -> Place:
        alias = self._aliases.get(path)
        return self._places[path] if alias is None else alias.place

    def _locate(self, paths: Iterable[FieldPath]) -> None:
        unknown = [path for path in paths if path not in self._places and path not in self._aliases]
        if not unknown:
            return
        lacking = frozenset(path for path in unknown if _look_up(self.value, path) is _NOWHERE)
        keys = frozenset(path[-1] for path in unknown if path and path not in lacking)
        self._keys |= keys
        self._places.update(read(self.text, Wanted(keys=self._keys, lacking=lacking)).places)
        if any(path not in self._places for path in unknown):
            message = "a number is to stand where the text has a collection, or nothing that could hold it"
            raise Unpatchable(message, mend="write a number there")

    # ------------------------------------------------------------------------------------------------------------ proof

    def _prove(self, patched: str, edits: tuple[Edit, ...], paths: Collection[FieldPath]) -> None:
        try:
            is_right = _is_same(read(patched).value, apply(self.value, edits))
        except YamlFault:
            is_right = False
        if is_right:
            return
        if self._aliases:
            raise self._shared(paths)
        at = min(self._place(path).start for path in paths)
        message = "the text is written so that no number can be put here alone"
        raise Unpatchable(message, mend="write it in the plain way, `key: number`", **_position(self.text, at))


def _order(filled: tuple[Place, int]) -> tuple[int, bool]:
    """A field that is new behind a value comes after what replaces the value."""
    place = filled[0]
    return place.start, "\n" in place.before or "\r" in place.before or "," in place.before


def _fill(text: str, filled: list[tuple[Place, int]]) -> str:
    parts: list[str] = []
    at = 0
    for place, number in filled:
        parts += text[at : place.start], place.before, str(number), place.after
        at = place.end
    return "".join(parts) + text[at:]


def _position(text: str, at: int) -> dict[str, int]:
    return {"line": text.count("\n", 0, at) + 1, "column": at - text.rfind("\n", 0, at)}


_NOWHERE = object()


def _look_up(value: Any, path: FieldPath) -> Any:
    for part in path:
        if isinstance(value, list):
            is_there = isinstance(part, int) and 0 <= part < len(value)
        else:
            is_there = isinstance(value, dict) and part in value
        if not is_there:
            return _NOWHERE
        value = value[part]
    return value


def _is_same(one: Any, other: Any) -> bool:
    """Say whether two JSON values are the same, in whatever order their keys are; 1 is not true and not 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same(each, other[key]) for key, each in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)
