"""Contents: what is to stand in each file, given what was made of the ConfigMaps and what stands there already. Pure.

It knows what is better than what was made: what was good before, or what stands there, whoever wrote it. The invariant:
what cannot be split replaces nothing that may have been.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from legation.model.objects import ObjectKey
from legation.model.problems import Level, Problem
from legation.translate.config_map_files import Fault, Files


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is to stand there."""

    files: Mapping[str, bytes] = field(repr=False)
    """Content by name: the same object for as long as nothing changes. Others stay as they stand."""
    problems: tuple[Problem, ...]
    """What is wrong with what was made."""
    withheld: Mapping[ObjectKey, tuple[str, ...]]
    """By ConfigMap the names of the files that wait for a split."""


class Contents:
    """Remembers what was good."""

    def __init__(self, standing: Collection[str]) -> None:
        """Take the names of the files that stand there."""
        self.standing = frozenset(standing)
        """The names of files that stand there, whose content is not known here."""
        self._good: dict[str, bytes] = {}
        self._files: Mapping[str, bytes] = MappingProxyType({})

    def choose(self, made: Files, *, blind: Collection[ObjectKey]) -> Chosen:
        """Return what is to stand there.

        Args:
            made: What the ConfigMaps make.
            blind: Those ConfigMaps of whose splits nothing is known.
        """
        files: dict[str, bytes] = {}
        withheld: dict[ObjectKey, list[str]] = {}
        told: dict[Problem, Problem] = {}
        for name, file in made.files.items():
            if file.origin in blind and file.may_be_split:
                withheld.setdefault(file.origin, []).append(name)
            elif file.fault is None:
                files[name] = self._good[name] = file.content
            else:
                better = self._good.get(name)
                told[file.fault.problem] = self._told(name, file.fault)
                if better is not None:
                    files[name] = better
                elif name not in self.standing:
                    files[name] = file.content
        self._forget(self._good.keys() - made.files.keys())
        if files != self._files:
            self._files = MappingProxyType(files)
        return Chosen(
            files=self._files,
            problems=tuple(told.get(each, each) for each in made.problems),
            withheld={origin: tuple(names) for origin, names in withheld.items()},
        )

    def _told(self, name: str, fault: Fault) -> Problem:
        if name in self._good:
            stays, level = "its last good content stays", Level.ERROR
        elif name in self.standing:
            stays, level = "the file stays as it stands", Level.ERROR
        else:
            stays, level = "it is written as it is, without the weights of the splits", Level.WARNING
        return replace(fault.problem, message=f"{fault.reason}; {stays}", level=level)

    def _forget(self, gone: Collection[str]) -> None:
        """Forget what was in files that nobody makes any more: they stay."""
        self.standing |= frozenset(gone)
        for name in gone:
            del self._good[name]
