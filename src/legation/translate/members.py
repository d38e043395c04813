"""Finds the members of this folder: whatever its modules have under one name. Pure."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

from legation import translate as folder


def members(name: str) -> tuple[Any, ...]:
    """Return what is called so in a module of this folder, in the order of the modules' names.

    A module that is on its way in, as the one that asks is, is seen as far as it is; it has none.
    """
    modules = [import_module(f"{folder.__name__}.{each.name}") for each in pkgutil.iter_modules(folder.__path__)]
    found = ((module.__name__, getattr(module, name)) for module in modules if hasattr(module, name))
    return tuple(member for _, member in sorted(found, key=lambda each: each[0]))
