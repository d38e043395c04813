from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
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


def test_the_real_one_is_taken_for_the_script_of_the_wheel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = folder / "site" / "envoy"
    real = wheel / "_bin" / "envoy"
    real.parent.mkdir(parents=True)
    real.write_text("#!/bin/sh\n")
    real.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    spec = ModuleSpec("envoy", None, is_package=True)
    spec.submodule_search_locations = [str(wheel)]
    monkeypatch.setattr("importlib.util.find_spec", lambda _: spec)

    assert find_envoy() == real
    assert find_envoy(folder / "envoy") == real
