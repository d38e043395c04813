"""What a real Envoy refuses as judge never reaches those that are served; everything else does."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from legation import ControlPlane, MemorySource
from legation.judging.judge import Judge
from legation.model.problems import Problem
from legation.model.resource_types import CLUSTER, EXTENSION_CONFIG, LISTENER, ROUTE_CONFIGURATION
from legation.testing import FakeEnvoy
from tests import judged
from tests.envoy.world import World
from tests.judged import BAD_LUA, PREFIX, ROUTER

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
CODEC = PREFIX + "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"
GOOD_LUA = {**BAD_LUA, "default_source_code": {"inline_string": "function envoy_on_request(handle) end"}}
BAD_FILTER = f"""\
          - name: lua
            typed_config:
              "@type": {BAD_LUA["@type"]}
              default_source_code: {{inline_string: "function ("}}"""
TIMEOUT = 60.0


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Have temporary files made in a folder of this test, and none left in it."""
    del tmp_path  # it is made first, elsewhere
    with judged.temporary_folder(monkeypatch.setattr) as folder:
        monkeypatch.setenv("TMPDIR", str(folder))  # for other programs
        yield folder
        assert not list(folder.iterdir())


def manifest(kind: str, name: str, **config: Any) -> dict[str, Any]:
    """Return a manifest of bootes.io."""
    spec = {"config": {"name": name, **config}}
    return {"apiVersion": "bootes.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def cluster(name: str, lua: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a cluster, which runs a script if it is given one."""
    script: list[dict[str, Any]] = [
        {"name": "lua", "typed_config": lua},
        {"name": "codec", "typed_config": {"@type": CODEC}},
    ]
    options = {
        "@type": PREFIX + HTTP_OPTIONS,
        "explicit_http_config": {"http_protocol_options": {}},
        "http_filters": script if lua else script[1:],
    }
    options_by_name = {HTTP_OPTIONS: options}
    hosts = {**judged.hosts("127.0.0.1"), "cluster_name": name}
    return manifest(
        "Cluster",
        name,
        connect_timeout="1s",
        load_assignment=hosts,
        typed_extension_protocol_options=options_by_name,
    )


def listener(name: str, port: int, lua: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a listener, which runs a script if it is given one."""
    filters: list[dict[str, Any]] = [*([{"name": "lua", "typed_config": lua}] if lua else []), ROUTER]
    chains = [judged.chain(http_filters=filters)]
    return manifest("Listener", name, address=judged.address(port, "127.0.0.1"), filter_chains=chains)


def route(name: str, lua: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return routes, which run a script if they are given one."""
    host: dict[str, Any] = {"name": "host", "domains": ["*"]}
    host["routes"] = [{"match": {"prefix": "/"}, "direct_response": {"status": 200}}]
    if lua:
        per_route = {"@type": BAD_LUA["@type"] + "PerRoute", "source_code": lua["default_source_code"]}
        host["typed_per_filter_config"] = {"lua": per_route}
    return manifest("Route", name, virtual_hosts=[host])


def extension(name: str, lua: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a filter by discovery."""
    resource = {"@type": EXTENSION_CONFIG.url, "name": name, "typed_config": lua or ROUTER["typed_config"]}
    spec = {"resources": [resource]}
    return {
        "apiVersion": "legation.dev/v1alpha1",
        "kind": "EnvoyResources",
        "metadata": {"name": name},
        "spec": spec,
    }


KINDS: dict[str, tuple[Any, Callable[..., dict[str, Any]]]] = {
    "cluster": (CLUSTER, cluster),
    "listener": (LISTENER, lambda name, lua=None: listener(name, 10_000 + int(name[1:]), lua)),
    "route": (ROUTE_CONFIGURATION, route),
    "extension": (EXTENSION_CONFIG, extension),
}


def of_judge(plane: ControlPlane) -> list[Problem]:
    """Return what the judge has to say."""
    return [each for each in plane.problems() if each.code in {"refused-by-judge", "no-verdict"}]


@pytest.mark.parametrize("kind", KINDS)
async def test_one_bad_one_of_a_kind_is_held_and_fifty_others_arrive(kind: str) -> None:
    """At the start and when it is changed later; it is mended at once."""
    row, make = KINDS[kind]
    source = MemorySource()
    for number in range(50):
        source.put(make(f"x{number}"))
    bad = source.put(make("x7", BAD_LUA))

    async with asyncio.timeout(TIMEOUT), ControlPlane([source], xds_port=0, judge=Judge()) as plane:
        await plane.wait_ready()
        (problem,) = of_judge(plane)
        assert problem.object == bad.key
        assert "script load error" in problem.message
        assert plane.statistics().resources[row] == 49
        async with FakeEnvoy(f"localhost:{plane.xds_port}", node="edge") as envoy:
            source.put(make("x7", GOOD_LUA))
            assert await plane.wait_accepted()
            assert plane.statistics().resources[row] == 50
            source.put(make("x7", BAD_LUA))
            source.put(make("x8", GOOD_LUA))
            assert (await plane.wait_accepted()).problems
            (problem,) = of_judge(plane)
            assert problem.object == bad.key
            assert plane.statistics().resources[row] == 50
            assert not envoy.refusals


async def test_requests_never_notice_what_the_judge_refuses(world: World, variant: str) -> None:
    """The problem has Envoy's words and the place; no Envoy is told of it."""
    await world.serve("--dry-run", "envoy")
    await world.start_envoy(await world.bootstrap(variant))
    async with world.load() as load:
        await world.shares(load, blue=1, green=0)
        world.edit("listener.yaml", r"http_filters:$", f"http_filters:\n{BAD_FILTER}")
        found = await world.problem("Envoy refuses", "script load error")
        assert found["code"] == "refused-by-judge"
        assert found["file"].endswith("listener.yaml")
        world.edit("route.yaml", r"weight: \d+", "weight: 0", "weight: 100")
        await world.shares(load, blue=0, green=1)
        world.edit("listener.yaml", r"function \(", "function nothing() end")
        await world.no_problems()
    assert 'legation_refused_total{type="Listener"}' not in await world.metrics()
    await world.stop_serving()


async def test_a_judge_that_is_killed_is_not_missed(temporary: Path) -> None:
    source, judge = MemorySource(), Judge()
    source.put(cluster("first"))

    async with asyncio.timeout(TIMEOUT), ControlPlane([source], xds_port=0, judge=judge) as plane:
        await plane.wait_ready()
        (process,) = judge.pids
        os.kill(process, signal.SIGKILL)
        source.put(cluster("second"))
        await plane.wait_accepted()

        assert plane.statistics().resources[CLUSTER] == 2
        assert not of_judge(plane)


def renamed(made: dict[str, Any], name: str, **config: Any) -> dict[str, Any]:
    """Return a manifest under another name, with some fields of its resource that are others."""
    spec = {"config": {**made["spec"]["config"], **config}}
    return {**made, "metadata": {"name": name}, "spec": spec}


async def test_what_is_renamed_is_never_removed_while_the_judge_is_asked_nor_when_it_refuses() -> None:
    source = MemorySource()
    held = [source.put(each).key for each in (listener("front", 20_001), cluster("web"))]

    async with asyncio.timeout(TIMEOUT), ControlPlane([source], xds_port=0, judge=Judge()) as plane:
        await plane.wait_ready()
        async with FakeEnvoy(f"localhost:{plane.xds_port}", node="edge") as envoy:
            await envoy.has("listeners", {"front"})
            source.put(renamed(cluster("web"), "other", connect_timeout="2s"))
            source.put(renamed(listener("front", 20_001, BAD_LUA), "another"))
            for key in held:
                source.delete(key)
            assert (await plane.wait_accepted()).problems
            assert envoy.holds("listeners").keys() == {"front"}
            assert {"refused-by-judge", "kept"} <= {each.code for each in plane.problems()}

            source.put(renamed(listener("front", 20_001), "another", traffic_direction="OUTBOUND"))
            assert await plane.wait_accepted()

            assert not [each.removed for each in envoy.responses if each.removed]
            assert not plane.problems()
            assert envoy.holds("clusters").keys() == {"web"}


async def test_without_an_envoy_everything_is_served_and_that_is_told_once(tmp_path: Path) -> None:
    source, judge = MemorySource(), Judge(binary=tmp_path / "nothing")
    for number in range(3):
        source.put(cluster(f"c{number}"))

    async with asyncio.timeout(TIMEOUT), ControlPlane([source], xds_port=0, judge=judge) as plane:
        await plane.wait_ready()

        assert plane.statistics().resources[CLUSTER] == 3
        (problem,) = of_judge(plane)
        assert "3 objects have no verdict" in problem.message
