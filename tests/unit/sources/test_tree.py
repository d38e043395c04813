"""Which files are below a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from legation.sources.tree import Tree, walk


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def shown(tree: Tree, folder: Path) -> list[str]:
    return [name.removeprefix(f"{folder}/") for name in tree.files]


def test_manifests_are_found_at_every_depth_sorted_by_path(tmp_path: Path) -> None:
    make(tmp_path, "b.yaml", "a/z.yml", "a.json", "a/b/c.yaml", "c.txt", "README.md", "d.YAML", "yaml")
    assert shown(walk(str(tmp_path)), tmp_path) == ["a.json", "a/b/c.yaml", "a/z.yml", "b.yaml"]


@pytest.mark.parametrize(
    "name",
    [
        ".a.yaml",
        ".git/a.yaml",
        ".#a.yaml",
        ".a.yaml.swp",
        ".goutputstream-X1.yaml",
        "#a.yaml#",
        "a.yaml~",
        "a.yaml.swp",
        "a.yaml.tmp",
        "a.yaml.bak",
        "a.yaml___jb_tmp___",
        "4913",
    ],
)
def test_hidden_names_and_files_of_editors_are_left_out(tmp_path: Path, name: str) -> None:
    make(tmp_path, name)
    assert shown(walk(str(tmp_path)), tmp_path) == []


def test_a_path_may_be_a_file(tmp_path: Path) -> None:
    make(tmp_path, "a.yaml", "b.yaml", "c.conf")
    assert list(walk(str(tmp_path / "a.yaml")).files) == [f"{tmp_path}/a.yaml"]
    assert list(walk(str(tmp_path / "c.conf")).files) == [f"{tmp_path}/c.conf"]


def test_a_path_is_shown_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "dir/a.yaml")
    monkeypatch.chdir(tmp_path)
    assert list(walk("dir").files) == ["dir/a.yaml"]
    assert list(walk("dir/../dir").files) == ["dir/../dir/a.yaml"]


def test_links_are_followed_to_their_end_and_every_step_is_remembered(tmp_path: Path) -> None:
    make(tmp_path, "config/..2026_1/cm.yaml", "outside/b.yaml")
    config = tmp_path / "config"
    (config / "..data").symlink_to("..2026_1")
    (config / "cm.yaml").symlink_to("..data/cm.yaml")
    (config / "b.yaml").symlink_to(tmp_path / "outside" / "b.yaml")
    (tmp_path / "given").symlink_to("config")
    tree = walk(str(tmp_path / "given"))
    assert shown(tree, tmp_path / "given") == ["b.yaml", "cm.yaml"]
    assert tree.real_files == {f"{config}/..2026_1/cm.yaml", f"{tmp_path}/outside/b.yaml"}
    assert tree.ways >= {f"{tmp_path}/given", f"{config}/..data", f"{config}/cm.yaml", f"{config}/b.yaml"}
    folders = {str(tmp_path), str(config), f"{config}/..2026_1", f"{tmp_path}/outside"}
    assert folders <= set(tree.watched())


def test_no_file_is_found_twice(tmp_path: Path) -> None:
    make(tmp_path, "b.yaml", "sub/c.yaml")
    (tmp_path / "a.yaml").symlink_to("b.yaml")
    (tmp_path / "z.yaml").hardlink_to(tmp_path / "b.yaml")
    (tmp_path / "again").symlink_to("sub")
    (tmp_path / "sub" / "circle").symlink_to("..")
    assert shown(walk(str(tmp_path)), tmp_path) == ["a.yaml", "again/c.yaml"]


def test_names_that_lead_to_no_file_say_why(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    make(tmp_path, "folder.yaml/inside.yaml")
    (tmp_path / "circle.yaml").symlink_to("circle.yaml")
    (tmp_path / "nowhere.yaml").symlink_to("gone/nowhere.yaml")
    (tmp_path / "nowhere").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe.yaml")
    tree = walk(str(tmp_path))
    assert {Path(name).name: file.why for name, file in tree.files.items()} == {
        "circle.yaml": "its links lead in a circle",
        "folder.yaml": "it is a folder",
        "nowhere.yaml": "no such file or directory",
        "pipe.yaml": "it is not a regular file",
    }
    assert not any(file.stamp for file in tree.files.values())


def test_a_path_that_is_gone_is_told_and_its_parent_is_watched(tmp_path: Path) -> None:
    tree = walk(str(tmp_path / "gone"))
    assert tree.closed == {f"{tmp_path}/gone": "no such file or directory"}
    assert set(tree.watched()) == {str(tmp_path)}


def test_a_folder_that_may_not_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.yaml", "closed/b.yaml")
    scandir = os.scandir

    # Whoever runs the tests may be allowed to read everything, so the system's refusal is played.
    def refuse(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("legation.sources.tree.os.scandir", refuse)
    tree = walk(str(tmp_path))
    assert shown(tree, tmp_path) == ["a.yaml"]
    assert tree.closed == {f"{tmp_path}/closed": "permission denied"}
