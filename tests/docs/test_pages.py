"""The pages say what the code says: tables and examples are held against their sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from legation.cli.program import main
from legation.cli.rendering import snapshot_for
from legation.envoy.codec import to_json
from legation.model.resource_types import RESOURCE_TYPES
from legation.settings import CONFIG, SERVE, SYNC, Setting, Table
from legation.translate.pipeline import STEPS

ROOT = Path(__file__).parents[2]
SLUG = re.compile(r"[a-z]+(-[a-z]+)*")
MAKERS = {"fault", "Fault", "Misfit", "YamlFault", "refused", "doubtful"}
"""What makes a problem of a code that it takes as a plain argument."""


def page(name: str) -> str:
    return (ROOT / name).read_text()


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page(name), re.DOTALL)


def row_of(setting: Setting) -> str:
    key = "" if setting is CONFIG else f"`{setting.key}`"
    default = f"`{setting.shown_default}`" if setting.shown_default else ""
    return f"| `{setting.flag}` | `{setting.variable}` | {key} | {default} | {setting.text} |"


def codes_in(tree: ast.Module) -> Iterator[str]:
    constants = dict(constants_of(tree))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        named = [each.value for each in call.keywords if each.arg == "code"]
        maker = getattr(call.func, "id", getattr(call.func, "attr", ""))
        plain = call.args[:2] if maker in MAKERS else []
        for each in (*named, *plain):
            found = constants.get(each.id, each) if isinstance(each, ast.Name) else each
            if isinstance(found, ast.Constant) and isinstance(found.value, str) and SLUG.fullmatch(found.value):
                yield found.value


def constants_of(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names of a module that stand for one value each."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                yield from zip((getattr(each, "id", "") for each in names), values, strict=True)


def fields_of(schema: Any) -> Iterator[str]:
    """Yield the names of all fields of a schema, and of those below them."""
    for name, below in schema.get("properties", {}).items():
        yield name
        yield from fields_of(below)
    if "items" in schema:
        yield from fields_of(schema["items"])


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


@pytest.mark.parametrize(
    "room",
    [
        *("envoy", "judging", "runtime", "ops", "client", "cli"),
        *("sources/stored", "sources/stored_in_cluster", "api/management", "api/injection", "api/admission"),
    ],
)
def test_every_module_of_a_room_is_named_where_the_room_is_described(room: str) -> None:
    (block,) = [each for each in blocks("docs/architecture.md", "text") if each.startswith("src/legation/")]
    above, _, name = room.rpartition("/")
    margin = "    " if above else "  "
    described = re.search(rf"^{margin}{name}/ .*\n(?:{margin}  .*\n)+", block, re.MULTILINE)
    assert described
    modules = {each.stem for each in (ROOT / "src" / "legation" / room).glob("*.py")} - {"__init__"}
    assert modules
    assert modules - set(re.findall(r"\w+", described[0])) == set()


def test_every_command_is_on_the_page_of_commands() -> None:
    """In the order in which `legation --help` would be read best."""
    shown = re.findall(r"^\| `legation ([\w-]+)` \|", page("docs/commands.md"), re.MULTILINE)
    assert sorted(shown) == sorted(main.commands)


def test_the_page_of_validate_tells_what_the_action_takes() -> None:
    """Its inputs, and what they are without being told."""
    shown = dict(re.findall(r"^\| `([\w-]+)` \| ?`?([^`|]*?)`? ?\|", page("docs/validate.md"), re.MULTILINE))
    inputs = yaml.safe_load(page("action.yml"))["inputs"]
    assert {name: shown.get(name) for name in inputs} == {name: each["default"] for name, each in inputs.items()}


def test_what_explain_is_said_to_print_it_prints() -> None:
    """As far as it is shown."""
    (block,) = [each for each in blocks("docs/explain.md", "text") if each.startswith("$ legation explain")]
    command, *lines = block.removesuffix("...\n").splitlines()
    printed = CliRunner().invoke(main, command.split()[2:]).stdout
    assert printed.splitlines()[: len(lines)] == lines


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


@pytest.mark.parametrize(
    "folder", ["demo/manifests", "examples/envoy-dynamic/manifests", "examples/udp-pipes/manifests"]
)
def test_the_manifests_that_are_shown_have_no_problems(folder: str) -> None:
    snapshot, problems = snapshot_for(ROOT / folder, node_id="edge", labels={"app": "envoy-ingress"})
    assert problems == ()
    assert any(len(collection) for collection in snapshot.collections.values())


def test_every_field_of_a_virtual_service_is_explained() -> None:
    crd = yaml.safe_load(page("src/legation/crds/virtualservices.servicemesh.l7mp.io.yaml"))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    rows = re.findall(r"^\| (`[^|]+`) \|", page("docs/udp-pipes.md"), re.MULTILINE)
    explained = {name for row in rows for name in re.findall(r"\w+", row)}
    assert len(set(fields_of(schema))) > 20
    assert set(fields_of(schema)) - explained == set()


def test_every_field_of_an_upstream_is_explained() -> None:
    crd = yaml.safe_load(page("src/legation/crds/upstreams.legation.dev.yaml"))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    rows = re.findall(r"^\| `([^|]+)` \|", page("docs/upstreams.md"), re.MULTILINE)
    explained = {name for row in rows for name in re.findall(r"\w+", row)}
    # As of every other kind.
    assert set(fields_of(schema)) - explained == {"labels"}


def test_the_upstreams_that_are_shown_are_right_and_make_the_route_that_is_shown(tmp_path: Path) -> None:
    """The second is the spec alone."""
    first, route, spec = blocks("docs/upstreams.md", "yaml")
    head = "apiVersion: legation.dev/v1alpha1\nkind: Upstream\nmetadata: {name: more}\n"
    written = {"match": {"prefix": "/"}, "route": {"cluster": "reviews-v1"}}
    hosts = [{"name": "all", "domains": ["*"], "routes": [written]}]
    cluster = {"name": "reviews-v1", "load_assignment": {"cluster_name": "reviews-v1"}}
    configs = (("Route", {"name": "local_route", "virtual_hosts": hosts}), ("Cluster", cluster))
    bodies = [
        {"apiVersion": "bootes.io/v1", "kind": kind, "metadata": {"name": "it"}, "spec": {"config": config}}
        for kind, config in configs
    ]
    (tmp_path / "all.yaml").write_text("---\n".join([first, head + spec, *map(yaml.safe_dump, bodies)]))
    snapshot, problems = snapshot_for(tmp_path, node_id="edge", labels={})
    assert {each.code for each in problems} == {"no-endpoints"}
    found = {row.name: {each.name: each for each in of} for row, of in snapshot.collections.items()}
    assert set(found["Cluster"]) == {"reviews-v1", "reviews-v2", "more"}
    shared = to_json(found["RouteConfiguration"]["local_route"])["virtual_hosts"][0]["routes"][0]["route"]
    assert {"route": shared} == yaml.safe_load(route)


def test_the_pipes_that_are_shown_are_right(tmp_path: Path) -> None:
    """Pods are selected in one, and a page has none: that alone is told."""
    shown = [block for block in blocks("docs/udp-pipes.md", "yaml") if "hash_key" in block]
    head = "apiVersion: servicemesh.l7mp.io/v1\nkind: VirtualService\n"
    for number, block in enumerate(shown):
        (tmp_path / f"{number}.yaml").write_text(block if "kind:" in block else head + block)
    for app in ("envoy-ingress", "worker"):
        snapshot, problems = snapshot_for(tmp_path, node_id="it.media", labels={"app": app})
        assert {each.code for each in problems} == {"no-pods-known"}
        assert any(len(collection) for collection in snapshot.collections.values())
