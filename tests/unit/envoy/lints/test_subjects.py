"""Every file of the folder takes part."""

from __future__ import annotations

import importlib
import pkgutil

from legation.envoy import lints


def test_what_a_file_says_of_a_type_is_said() -> None:
    modules = [
        importlib.import_module(f"{lints.__name__}.{each.name}") for each in pkgutil.iter_modules(lints.__path__)
    ]
    said = [(each, table) for each in modules for table in ("LINTS", "DELIVERED") if hasattr(each, table)]

    assert len(said) > 30
    for module, table in said:
        for name, lint in getattr(module, table).items():
            assert lint in getattr(lints, table)[name], (module.__name__, table)
