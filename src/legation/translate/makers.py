"""Finds the maker of each type: every module of this folder that has a MAKER is a member. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from legation.model.resource_types import ResourceType
from legation.translate.by_name import Maker
from legation.translate.members import members


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


MAKERS = by_row(members("MAKER"))
"""Every maker, by the type of what it makes."""
