"""Programs in Go are built once."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cluster.go_programs import Missing, built

HELLO = """
package main

func main() { println("hello") }
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with nothing in it, but for what Go itself has compiled before."""
    if shutil.which("go"):
        compiled = subprocess.run(["go", "env", "GOCACHE"], capture_output=True, text=True, check=True).stdout.strip()
        monkeypatch.setenv("GOCACHE", compiled)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A module with one program."""
    folder = tmp_path / "hello"
    folder.mkdir()
    (folder / "go.mod").write_text("module hello\n\ngo 1.26.0\n")
    (folder / "main.go").write_text(HELLO)
    return folder


@pytest.fixture
def go() -> None:
    """Go itself."""
    if not shutil.which("go"):
        pytest.skip("there is no go")


@pytest.mark.usefixtures("go")
def test_a_program_is_built_once_and_again_when_it_changes(sources: Path) -> None:
    program = built(sources)
    made = program.stat()

    assert subprocess.run([program], capture_output=True, text=True, check=True).stderr == "hello\n"
    assert built(sources).stat() == made

    (sources / "main.go").write_text(HELLO.replace("hello", "goodbye"))
    assert built(sources) != program
    assert program.stat() == made


@pytest.mark.usefixtures("go")
def test_a_broken_program_says_why_and_leaves_nothing(sources: Path, cache: Path) -> None:
    (sources / "main.go").write_text("package main\n\nfunc main() { hello() }\n")

    with pytest.raises(RuntimeError, match="undefined: hello"):
        built(sources)

    assert [each.name for each in (cache / "legation-tests").iterdir()] == ["hello.lock"]


@pytest.mark.usefixtures("go")
def test_without_go_a_program_built_before_will_do(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = built(sources)

    monkeypatch.setenv("PATH", "")

    assert built(sources) == program


def test_without_go_and_without_a_program_it_says_what_is_missing(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(Missing, match="hello has to be built, and there is no Go: put `go` in PATH"):
        built(sources)
