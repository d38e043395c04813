"""`legation blame` on files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from legation.cli.program import main
from tests.features.stage import cluster, route


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "web.yaml").write_text(yaml.safe_dump(cluster("web"), sort_keys=False))
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(route("shop", "web"), sort_keys=False))
    return tmp_path


def blame(*args: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["blame", *map(str, args)])
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("target", [("cluster/web",), ("clusters", "web"), ("Cluster web",), ("cds/web",)])
def test_a_resource_leads_to_its_object_file_and_line(files: Path, target: tuple[str, ...]) -> None:
    code, printed, _ = blame(*target, files)
    assert code == 0
    assert printed.startswith(f'cluster "web" -> Cluster default/web ({files}/web.yaml:6); version ')
    assert printed.count("\n") == 1


def test_an_object_leads_to_its_resources(files: Path) -> None:
    code, printed, _ = blame("Route default/shop", files)
    first, second = printed.splitlines()
    assert (code, first) == (0, f"Route default/shop ({files}/shop.yaml:1)")
    assert second.startswith('  makes route configuration "shop" -> Route default/shop')


def test_programs_read_it_as_json(files: Path) -> None:
    _, printed, _ = blame("route/shop", files, "-o", "json")
    (found,) = json.loads(printed)["blame"]
    assert (found["type"], found["line"], found["envoys"]["concerned"]) == ("RouteConfiguration", 6, 0)


def test_what_nobody_has_is_told_and_fails(files: Path) -> None:
    assert blame("cluster/none", files) == (1, "", "nobody has cluster none\n")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("cluster/wbe", "nobody has cluster wbe; did you mean web?"),
        ("clsuter/web", "nobody has clsuter web: 'clsuter' is no type and no kind; write cluster/web"),
        ("Cluster shop/web", "nobody has Cluster shop/web\n"),
        ("VirtualService web", "nobody has VirtualService web\n"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(files: Path, target: str, words: str) -> None:
    code, printed, said = blame(target, files)
    assert (code, printed) == (1, "")
    assert said.startswith(words)


@pytest.mark.parametrize(
    ("args", "words"),
    [(("cluster",), "'cluster' names nothing"), (("cluster/web", "FILES", "--admin", "localhost:1"), "leave it out")],
)
def test_wrong_usage_is_told(files: Path, args: tuple[str, ...], words: str) -> None:
    code, _, said = blame(*(str(files) if each == "FILES" else each for each in args))
    assert code == 2
    assert words in said
