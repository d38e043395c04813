"""`crossover --onetime` as an init container runs it: a process, an API server, what it exits with."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from legation.testing.fake_kube import TOKEN, FakeKube
from tests.features.crossover_process import RDS, SPLIT, Stage, config_map, rds, split
from tests.unit.kube.certificates import Authority
from tests.unit.kube.loopback import Answer, Asked, loopback, server_tls


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with FakeKube() as kube:
        yield Stage(kube, tmp_path)


async def test_all_keys_of_all_config_maps_become_files_byte_for_byte(stage: Stage) -> None:
    """Nothing is parsed: what is no YAML is a file like any other."""
    odd = "\ttabs: [and\r\n no end\u00e9 \U0001f600"
    stage.put(config_map("one", {"rds.yaml": RDS, "odd.yaml": odd, "empty": ""}))
    stage.put(config_map("two", {"cds.json": '{"resources": []}', "odd.yaml": "of the second"}))
    code, process = await stage.once("--configmap=one", "-configmap", "two")
    assert code == 0
    folder = stage.output / "current"
    contents = {each.name: each.read_bytes() for each in folder.iterdir()}
    assert contents == {
        "rds.yaml": RDS.encode(),
        "odd.yaml": odd.encode(),
        "empty": b"",
        "cds.json": b'{"resources": []}',
    }
    assert process.said("the file is made by ConfigMap shop/one already")


async def test_files_are_for_everybody_to_read_in_a_real_folder(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    assert (await stage.once("--configmap=xds"))[0] == 0
    folder = stage.output / "current"
    assert not folder.is_symlink()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "rds.yaml").stat().st_mode) == 0o644
    assert not list((stage.output / "new").iterdir())


@pytest.mark.parametrize(
    ("version", "weights"),
    [
        ("v1alpha1", {"green": "20", "blue": "80", "red": "5"}),
        ("v1alpha2", {"green": 20, "blue": 80, "red": 5}),
        ("v1alpha4", {"green": 20, "blue": 80, "red": 5}),
    ],
)
async def test_the_weights_of_a_split_stand_in_the_file_and_every_other_byte_stays(
    stage: Stage, version: str, weights: dict[str, Any]
) -> None:
    stage.put(config_map("envoy-xds", {"rds.yaml": RDS, "cds.yaml": "resources: []\n"}))
    stage.put(split(version=version, **weights))
    code, process = await stage.once(
        "--configmap=envoy-xds", "--trafficsplit=podinfo", f"--trafficsplit-api-version={version}"
    )
    assert code == 0
    assert process.files == {"rds.yaml": rds(20, 80), "cds.yaml": "resources: []\n"}
    assert 'version_info: "0"' in process.files["rds.yaml"]
    # No more is asked than two objects by name.
    assert sorted(map(str, stage.kube.asked)) == ["get configmaps shop/envoy-xds", "get trafficsplits shop/podinfo"]


async def test_a_json_file_stays_json(stage: Stage) -> None:
    weights = '{"clusters":[{"name":"green","weight":1},{"weight":1,"name":"blue"}]}'
    host = f'{{"name":"podinfo","routes":[{{"route":{{"weighted_clusters":{weights}}}}}]}}'
    text = f'{{"resources":[{{"name":"r","virtual_hosts":[{host}]}}]}}'
    stage.put(config_map("xds", {"rds.json": text}))
    stage.put(split(green=3, blue=4))
    code, process = await stage.once("--configmap=xds", "--trafficsplit=podinfo")
    wanted = text.replace('"green","weight":1', '"green","weight":3').replace('{"weight":1,', '{"weight":4,')
    assert (code, process.files) == (0, {"rds.json": wanted})


async def test_a_split_that_is_not_there_is_not_waited_for(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    code, process = await stage.once("--configmap=xds", "--trafficsplit=podinfo")
    assert (code, process.files) == (0, {"rds.yaml": RDS})
    assert process.said("there is no such TrafficSplit; the weights stay as they are written")


async def test_a_version_of_splits_that_the_cluster_does_not_have_is_like_no_split(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    code, process = await stage.once("--configmap=xds", "--trafficsplit=podinfo", "--trafficsplit-api-version=v9")
    assert (code, process.files) == (0, {"rds.yaml": RDS})


async def test_a_broken_split_is_told_and_the_weights_of_the_template_are_written(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    stage.put(split(green=-1, blue=80))
    code, process = await stage.once("--configmap=xds", "--trafficsplit=podinfo")
    assert (code, process.files) == (0, {"rds.yaml": RDS})
    assert process.said("TrafficSplit shop/podinfo: spec.backends[0].weight")


async def test_init_containers_that_run_again_keep_the_last_weights(stage: Stage) -> None:
    """So it is when a node was started anew: the Pod has its folder still."""
    both = ("--configmap=xds", "--trafficsplit=podinfo")
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    stage.put(split(green=10, blue=90))
    assert (await stage.once(*both))[0] == 0
    stage.put(split(green="many", blue=80))
    stage.put(config_map("xds", {"rds.yaml": RDS + "# new\n", "cds.yaml": "new"}))
    # Nor is it changed by whoever only asks what would be.
    before = {each: each.read_bytes() for each in (stage.output / "new").iterdir()}
    assert (await stage.once("--dry-run", *both))[0] == 0
    assert {each: each.read_bytes() for each in (stage.output / "new").iterdir()} == before
    code, process = await stage.once(*both)
    assert (code, process.files) == (0, {"rds.yaml": rds(10, 90) + "# new\n", "cds.yaml": "new"})


async def test_what_is_kept_of_splits_stands_beside_the_files_for_whoever_runs_next(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    assert (await stage.once("--configmap=xds", "--trafficsplit=podinfo"))[0] == 0
    assert not list((stage.output / "new").iterdir())
    stage.put(split(green=10, blue=90))
    assert (await stage.once("--configmap=xds", "--trafficsplit=podinfo"))[0] == 0
    (kept,) = (stage.output / "new").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o644
    assert not kept.read_bytes().count(b"resourceVersion")


async def test_a_key_that_is_no_yaml_is_told_and_written_where_nothing_stands(stage: Stage) -> None:
    broken = "virtual_hosts: [\n"
    stage.put(config_map("xds", {"rds.yaml": RDS, "lds.yaml": broken, "eds.yaml": broken}))
    stage.put(split(green=20, blue=80))
    folder = stage.output / "current"
    folder.mkdir(parents=True)
    (folder / "eds.yaml").write_text("what was good")
    code, process = await stage.once("--configmap=xds", "--trafficsplit=podinfo")
    assert code == 0
    assert process.files == {"rds.yaml": rds(20, 80), "lds.yaml": broken, "eds.yaml": "what was good"}
    assert process.said('ConfigMap shop/xds: data["lds.yaml"]')


async def test_several_splits_are_for_the_only_config_map(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    stage.put(split(green=20, blue=80))
    stage.put(split("other", service="other", green=7, blue=3))
    code, process = await stage.once("--configmap=xds", "--trafficsplit=podinfo", "--trafficsplit=other")
    host, mark, rest = rds(20, 80).partition("  - name: other\n")
    rest = rest.replace("green, weight: 50", "green, weight: 7").replace("blue, weight: 50", "blue, weight: 3")
    assert (code, process.files) == (0, {"rds.yaml": host + mark + rest})


async def test_each_split_is_for_the_config_map_of_its_position(stage: Stage) -> None:
    stage.put(config_map("one", {"one.yaml": RDS}))
    stage.put(config_map("two", {"two.yaml": RDS}))
    stage.put(split("a", green=20, blue=80))
    stage.put(split("b", green=30, blue=70))
    code, process = await stage.once("--configmap=one", "--configmap=two", "--trafficsplit=a", "--trafficsplit=b")
    assert (code, process.files) == (0, {"one.yaml": rds(20, 80), "two.yaml": rds(30, 70)})


@pytest.mark.parametrize(
    "arguments",
    [
        ("--configmap=one", "--configmap=two", "--trafficsplit=a"),
        ("--configmap=one", "--trafficsplit=a", "--configmap=two", "-smi"),
    ],
)
async def test_numbers_that_do_not_match_end_it_before_anything_is_asked_or_written(
    stage: Stage, arguments: tuple[str, ...]
) -> None:
    async with stage.start("--onetime", *arguments) as process:
        _, words = await process.process.communicate()
        assert process.process.returncode == 1
        assert b"mismatching number of configmaps and trafficsplits" in words
    assert not stage.kube.asked
    assert not stage.output.exists()


async def test_all_config_maps_are_tried_and_nothing_is_written_if_one_is_not_there(stage: Stage) -> None:
    stage.put(config_map("two", {"rds.yaml": RDS}))
    code, process = await stage.once("--configmap=one", "--configmap=two", "--configmap=three")
    assert (code, process.files) == (1, {})
    assert stage.kube.count("get", "configmaps") == 3
    assert process.said("ConfigMap shop/one: there is no such ConfigMap")
    assert process.said("ConfigMap shop/three: there is no such ConfigMap")


async def test_a_config_map_without_data_is_no_success(stage: Stage) -> None:
    stage.put(config_map("xds", {}))
    code, process = await stage.once("--configmap=xds")
    assert (code, process.files) == (1, {})
    assert process.said("ConfigMap shop/xds: it has no data")


@pytest.mark.parametrize(("plural", "verb"), [("configmaps", "get"), ("trafficsplits", "get")])
async def test_what_may_not_be_asked_for_is_told_with_its_cause(stage: Stage, plural: str, verb: str) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    stage.kube.forbid(verb, plural)
    code, process = await stage.once("--configmap=xds", "--trafficsplit=podinfo")
    assert (code, process.files) == (1, {})
    assert process.said("403 Forbidden")
    assert TOKEN not in str(process.log)


async def test_a_token_that_nobody_knows_is_told_and_not_shown(stage: Stage) -> None:
    stage.token.write_text("a-secret")
    code, process = await stage.once("--configmap=xds")
    assert (code, process.files) == (1, {})
    assert process.said("401 Unauthorized")
    assert "a-secret" not in str(process.log)


async def test_without_a_token_it_asks_all_the_same(stage: Stage) -> None:
    """kubectl proxy needs none."""
    stage.token.unlink()
    code, process = await stage.once("--configmap=xds")
    assert code == 1
    assert process.said("the token cannot be read")
    assert stage.kube.asked or process.said("401")


async def test_a_server_that_is_not_there_is_told(stage: Stage) -> None:
    await stage.kube.stop()
    code, process = await stage.once("--configmap=xds")
    assert code == 1
    assert process.said("refuses connections")


@pytest.mark.parametrize("trusted", ["nobody", "anybody", "its authority"])
async def test_who_may_be_the_server(stage: Stage, trusted: str) -> None:
    """The token is not shown to anybody else."""

    value = stage.kube.put(config_map("xds", {"rds.yaml": RDS}))

    async def speak(_: Asked, answer: Answer) -> None:
        await answer.whole(body=json.dumps(value).encode())

    authority = Authority()
    (stage.folder / "ca.crt").write_bytes(authority.pem)
    arguments = ["--configmap=xds", *(["--insecure"] if trusted == "anybody" else [])]
    environment = {"SSL_CERT_FILE": str(stage.folder / "ca.crt")} if trusted == "its authority" else {}
    async with loopback(speak, tls=server_tls(authority.issue("127.0.0.1"), stage.folder)) as server:
        code, process = await stage.once(*arguments, server=server.url, **environment)
        shown = [each.headers["authorization"] for each in server.asked]
    if trusted == "nobody":
        assert (code, shown) == (1, [])
        assert process.said("cannot be trusted")
    else:
        assert (code, shown, process.files) == (0, [f"Bearer {TOKEN}"], {"rds.yaml": RDS})


@pytest.mark.parametrize("variable", ["NS", "POD_NAMESPACE"])
async def test_the_namespace_may_come_from_the_environment(stage: Stage, variable: str) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    async with stage.start("--onetime", "--configmap=xds", namespace="", **{variable: "shop"}) as process:
        assert await process.end() == 0


async def test_without_a_namespace_nothing_is_asked(stage: Stage) -> None:
    async with stage.start("--onetime", "--configmap=xds", namespace="") as process:
        _, words = await process.process.communicate()
        assert process.process.returncode == 1
    assert b"POD_NAMESPACE" in words
    assert not stage.kube.asked


async def test_a_folder_that_cannot_be_written_is_told(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    stage.output.write_text("a file")
    code, process = await stage.once("--configmap=xds")
    assert code == 1
    assert process.said("the files cannot be written: ")


async def test_an_apiserver_that_is_no_address_is_told(stage: Stage) -> None:
    code, process = await stage.once("--configmap=xds", "--apiserver=kubernetes")
    assert code == 1
    assert process.said("--apiserver: ")


async def test_without_config_maps_there_is_nothing_to_do(stage: Stage) -> None:
    code, process = await stage.once()
    assert code == 0
    assert process.said("no --configmap is given")


async def test_a_dry_run_prints_what_would_change_and_writes_nothing(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS, "cds.yaml": "same\n", "eds.yaml": "new\n"}))
    stage.put(split(green=20, blue=80))
    folder = stage.output / "current"
    folder.mkdir(parents=True)
    (folder / "rds.yaml").write_text(RDS)
    (folder / "cds.yaml").write_text("same\n")
    async with stage.start("--onetime", "--dry-run", "--configmap=xds", "--trafficsplit=podinfo") as process:
        printed, _ = await process.process.communicate()
        assert process.process.returncode == 0
    lines = printed.decode().splitlines()
    assert "unchanged cds.yaml (5 bytes)" in lines
    assert "new eds.yaml (4 bytes)" in lines
    assert f"changed rds.yaml ({len(RDS)} bytes -> {len(RDS)} bytes)" in lines
    assert "  +          - {name: green, weight: 20}" in lines
    assert process.files == {"rds.yaml": RDS, "cds.yaml": "same\n"}
    assert not (stage.output / "new").exists()


async def test_a_dry_run_fails_where_the_run_would(stage: Stage) -> None:
    assert (await stage.once("--dry-run", "--configmap=xds"))[0] == 1


async def test_what_matches_a_group_alone_is_split(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    value = split(version="v1alpha4", green=20, blue=80)
    value["spec"]["matches"] = [{"kind": "HTTPRouteGroup", "name": "routes"}]
    stage.put(value)
    group = {
        "apiVersion": "specs.smi-spec.io/v1alpha4",
        "kind": "HTTPRouteGroup",
        "metadata": {"namespace": "shop", "name": "routes"},
        "spec": {"matches": [{"name": "a", "pathRegex": "/a.*", "methods": ["*"]}]},
    }
    stage.put(group)
    arguments = ("--configmap=xds", "--trafficsplit=podinfo", "--trafficsplit-api-version=v1alpha4")
    code, process = await stage.once(*arguments)
    first, mark, rest = RDS.partition('    - match: {prefix: "/"}\n')
    assert (code, process.files) == (0, {"rds.yaml": rds(20, 80, first) + mark + rest})


@pytest.mark.parametrize("status", [400, 403, 429, 500])
async def test_a_group_that_is_not_told_of_is_no_success(stage: Stage, status: int) -> None:
    """Its weights would not be known: that would be an Envoy which sends requests where nobody wants them."""
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    value = split(version="v1alpha4", green=20, blue=80)
    value["spec"]["matches"] = [{"kind": "HTTPRouteGroup", "name": "routes"}]
    stage.put(value)
    if status == 403:
        stage.kube.forbid("get", "httproutegroups")
    else:
        stage.kube.refuse_next(status, verb="get", plural="httproutegroups")
    code, process = await stage.once("--configmap=xds", "--trafficsplit=podinfo", "--trafficsplit-api-version=v1alpha4")
    assert (code, process.files) == (1, {})
    assert process.said("nothing is written")
    if status == 403:
        assert process.said('resources: ["httproutegroups"], resourceNames: ["routes"], verbs: ["get", "watch"]')


async def test_older_versions_of_splits_have_no_matches(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    value = split(green=20, blue=80)
    value["spec"]["matches"] = [{"kind": "HTTPRouteGroup", "name": "routes"}]
    stage.put(value)
    stage.kube.forbid("get", "httproutegroups")
    code, process = await stage.once("--configmap=xds", "--trafficsplit=podinfo")
    assert (code, process.files) == (0, {"rds.yaml": rds(20, 80)})
    assert process.said("this version of TrafficSplit has no matches")
    assert stage.kube.count(plural="httproutegroups") == 0


async def test_the_older_program_takes_its_flags(stage: Stage) -> None:
    """It has no folder to choose; so it only says here what it would do."""
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    arguments = ("--onetime", "--dry-run", "--insecure", "-configmap", "xds", "-watch=false", "-sync-interval=30s")
    async with stage.start(*arguments, program="envoy-xds-configmap-loader") as process:
        printed, _ = await process.process.communicate()
        assert process.process.returncode == 0
    assert b"rds.yaml" in printed


@pytest.mark.parametrize(("arguments", "code"), [(("-h",), 0), (("-nope",), 2), (("--sync-interval=30",), 2)])
async def test_mistakes_in_the_command_line_show_the_usage(stage: Stage, arguments: tuple[str, ...], code: int) -> None:
    async with stage.start(*arguments) as process:
        shown, words = await process.process.communicate()
        assert process.process.returncode == code
    assert not shown
    assert b"Usage of crossover:" in words


async def test_the_kind_of_splits_is_asked_for_by_name_alone(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS}))
    stage.put(split(green=1, blue=1))
    stage.kube.forbid("list", SPLIT.plural)
    stage.kube.forbid("list", "configmaps")
    assert (await stage.once("--configmap=xds", "--trafficsplit=podinfo"))[0] == 0
