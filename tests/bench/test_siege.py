"""The siege, tiny: an Envoy is served beside each attack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench import siege

if TYPE_CHECKING:
    import pytest


async def test_a_tiny_siege_is_measured(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(siege, "CONNECTIONS", 20)
    monkeypatch.setattr(siege, "_BEGUN", 0.2)
    found = [row async for row in siege.rows(programs, tmp_path, rounds=2, envoys=2)]

    assert [each.what for each in found if each.what.startswith("beside")] == [
        f"beside {each}" for each in siege.ATTACKS
    ]
    assert all(each.measured for each in found)
