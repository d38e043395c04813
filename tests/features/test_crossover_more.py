"""What `crossover` could not do before, each only if it is asked for: pages, and what it shows in a cluster."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from legation.testing.fake_kube import FakeKube
from tests.features.crossover_process import CONFIG_MAP, RDS, Process, Stage, config_map, rds, split

_BOTH = ("--watch", "--configmap=xds", "--trafficsplit=podinfo")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with FakeKube() as kube:
        found = Stage(kube, tmp_path)
        found.put(config_map("xds", {"rds.yaml": RDS}))
        yield found


async def get(url: str, path: str) -> tuple[int, str]:
    """Return status and text of a page."""

    def ask() -> tuple[int, str]:
        found = re.fullmatch(r"http://(.+):(\d+)", url)
        assert found
        connection = http.client.HTTPConnection(found[1], int(found[2]), timeout=30)
        connection.request("GET", path)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text

    return await asyncio.to_thread(ask)


def free_port() -> int:
    """Return a port that is free at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


async def test_the_health_pages_tell_whether_the_files_stand_there(stage: Stage) -> None:
    arguments = ("--watch", "--configmap=late", f"--health-port={free_port()}", "--health-bind=127.0.0.1")
    async with stage.start(*arguments) as process:
        url = (await process.event("health pages"))["url"]
        await process.event("ConfigMap shop/late: there is no such ConfigMap")
        assert await get(url, "/healthz") == (200, "ok\n")
        assert await get(url, "/readyz") == (503, "not ready: there are no files of ConfigMap late\n")
        stage.put(config_map("late", {"a": "b"}))
        await process.event("ready")
        assert await get(url, "/readyz") == (200, "ready\n")
        assert "legation_files_written_total 1\n" in (await get(url, "/metrics"))[1]
        await stage.kube.stop()
        await process.event("the API server at")
        # Envoy has its files: a Pod that serves is not to be taken out for that.
        assert await get(url, "/readyz") == (200, "ready\n")
        assert await process.stop() == 0


async def test_a_health_port_that_is_taken_ends_it(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with stage.start("--configmap=xds", f"--health-port={port}", "--health-bind=127.0.0.1") as process:
            assert await process.end() == 1
            assert process.said("--health-port")


async def published(process: Process, stage: Stage) -> dict[str, object]:
    """Return the ConfigMap that shows what is written, when it was written next."""
    await process.event("published")
    return stage.kube.get(CONFIG_MAP, "shop", "xds-gen")


async def test_what_is_written_may_be_shown_in_a_config_map(stage: Stage) -> None:
    stored = stage.kube.put(config_map("xds", {"rds.yaml": RDS, "cds.yaml": "resources: []\n"}))
    stage.put(split(green=20, blue=80))
    async with stage.start(*_BOTH, "--publish-gen") as process:
        found = await published(process, stage)
        assert found["data"] == {"rds.yaml": rds(20, 80), "cds.yaml": "resources: []\n"}
        metadata = found["metadata"]
        assert isinstance(metadata, dict)
        assert metadata["labels"] == {"app.kubernetes.io/managed-by": "crossover"}
        owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "xds", "uid": stored["metadata"]["uid"]}
        assert metadata["ownerReferences"] == [owner]
        metadata["labels"]["team"] = "edge"
        stage.put(found)
        stage.kube.refuse_next(409, verb="update")
        stage.put(split(green=30, blue=70))
        found = await published(process, stage)
        assert found["data"] == {"rds.yaml": rds(30, 70), "cds.yaml": "resources: []\n"}
        assert isinstance(found["metadata"], dict)
        assert found["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "crossover", "team": "edge"}
        assert stage.kube.count("update", "configmaps") == 2
        assert await process.stop() == 0


async def test_files_do_not_wait_for_who_may_not_show_them(stage: Stage) -> None:
    stage.put(split(green=20, blue=80))
    stage.kube.forbid("create", "configmaps")
    async with stage.start(*_BOTH, "--publish-gen") as process:
        told = await process.event("not published")
        assert "--publish-gen takes the verbs get, create and update" in told["reason"]
        stage.put(split(green=30, blue=70))
        await process.written(rds(30, 70))
        stage.kube.allow("create", "configmaps")
        assert (await published(process, stage))["data"] == {"rds.yaml": rds(30, 70)}


async def test_nothing_is_shown_in_the_cluster_unless_it_is_asked_for(stage: Stage) -> None:
    stage.put(split(green=20, blue=80))
    async with stage.start(*_BOTH) as process:
        await process.event("ready")
        assert await process.stop() == 0
    assert {each.verb for each in stage.kube.asked} <= {"get", "watch"}
