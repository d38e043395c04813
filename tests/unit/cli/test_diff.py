"""`legation diff` of files and files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from legation.cli.program import main
from tests.features.stage import cluster


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return folder(tmp_path / "old", cluster("web"))


def folder(path: Path, *objects: object) -> Path:
    path.mkdir()
    (path / "web.yaml").write_text(yaml.safe_dump_all(objects, sort_keys=False))
    return path


def diff(*args: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["diff", *map(str, args)])
    return done.exit_code, done.stdout, done.stderr


def test_the_same_is_no_difference(tmp_path: Path, old: Path) -> None:
    new = folder(tmp_path / "new", cluster("web"))
    assert diff(new, "--from", old) == (0, "no difference\n", "")


def test_what_differs_is_told_and_is_the_exit_status(tmp_path: Path, old: Path) -> None:
    new = folder(tmp_path / "new", cluster("web"), cluster("more"))
    code, printed, _ = diff(new, "--from", old)
    assert code == 1
    assert printed.endswith("1 object and 1 resource differ\n")
    assert json.loads(diff(new, "--from", old, "-o", "json")[1])["differs"] is True


def test_with_a_broken_object_nothing_is_compared_and_that_is_said(tmp_path: Path, old: Path) -> None:
    broken = cluster("web")
    broken["spec"]["config"]["conect_timeout"] = "1s"
    code, printed, said = diff(folder(tmp_path / "new", broken), "--from", old)
    assert (code, printed) == (2, "")
    assert 'help: did you mean "connect_timeout"?\n' in said
    assert said.endswith("nothing is compared: nobody knows what would become of a broken object\n")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--kubernetes", "--admin", "localhost:1"), "compare with one thing"),
        (("--from", "old", "--namespaces", "shop"), "--namespaces is about a cluster: add --kubernetes"),
        ((), "Missing argument"),
    ],
)
def test_wrong_usage_is_told(old: Path, args: tuple[str, ...], words: str) -> None:
    code, _, said = diff(*args, *([old] if args else []))
    assert code == 2
    assert words in said
