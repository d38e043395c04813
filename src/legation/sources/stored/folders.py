"""The folder of stored objects and a folder that is watched: they must not lie in one another."""

from __future__ import annotations

from pathlib import Path

from legation.errors import SettingsError


def refuse_inside(watched: Path, state_folder: Path) -> None:
    """Look whether a folder that is watched and the folder of stored objects are apart.

    Raises:
        SettingsError: The readable files of stored objects would be read as objects of the watched folder.
    """
    one, other = watched.resolve(), state_folder.resolve()
    if other == one or one in other.parents:
        message = f"{state_folder} lies in {watched}, which is watched; give a folder outside of it"
        raise SettingsError("state_dir", message)
    if other in one.parents:
        message = f"{watched}, which is watched, lies in {state_folder}; give another folder"
        raise SettingsError("state_dir", message)
