from __future__ import annotations

from pathlib import Path

import pytest

from legation.judging.program import find_envoy


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder on the PATH, with an `envoy`."""
    program = tmp_path / "envoy"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_it_is_the_one_that_somebody_chose(folder: Path) -> None:
    other = folder / "my-envoy"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)

    assert find_envoy(other) == other


def test_what_somebody_chose_and_is_not_there_is_not_replaced(folder: Path) -> None:
    assert find_envoy(folder / "nothing") is None


def test_it_is_looked_for_on_the_path(folder: Path) -> None:
    assert find_envoy() == folder / "envoy"
