"""Meaning: which resources of a holding a name stands for."""

from __future__ import annotations

from legation.model.lookup import members
from legation.model.names import glob_of, is_glob
from legation.model.resource import Resource
from legation.protocol.holding import Holding


def named(name: str, holding: Holding) -> dict[str, Resource]:
    """Return what is held under that name, or below it if it is a glob."""
    if not is_glob(name):
        resource = holding.get(name)
        return {} if resource is None else {name: resource}
    below = (*members(holding.base, name), *(each for each in holding.overlay if glob_of(each) == name))
    return {each: resource for each in below if (resource := holding.get(each)) is not None}
