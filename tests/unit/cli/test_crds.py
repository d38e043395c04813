"""The CustomResourceDefinitions: how they are chosen and printed, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from legation.cli import main
from legation.translate import raw_config, upstream, virtual_service

ROOT = Path(__file__).parents[3]
CRDS = sorted((ROOT / "src" / "legation" / "crds").glob("*.yaml"))
BOOTES = ["clusters.bootes.io", "endpoints.bootes.io", "listeners.bootes.io", "routes.bootes.io"]
OURS = "envoyresources.legation.dev"
PIPES = "virtualservices.servicemesh.l7mp.io"
UPSTREAMS = "upstreams.legation.dev"


def printed(*names: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(main, ["crds", *names], prog_name="legation")
    assert result.exit_code == 0, result.output
    return list(yaml.safe_load_all(result.stdout))


def names_of(crds: list[dict[str, Any]]) -> list[str]:
    return [each["metadata"]["name"] for each in crds]


def version_of(crd: dict[str, Any]) -> dict[str, Any]:
    (version,) = crd["spec"]["versions"]
    assert isinstance(version, dict)
    return version


def schema_of(crd: dict[str, Any]) -> dict[str, Any]:
    schema = version_of(crd)["schema"]["openAPIV3Schema"]
    assert isinstance(schema, dict)
    return schema


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each field below this one, with its path."""
    inner = dict(schema.get("properties", {}))
    inner |= {key: schema[key] for key in ("items", "additionalProperties") if key in schema}
    for name, field in inner.items():
        yield f"{path}.{name}", field
        yield from fields(field, f"{path}.{name}")


@pytest.fixture(params=CRDS, ids=lambda path: path.stem)
def crd(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded = yaml.safe_load(request.param.read_text())
    assert isinstance(loaded, dict)
    return loaded


def test_all_are_printed_as_one_stream() -> None:
    assert names_of(printed()) == sorted([*BOOTES, OURS, UPSTREAMS, PIPES])


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        (["endpoints.bootes.io"], ["endpoints.bootes.io"]),
        (["routes", "Clusters"], ["clusters.bootes.io", "routes.bootes.io"]),
        (["bootes.io"], BOOTES),
        (["legation.dev", OURS], [OURS, UPSTREAMS]),
        (["servicemesh.l7mp.io"], [PIPES]),
        (["virtualservices"], [PIPES]),
    ],
)
def test_some_are_chosen_by_name_plural_or_group(given: list[str], chosen: list[str]) -> None:
    assert names_of(printed(*given)) == chosen


def test_a_name_that_there_is_not_is_told_with_those_that_there_are() -> None:
    result = CliRunner().invoke(main, ["crds", "pods"], prog_name="legation")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no CustomResourceDefinition 'pods'; there are clusters.bootes.io, " in result.stderr
    assert result.stderr.count("\n") == 1


def test_there_is_one_for_each_kind_that_is_read() -> None:
    read = raw_config.STEP.kinds | upstream.STEP.kinds | virtual_service.STEP.kinds
    assert {(each["spec"]["group"], each["spec"]["names"]["kind"]) for each in printed()} == read


def test_a_file_is_called_as_what_it_holds(crd: dict[str, Any]) -> None:
    spec = crd["spec"]
    assert crd["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}"
    assert f"{crd['metadata']['name']}.yaml" in {each.name for each in CRDS}
    assert spec["names"]["listKind"] == spec["names"]["kind"] + "List"


def test_every_field_is_described(crd: dict[str, Any]) -> None:
    schema = schema_of(crd)
    assert schema["description"]
    # The API server allows no words about metadata.
    bare = [path for path, field in fields(schema) if not field.get("description") and path != ".metadata"]
    assert bare == []


def test_raw_parts_keep_what_no_schema_knows() -> None:
    kept = {
        each["metadata"]["name"]: [
            path for path, field in fields(schema_of(each)) if field.get("x-kubernetes-preserve-unknown-fields")
        ]
        for each in printed()
    }
    # Of a pipe the schema knows all: what is not known is told to who writes it.
    assert kept == {
        OURS: [".spec.resources.items"],
        PIPES: [],
        UPSTREAMS: [".spec.cluster"],
        **{each: [".spec.config"] for each in BOOTES},
    }


def test_what_bootes_left_open_is_left_open() -> None:
    for each in printed("bootes.io"):
        required = {path: field["required"] for path, field in fields(schema_of(each)) if "required" in field}
        assert required.keys() == {".spec.workloadSelector", ".status.conditions.items"}
        assert required[".spec.workloadSelector"] == ["labels"]
        assert "required" not in schema_of(each)


def test_the_kinds_differ_in_what_they_hold_and_in_nothing_else() -> None:
    """A line that was changed in one file has to be changed in all."""
    rest = [version_of(each) for each in printed()]
    statuses = [each["schema"]["openAPIV3Schema"]["properties"]["status"] for each in rest]
    selectors = [
        schema_of(each)["properties"]["spec"]["properties"]["workloadSelector"]
        for each in printed(*BOOTES, OURS, UPSTREAMS)
    ]
    columns = [each["additionalPrinterColumns"] for each in rest]
    for same in (statuses, selectors, columns):
        assert all(each == same[0] for each in same)
    assert all(each["subresources"] == {"status": {}} for each in rest)


def listener_of_pipes() -> dict[str, Any]:
    (crd,) = printed(PIPES)
    found = schema_of(crd)["properties"]["spec"]["properties"]["listeners"]["items"]["properties"]
    assert isinstance(found, dict)
    return found


def test_both_protocols_of_pipes_lead_to_the_same_clusters() -> None:
    """A line that was changed in one has to be changed in the other."""
    udp, tcp = (listener_of_pipes()[each]["properties"] for each in ("udp", "tcp"))
    assert udp.keys() == tcp.keys()
    assert (udp["cluster"], udp["address"]) == (tcp["cluster"], tcp["address"])


def test_objects_stay_as_their_owners_wrote_them(crd: dict[str, Any]) -> None:
    """Defaults are the program's: one in a schema would be written into every object, and there to stay."""
    assert [path for path, field in fields(schema_of(crd)) if "default" in field] == []


def test_numbers_of_pipes_have_ranges() -> None:
    numbers = [field for _, field in fields({"properties": listener_of_pipes()}) if field["type"] == "integer"]
    assert numbers
    assert all(each["minimum"] < each["maximum"] <= 2**31 - 1 for each in numbers)


def test_the_chart_carries_the_same() -> None:
    """`make manifest` brings them up to date."""
    carried = {each.name: each.read_text() for each in (ROOT / "deploy/chart/files/crds").glob("*.yaml")}
    assert carried == {each.name: each.read_text() for each in CRDS}
