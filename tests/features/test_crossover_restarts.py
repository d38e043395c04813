"""The container of `crossover` is started anew while its Pod, and the files in it, stay: a Pod that serves goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from legation.model.api_kinds import ApiKind
from legation.testing.fake_kube import FakeKube
from tests.features.crossover_process import CONFIG_MAP, RDS, SPLIT, Stage, config_map, rds, split
from tests.features.test_crossover_more import free_port, get

_BOTH = ("--watch", "--configmap=xds", "--trafficsplit=podinfo")
_BROKEN = RDS + "\t]\n"
_GROUP_KIND = ApiKind(group="specs.smi-spec.io", version="v1alpha4", kind="HTTPRouteGroup", plural="httproutegroups")
_HOST = "  - name: h{0}\n    domains: [h{0}]\n    routes: [{{match: {{prefix: /}}, route: {{cluster: green}}}}]\n"
_GROUP = {
    "apiVersion": "specs.smi-spec.io/v1alpha4",
    "kind": "HTTPRouteGroup",
    "metadata": {"namespace": "shop", "name": "routes"},
    "spec": {"matches": [{"name": "a", "pathRegex": "/a.*", "methods": ["*"]}]},
}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with FakeKube() as kube:
        found = Stage(kube, tmp_path)
        found.put(config_map("xds", {"rds.yaml": RDS}))
        found.put(split(green=0, blue=100))
        yield found


@pytest.fixture
def pages() -> tuple[str, ...]:
    """Flags that have the pages somewhere."""
    return (f"--health-port={free_port()}", "--health-bind=127.0.0.1")


async def ran(stage: Stage, *arguments: str) -> None:
    """Have it run until its files stand there."""
    async with stage.start(*_BOTH, *arguments) as process:
        await process.event("ready")
        assert await process.stop() == 0


async def is_ready(stage: Stage, pages: tuple[str, ...], *arguments: str, event: str) -> list[str]:
    """Look that it becomes ready, and return what it says until the event and the end."""
    async with stage.start(*_BOTH, *pages, *arguments) as process:
        url = (await process.event("health pages"))["url"]
        await process.event(event)
        if not process.said("ready"):
            await process.event("ready")
        assert await get(url, "/readyz") == (200, "ready\n")
        assert await process.stop() == 0
        return [f"{each['level']}: {each['event']}" for each in process.log]


@pytest.mark.parametrize("weights", [{"green": "x", "blue": 100}, {"green": 0, "blue": 0}])
async def test_a_split_that_broke_meanwhile(stage: Stage, pages: tuple[str, ...], weights: dict[str, Any]) -> None:
    await ran(stage)
    stage.put(split(**weights))
    stage.put(config_map("xds", {"rds.yaml": RDS + "# new\n"}))
    told = await is_ready(stage, pages, event="TrafficSplit shop/podinfo: spec.backends")
    assert [each for each in told if each.startswith("error")]
    async with stage.start(*_BOTH) as process:
        await process.event("ready")
        assert process.files == {"rds.yaml": rds(0, 100) + "# new\n"}


async def test_a_pod_that_is_new_has_the_weights_of_the_template_and_becomes_ready(
    stage: Stage, pages: tuple[str, ...]
) -> None:
    stage.put(split(green="x", blue=100))
    assert (await stage.once(*_BOTH))[0] == 0
    await is_ready(stage, pages, event="TrafficSplit shop/podinfo: spec.backends")
    async with stage.start(*_BOTH) as process:
        await process.event("ready")
        assert process.files == {"rds.yaml": RDS}
        stage.put(config_map("xds", {"rds.yaml": RDS + "# new\n"}))
        await process.written(RDS + "# new\n")


@pytest.mark.parametrize("before", [_BROKEN, RDS])
async def test_a_text_that_cannot_be_read(stage: Stage, pages: tuple[str, ...], before: str) -> None:
    stage.put(config_map("xds", {"rds.yaml": before}))
    assert (await stage.once(*_BOTH))[0] == 0
    stage.put(config_map("xds", {"rds.yaml": _BROKEN}))
    told = await is_ready(stage, pages, event="ConfigMap shop/xds")
    assert any(each.startswith("error: ") and "the file stays as it stands" in each for each in told)
    assert (stage.output / "current" / "rds.yaml").read_text() == (before if before == _BROKEN else rds(0, 100))


async def test_an_api_server_that_is_away(stage: Stage, pages: tuple[str, ...]) -> None:
    await ran(stage)
    await stage.kube.stop()
    told = await is_ready(stage, pages, event="ConfigMap shop/xds: the API server has not told of it yet")
    assert any("the files that stand there stay as they stand" in each for each in told)
    assert (stage.output / "current" / "rds.yaml").read_text() == rds(0, 100)


async def test_while_it_is_not_known_yet_whether_the_api_server_is_away(stage: Stage, pages: tuple[str, ...]) -> None:
    await ran(stage)
    await stage.kube.stop()
    async with stage.start(*_BOTH, *pages) as process:
        url = (await process.event("health pages"))["url"]
        async with asyncio.timeout(30):
            while (await get(url, "/readyz"))[0] != 200:
                pass
        assert not process.said("ready")


async def test_a_config_map_that_is_gone_or_empty(stage: Stage, pages: tuple[str, ...]) -> None:
    await ran(stage)
    stage.put(config_map("xds", {}))
    await is_ready(stage, pages, event="ConfigMap shop/xds: it has no data")
    stage.remove(CONFIG_MAP, "xds")
    await is_ready(stage, pages, event="ConfigMap shop/xds: there is no such ConfigMap")
    assert (stage.output / "current" / "rds.yaml").read_text() == rds(0, 100)


@pytest.mark.parametrize("what", ["deleted", "kind-gone", "forbidden"])
async def test_a_split_that_is_not_told_of_any_more(stage: Stage, what: str) -> None:
    await ran(stage)
    if what == "deleted":
        stage.remove(SPLIT, "podinfo")
    elif what == "kind-gone":
        stage.kube.remove(SPLIT)
    else:
        stage.kube.forbid("get", SPLIT.plural)
    stage.put(config_map("xds", {"rds.yaml": RDS + "# new\n"}))
    for _ in range(2):
        async with stage.start(*_BOTH) as process:
            await process.event("ready")
            assert process.files == {"rds.yaml": rds(0, 100) + "# new\n"}


@pytest.mark.parametrize("what", ["broken", "deleted", "forbidden"])
async def test_a_group_that_is_not_whole_any_more(stage: Stage, what: str) -> None:
    value = split(version="v1alpha4", green=20, blue=80)
    value["spec"]["matches"] = [{"kind": "HTTPRouteGroup", "name": "routes"}]
    stage.put(value)
    stage.put(_GROUP)
    newest = "--trafficsplit-api-version=v1alpha4"
    await ran(stage, newest)
    first, mark, rest = RDS.partition('    - match: {prefix: "/"}\n')
    if what == "broken":
        stage.put({**_GROUP, "spec": {"matches": [{"name": "a", "pathRegex": 5}]}})
    elif what == "deleted":
        stage.kube.remove(_GROUP_KIND)
    else:
        stage.kube.forbid("get", "httproutegroups")
    stage.put(config_map("xds", {"rds.yaml": RDS + "# new\n"}))
    async with stage.start(*_BOTH, newest) as process:
        await process.event("ready")
        assert process.files == {"rds.yaml": rds(20, 80, first) + mark + rest + "# new\n"}


async def test_where_nothing_is_remembered_the_files_that_no_split_may_change_are_followed(
    stage: Stage, pages: tuple[str, ...]
) -> None:
    """As it is for the files of another program, which kept nothing."""
    await ran(stage)
    (stage.output / "new" / ".last-splits.json").write_text("{")
    stage.kube.forbid("get", SPLIT.plural)
    stage.put(config_map("xds", {"rds.yaml": RDS + "# new\n", "cds.yaml": "new"}))
    await is_ready(
        stage, pages, event="ConfigMap shop/xds: rds.yaml stays as it stands, for TrafficSplit podinfo was not heard of"
    )
    async with stage.start(*_BOTH) as process:
        assert process.files == {"rds.yaml": rds(0, 100), "cds.yaml": "new"}
        stage.kube.allow("get", SPLIT.plural)
        await process.written(rds(0, 100) + "# new\n")


async def test_it_is_not_ready_when_only_those_stand_there(stage: Stage) -> None:
    stage.put(config_map("xds", {"rds.yaml": RDS, "cds.yaml": "new"}))
    stage.kube.forbid("get", SPLIT.plural)
    async with stage.start(*_BOTH) as process:
        await process.event("ConfigMap shop/xds: rds.yaml is not written yet")
        assert process.files == {"cds.yaml": "new"}
        assert not process.said("ready")
        stage.kube.allow("get", SPLIT.plural)
        await process.event("ready")
        assert process.files == {"rds.yaml": rds(0, 100), "cds.yaml": "new"}


async def test_of_two_config_maps_the_first_is_waited_for(stage: Stage) -> None:
    """That it was not answered at once is no answer: it has the key that both have."""
    for name in ("one", "two"):
        stage.put(config_map(name, {"k.yaml": name}))
    stage.kube.refuse_next(503, times=2, verb="get", plural="configmaps")
    async with stage.start("--watch", "--configmap=one", "--configmap=two") as process:
        await process.event("ready")
        assert process.files == {"k.yaml": "one"}
        assert len(process.said("written")) == 1


async def test_while_a_large_text_is_read_the_pages_answer(stage: Stage, pages: tuple[str, ...]) -> None:
    async with stage.start(*_BOTH, *pages) as process:
        url = (await process.event("health pages"))["url"]
        await process.event("ready")

        async def longest_share(hosts: int) -> float:
            """Return how much of the time that a text takes one request for a page waits at most."""
            large = RDS + "".join(_HOST.format(number) for number in range(hosts))
            stage.put(config_map("xds", {"rds.yaml": large}))
            longest, started = 0.0, time.perf_counter()
            while process.files["rds.yaml"] != rds(0, 100, large):
                begun = time.perf_counter()
                assert await get(url, "/healthz") == (200, "ok\n")
                longest = max(longest, time.perf_counter() - begun)
            return longest / (time.perf_counter() - started)

        # In the loop of events one of them would wait for almost all of it, each time; a machine that is busy with
        # something else may hold one up now and then.
        async with asyncio.timeout(50):
            shares = [await longest_share(8000)]
            while shares[-1] >= 0.5 and len(shares) < 5:
                shares.append(await longest_share(8000 * (len(shares) + 1)))
        assert shares[-1] < 0.5
