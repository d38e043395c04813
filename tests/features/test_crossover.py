"""`crossover` as a sidecar runs it: a process that follows an API server, and files that follow it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from legation.testing.fake_kube import TOKEN, FakeKube
from tests.features.crossover_process import CONFIG_MAP, RDS, SPLIT, Stage, config_map, rds, split

_BOTH = ("--watch", "--configmap=xds", "--trafficsplit=podinfo")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with FakeKube() as kube:
        found = Stage(kube, tmp_path)
        found.put(config_map("xds", {"rds.yaml": RDS}))
        yield found


async def watched(stage: Stage, count: int) -> None:
    """Return when so many watches stand."""
    async with asyncio.timeout(30):
        await stage.kube.wait(lambda: stage.kube.watches == count)


async def test_changes_are_written_as_they_happen_and_cost_no_request(stage: Stage) -> None:
    stage.put(split(green=0, blue=100))
    async with stage.start(*_BOTH) as process:
        await process.event("ready")
        assert process.files == {"rds.yaml": rds(0, 100)}
        await watched(stage, 2)
        assert {each.verb for each in stage.kube.asked} == {"get", "watch"}
        stage.kube.forget_asked()
        for green in (25, 50, 75, 100):
            stage.put(split(green=green, blue=100 - green))
            await process.written(rds(green, 100 - green))
        stage.put(config_map("xds", {"rds.yaml": RDS + "# more\n"}))
        await process.written(rds(100, 0) + "# more\n")
        assert not stage.kube.asked
        assert await process.stop() == 0


async def test_what_did_not_change_is_not_written_again(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS, "cds.yaml": "same"}))
    async with stage.start(*_BOTH) as process:
        await process.event("ready")
        before = (stage.output / "current" / "cds.yaml").stat()
        stage.put(split(green=20, blue=80))
        event = await process.event("written", files="rds.yaml")
        assert event["written"] == 1
        assert (stage.output / "current" / "cds.yaml").stat() == before


async def test_nothing_is_written_before_the_split_was_heard_of(stage: Stage) -> None:
    """Else weights would jump at the start."""
    stage.put(split(green=20, blue=80))
    stage.kube.forbid("get", SPLIT.plural)
    async with stage.start(*_BOTH) as process:
        await process.event("ConfigMap shop/xds: rds.yaml is not written yet, for TrafficSplit podinfo")
        assert process.files == {}
        stage.kube.allow("get", SPLIT.plural)
        await process.event("written")
        assert process.files == {"rds.yaml": rds(20, 80)}
        assert [each["event"] for each in process.log].count("written") == 1
        assert process.said("403 Forbidden")


async def test_a_config_map_that_is_not_there_does_not_keep_the_others_from_being_written(stage: Stage) -> None:
    async with stage.start("--watch", "--configmap=late", "--configmap=xds") as process:
        await process.event("ConfigMap shop/late: there is no such ConfigMap")
        await process.written(RDS)
        stage.put(config_map("late", {"late.yaml": "late"}))
        await process.event("over: ConfigMap shop/late: there is no such ConfigMap")
        await process.written("late", "late.yaml")


async def test_a_config_map_that_is_deleted_leaves_its_files_and_may_come_back(stage: Stage) -> None:
    stage.put(split(green=20, blue=80))
    async with stage.start(*_BOTH) as process:
        await process.event("ready")
        stage.remove(CONFIG_MAP, "xds")
        await process.event("ConfigMap shop/xds: it is not there any more; its files stay as they are")
        assert process.files == {"rds.yaml": rds(20, 80)}
        stage.put(config_map("xds", {"rds.yaml": RDS + "# anew\n"}))
        await process.written(rds(20, 80) + "# anew\n")


async def test_keys_that_go_leave_their_files(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS, "cds.yaml": "stays"}))
    async with stage.start("--watch", "--configmap=xds") as process:
        await process.event("ready")
        stage.put(config_map("xds", {"rds.yaml": RDS}))
        await process.event("ConfigMap xds has no key cds.yaml any more; the file stays")
        stage.put(config_map("xds", {}))
        await process.event("ConfigMap shop/xds: it has no data")
        assert process.files == {"rds.yaml": RDS, "cds.yaml": "stays"}


async def test_a_split_that_is_deleted_leaves_its_weights_also_when_the_template_changes(stage: Stage) -> None:
    stage.put(split(green=20, blue=80))
    async with stage.start(*_BOTH) as process:
        await process.event("ready")
        stage.remove(SPLIT, "podinfo")
        await process.event("TrafficSplit shop/podinfo: there is no such TrafficSplit; the last weights stay")
        stage.put(config_map("xds", {"rds.yaml": RDS + "# more\n"}))
        await process.written(rds(20, 80) + "# more\n")


async def test_a_broken_split_leaves_its_last_weights_and_is_told_once(stage: Stage) -> None:
    stage.put(split(green=20, blue=80))
    async with stage.start(*_BOTH) as process:
        await process.event("ready")
        stage.put(split(green="many", blue=80))
        told = await process.event("TrafficSplit shop/podinfo: spec.backends[0].weight")
        assert (told["level"], told["code"]) == ("error", "invalid-weight")
        stage.put(config_map("xds", {"rds.yaml": RDS + "# more\n"}))
        await process.written(rds(20, 80) + "# more\n")
        stage.put(split(green="many", blue=81))
        stage.put(split(green="500m", blue="1500m"))
        await process.event("over: TrafficSplit shop/podinfo: spec.backends[0].weight")
        await process.written(rds(1, 3) + "# more\n")
        begun = [each for each in process.said("spec.backends[0].weight") if not each.startswith("over: ")]
        assert len(begun) == 1


async def test_a_key_that_cannot_be_read_keeps_its_last_good_content(stage: Stage) -> None:
    stage.put(split(green=20, blue=80))
    async with stage.start(*_BOTH) as process:
        await process.event("ready")
        stage.put(config_map("xds", {"rds.yaml": RDS + "]\n", "new.yaml": "new"}))
        await process.written("new", "new.yaml")
        assert process.files["rds.yaml"] == rds(20, 80)
        stage.put(config_map("xds", {"rds.yaml": RDS + "# good\n"}))
        await process.written(rds(20, 80) + "# good\n")


async def test_an_api_server_that_goes_away_touches_nothing_and_is_followed_when_it_is_back(stage: Stage) -> None:
    stage.put(split(green=20, blue=80))
    async with stage.start(*_BOTH) as process:
        await process.event("ready")
        await watched(stage, 2)
        await stage.kube.stop()
        await process.event("the API server at")
        assert process.files == {"rds.yaml": rds(20, 80)}
        stage.put(split(green=30, blue=70))
        await stage.kube.start()
        await process.event("over: the API server at")
        await process.written(rds(30, 70))
        # It is one trouble, however many objects are followed.
        assert len([each for each in process.said("the API server at") if not each.startswith("over")]) == 1
        assert await process.stop() == 0


async def test_a_token_that_is_renewed_is_read_again(stage: Stage) -> None:
    async with stage.start("--watch", "--configmap=xds") as process:
        await process.event("ready")
        await watched(stage, 1)
        del stage.kube.tokens[TOKEN]
        stage.kube.tokens["the-new-one"] = "tests"
        stage.token.write_text("the-new-one")
        stage.kube.drop()
        await watched(stage, 1)
        stage.put(config_map("xds", {"rds.yaml": "new"}))
        await process.written("new")
        assert await process.stop() == 0
        assert TOKEN not in str(process.log)
        assert "the-new-one" not in str(process.log)


async def test_refusals_do_not_end_it(stage: Stage) -> None:
    async with stage.start("--watch", "--configmap=xds") as process:
        await process.event("ready")
        await watched(stage, 1)
        stage.kube.forbid("get", "configmaps")
        stage.kube.forbid("watch", "configmaps")
        stage.kube.drop()
        told = await process.event("may not ")
        assert 'verbs: ["get", "watch"]' in told["event"]
        assert process.files == {"rds.yaml": RDS}
        stage.kube.allow("get", "configmaps")
        stage.kube.allow("watch", "configmaps")
        stage.put(config_map("xds", {"rds.yaml": "new"}))
        await process.written("new")


async def test_without_the_verb_watch_it_asks_at_the_interval(stage: Stage) -> None:
    stage.kube.forbid("watch", "configmaps")
    async with stage.start("--watch", "--sync-interval=1s", "--configmap=xds") as process:
        await process.event("ready")
        stage.put(config_map("xds", {"rds.yaml": "new"}))
        await process.written("new")


async def test_without_watch_it_asks_at_the_interval_and_watches_nothing(stage: Stage) -> None:
    stage.put(split(green=20, blue=80))
    async with stage.start("--sync-interval=1s", "--configmap=xds", "--trafficsplit=podinfo") as process:
        await process.event("ready")
        stage.put(split(green=30, blue=70))
        await process.written(rds(30, 70))
        assert {each.verb for each in stage.kube.asked} == {"get"}
        assert await process.stop() == 0
        # Two times written, and not a line more for the looks in between.
        assert [each["event"] for each in process.log] == ["written", "ready", "written", "stopping"]


async def test_large_config_maps_are_followed_and_many_keys(stage: Stage) -> None:
    async with stage.start("--watch", "--configmap=xds", "--configmap=many") as process:
        stage.put(config_map("many", {f"{number}.yaml": str(number) for number in range(200)}))
        await process.written("199", "199.yaml")
        assert len(process.files) == 201
        for number in range(3):
            large = f"# {number}\n" + "x: y\n" * 200_000
            stage.put(config_map("xds", {"rds.yaml": large}))
            await process.written(large)
        stage.put(config_map("many", {f"{number}.yaml": "7" for number in range(200)}))
        await process.written("7", "7.yaml")
        assert await process.stop() == 0


async def test_a_folder_that_cannot_be_written_is_tried_again(stage: Stage) -> None:
    stage.output.write_text("a file")
    async with stage.start("--watch", "--configmap=xds") as process:
        told = await process.event(f"{stage.output}")
        assert told["code"] == "files-not-written"
        stage.output.unlink()
        await process.event("ready")
        assert process.files == {"rds.yaml": RDS}


async def test_a_dry_run_prints_each_change_and_writes_nothing(stage: Stage) -> None:
    async with stage.start("--watch", "--dry-run", "--configmap=xds") as process:
        assert process.process.stdout is not None
        assert await process.process.stdout.readline() == f"new rds.yaml ({len(RDS)} bytes)\n".encode()
        await process.event("ready")
        stage.put(config_map("xds", {"rds.yaml": RDS.replace("green", "lime")}))
        async with asyncio.timeout(30):
            while b"changed rds.yaml" not in await process.process.stdout.readline():
                pass
        assert not stage.output.exists()


async def test_groups_of_matches_are_followed(stage: Stage) -> None:
    value = split(version="v1alpha4", green=20, blue=80)
    value["spec"]["matches"] = [{"kind": "HTTPRouteGroup", "name": "routes"}]
    group = {
        "apiVersion": "specs.smi-spec.io/v1alpha4",
        "kind": "HTTPRouteGroup",
        "metadata": {"namespace": "shop", "name": "routes"},
        "spec": {"matches": [{"name": "a", "pathRegex": "/a.*", "methods": ["*"]}]},
    }
    first, mark, rest = RDS.partition('    - match: {prefix: "/"}\n')
    async with stage.start(*_BOTH, "--trafficsplit-api-version=v1alpha4") as process:
        await process.event("ready")
        assert stage.kube.count(plural="httproutegroups") == 0
        stage.put(value)
        await process.event("TrafficSplit shop/podinfo: spec.matches[0]: there is no such HTTPRouteGroup")
        assert process.files == {"rds.yaml": RDS}
        stage.put(group)
        await process.written(rds(20, 80, first) + mark + rest)
        del value["spec"]["matches"]
        stage.put(value)
        await process.written(rds(20, 80))
