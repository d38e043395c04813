"""Finds the maker of each type: every module of this folder that has a MAKER is a member. Pure."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType

from legation import translate as folder
from legation.model.resource_types import ResourceType
from legation.translate.by_name import Maker


def by_row(makers: Iterable[Maker]) -> Mapping[ResourceType, Maker]:
    """Return the maker of each type.

    Raises:
        ValueError: Two makers claim one type.
    """
    found: dict[ResourceType, Maker] = {}
    for maker in makers:
        other = found.setdefault(maker.row, maker)
        if other is not maker:
            raise ValueError(f"{type(other).__name__} and {type(maker).__name__} both claim {maker.row.name}")
    return MappingProxyType(found)


def _find_makers() -> tuple[Maker, ...]:
    names = (f"{folder.__name__}.{each.name}" for each in pkgutil.iter_modules(folder.__path__))
    modules = [import_module(name) for name in sorted(names) if name != __name__]
    return tuple(module.MAKER for module in modules if hasattr(module, "MAKER"))


MAKERS = by_row(_find_makers())
"""Every maker, by the type of what it makes."""
