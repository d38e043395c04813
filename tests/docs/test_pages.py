"""The pages say what the code says: tables and examples are held against their sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from legation.cli.rendering import snapshot_for
from legation.model.resource_types import RESOURCE_TYPES
from legation.settings import CONFIG, SERVE, SYNC, Setting, Table
from legation.translate.pipeline import STEPS

ROOT = Path(__file__).parents[2]
SLUG = re.compile(r"[a-z]+(-[a-z]+)*")
MAKERS = {"fault", "Fault", "Misfit", "YamlFault"}
"""What makes a problem of a code that it takes as a plain argument."""


def page(name: str) -> str:
    return (ROOT / name).read_text()


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page(name), re.DOTALL)


def row_of(setting: Setting) -> str:
    key = "" if setting is CONFIG else f"`{setting.key}`"
    default = f"`{setting.shown_default}`" if setting.shown_default else ""
    return f"| `{setting.flag}` | `{setting.variable}` | {key} | {default} | {setting.text} |"


def codes_in(tree: ast.AST) -> Iterator[str]:
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        named = [each.value for each in call.keywords if each.arg == "code"]
        maker = getattr(call.func, "id", getattr(call.func, "attr", ""))
        plain = call.args[:2] if maker in MAKERS else []
        for each in (*named, *plain):
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and SLUG.fullmatch(each.value):
                yield each.value


@pytest.mark.parametrize(
    ("name", "table"), [pytest.param("settings", SERVE, id="serve"), pytest.param("files", SYNC, id="sync")]
)
def test_the_table_of_settings_is_that_of_the_code(name: str, table: Table[Any]) -> None:
    """Paste the missing lines where this fails."""
    rows = [row_of(each) for each in (CONFIG, *table.rows)]
    shown = [line for line in page(f"docs/{name}.md").splitlines() if line.startswith(("| `--", "| `DIR", "| `OUT"))]
    assert shown == rows


def test_every_code_of_a_problem_is_explained() -> None:
    explained = set(re.findall(r"`([a-z-]+)`", page("docs/problems.md")))
    files = sorted((ROOT / "src" / "legation").rglob("*.py"))
    made = {code for file in files for code in codes_in(ast.parse(file.read_text()))}
    assert len(made) > 30
    assert made - explained == set()


def test_every_type_is_in_the_table_of_the_manifests() -> None:
    shown = re.findall(r"^\| (\w+) \| `([\w.]+)` \|$", page("docs/manifests.md"), re.MULTILINE)
    assert shown == [(row.name, row.message) for row in RESOURCE_TYPES]


def test_every_kind_is_in_the_table_of_the_manifests() -> None:
    shown = set(re.findall(r"^\| `([\w./-]+)` \| `(\w+)` \|", page("docs/manifests.md"), re.MULTILINE))
    groups = {(api_version.rpartition("/")[0], kind) for api_version, kind in shown}
    assert groups == {kind for step in STEPS for kind in step.kinds}


@pytest.mark.parametrize("name", ["control_plane", "snapshot_server"])
def test_the_readme_shows_the_examples_as_they_are(name: str) -> None:
    """The examples themselves are run by the feature tests."""
    code = page(f"examples/{name}.py").split('"""\n\n', 1)[1]
    assert code in blocks("README.md", "python")
    assert len(code.splitlines()) < 20


def test_the_first_manifest_of_the_readme_is_right(tmp_path: Path) -> None:
    (manifest,) = blocks("README.md", "yaml")
    (tmp_path / "hello.yaml").write_text(manifest)
    snapshot, problems = snapshot_for(tmp_path, node_id="edge", labels={})
    assert problems == ()
    assert [len(collection) for collection in snapshot.collections.values() if len(collection)] == [1]


@pytest.mark.parametrize("folder", ["demo/manifests", "examples/envoy-dynamic/manifests"])
def test_the_manifests_that_are_shown_have_no_problems(folder: str) -> None:
    _, problems = snapshot_for(ROOT / folder, node_id="edge", labels={})
    assert problems == ()
