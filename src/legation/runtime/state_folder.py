"""The state folder: named JSON records that outlive the program, in one journal that only its owner can read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from legation.model.problems import Problem


class StateFolder:
    """Named JSON records in a folder. All methods wait for the disk: call them in a thread, one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> tuple[Mapping[str, Any], tuple[Problem, ...]]:
        """Return every record, and what could not be read. A damaged journal is set aside; what can be read is kept.

        Raises:
            SettingsError: The folder cannot be made or read.
        """
        raise NotImplementedError

    def save(self, changes: Mapping[str, Any]) -> None:
        """Save records by name; None takes one away. They are on the disk when it returns.

        Raises:
            OSError: The disk did not take them.
        """
        raise NotImplementedError
