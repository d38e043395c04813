"""Files, folders and standard input, read once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from legation.errors import SourceError
from legation.model.objects import Place
from legation.model.problems import Problem
from legation.sources.base import SourceState
from legation.sources.paths import PathsSource

CLUSTER = "apiVersion: bootes.io/v1\nkind: Cluster\nmetadata: {name: NAME}\nspec: {config: {name: NAME}}\n"


class Inputs:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.state = SourceState()

    def publish(self, state: SourceState) -> None:
        self.state = state

    def blocked(self, problems: tuple[Problem, ...]) -> None:
        raise AssertionError(problems)


def manifest(name: str) -> str:
    return CLUSTER.replace("NAME", name)


def read(source: PathsSource) -> SourceState:
    inputs = Inputs()
    asyncio.run(source.run(inputs))
    return inputs.state


def names(state: SourceState) -> list[str]:
    return [key.name for key in state.objects]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with some files in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "below").mkdir()
    (tmp_path / "a.yaml").write_text(manifest("a"))
    (tmp_path / "below" / "b.json").write_text('{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}}')
    (tmp_path / "below" / "note.txt").write_text(manifest("note"))
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_paths_are_files_folders_and_standard_input() -> None:
    """A file that is named counts whatever it is called."""
    source = PathsSource([".", "below/note.txt", "-"], read_stdin=lambda: manifest("piped").encode())
    assert names(read(source)) == ["piped", "a", "b", "note"]
    assert sorted(source.texts) == ["<stdin>", "a.yaml", "below/b.json", "below/note.txt"]


@pytest.mark.usefixtures("folder")
def test_a_file_that_is_named_twice_is_read_once() -> None:
    """`legation validate . a.yaml` finds no double object."""
    source = PathsSource(["a.yaml", ".", "./a.yaml"])
    state = read(source)
    assert (names(state), state.problems) == (["a", "b"], ())


def test_a_field_is_found_where_it_stands(folder: Path) -> None:
    """As in a directory that is served."""
    source = PathsSource([str(folder / "a.yaml")])
    (found,) = read(source).objects.values()
    assert source.locate(found.place, ("spec", "config")) == Place(str(folder / "a.yaml"), 4, 8)
    assert source.locate(None, ("spec",)) is None


@pytest.mark.parametrize("path", ["none", "none/a.yaml", "empty"])
def test_what_is_named_has_to_be_there(path: str, folder: Path) -> None:
    """A typing error is no empty configuration, and neither is an empty folder."""
    (folder / "empty").mkdir()
    with pytest.raises(SourceError, match=path):
        read(PathsSource([path]))


def test_what_cannot_be_read_below_a_folder_is_a_problem(folder: Path) -> None:
    """The others are read."""
    (folder / "bad.yaml").write_bytes(b"a: \xff")
    (folder / "empty.yaml").write_text("")
    (folder / "lost.yaml").symlink_to("nowhere")
    state = read(PathsSource(["."]))
    assert names(state) == ["a", "b"]
    assert {each.place: each.code for each in state.problems} == {
        Place("bad.yaml"): "unreadable-file",
        Place("empty.yaml"): "empty-file",
        Place("lost.yaml"): "unreadable-file",
    }
    assert not any("stays in use" in f"{each.message}{each.mend}" for each in state.problems)


@pytest.mark.usefixtures("folder")
def test_what_somebody_else_reads_is_kept_for_that_one() -> None:
    """It is no manifest, and no problem."""
    source = PathsSource(["."], aside=lambda name, text: name == "a.yaml" and "Cluster" in text)
    assert names(read(source)) == ["b"]
    assert source.aside == {"a.yaml": manifest("a")}
