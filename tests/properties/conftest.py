"""The same examples in every run, whatever ran before."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import legation

# Hypothesis draws constants that stand in the modules which are loaded when it begins, and a test that ran before on
# this worker may have loaded others than in the last run.
for _each in pkgutil.walk_packages(legation.__path__, f"{legation.__name__}."):
    import_module(_each.name)
