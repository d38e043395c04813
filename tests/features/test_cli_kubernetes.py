"""Commands that read a cluster once, as a process beside an API server."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.programs import free_ports
from legation.testing.fake_kube import FakeKube
from legation.translate.pipeline import API_KINDS

LEGATION = str(Path(sys.executable).with_name("legation"))


class Stage:
    """An API server with objects, and a kubeconfig for it."""

    def __init__(self, kube: FakeKube, folder: Path) -> None:
        self.kube = kube
        self.kubeconfig = folder / "kubeconfig"
        self.point_to(kube.url)
        # No token goes over a connection without TLS.
        kube.tokens[""] = "tests"
        for kind in API_KINDS:
            kube.install(kind)

    def point_to(self, server: str) -> None:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "a",
            "contexts": [{"name": "a", "context": {"cluster": "a"}}],
            "clusters": [{"name": "a", "cluster": {"server": server}}],
        }
        self.kubeconfig.write_text(json.dumps(config), encoding="utf-8")

    def put_cluster(self, name: str, *, namespace: str = "shop", **config: Any) -> None:
        self.kube.put(
            {
                "apiVersion": "bootes.io/v1",
                "kind": "Cluster",
                "metadata": {"namespace": namespace, "name": name},
                "spec": {"config": {"name": name, "type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED", **config}},
            }
        )

    async def run(self, command: str, *arguments: str) -> tuple[int, str, str]:
        """Run a command to its end; return exit status, stdout and stderr."""
        process = await asyncio.create_subprocess_exec(
            LEGATION,
            command,
            "--kubernetes",
            f"--kubeconfig={self.kubeconfig}",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with FakeKube() as kube:
        yield Stage(kube, tmp_path)


async def test_the_objects_of_a_cluster_are_validated(stage: Stage) -> None:
    """Told by kind, namespace and name: they stand in no file."""
    stage.put_cluster("good")
    stage.put_cluster("bad", conect_timeout="5s")
    code, out, err = await stage.run("validate")
    assert (code, err) == (1, "1 error in 1 of 2 objects\n")
    assert out.splitlines() == [
        'Cluster shop/bad: error: unknown field "conect_timeout" in Cluster [unknown-field]',
        "in: spec.config.conect_timeout",
        'help: did you mean "connect_timeout"?',
    ]


async def test_some_namespaces_can_be_read_alone(stage: Stage) -> None:
    """As the server reads them."""
    stage.put_cluster("good")
    stage.put_cluster("bad", namespace="other", conect_timeout="5s")
    assert await stage.run("validate", "--namespaces", "shop") == (0, "", "no problems in 1 object\n")


async def test_what_a_pod_of_a_cluster_would_get_is_rendered(stage: Stage) -> None:
    """By the labels that its Pod has there."""
    stage.put_cluster("web")
    pod = {"metadata": {"namespace": "shop", "name": "edge-0"}, "status": {"podIP": "10.0.0.1", "phase": "Running"}}
    stage.kube.put({"apiVersion": "v1", "kind": "Pod", **pod})
    code, out, err = await stage.run("render", "--node", "edge-0.shop", "--type", "Cluster")
    assert (code, err) == (0, "")
    assert [each["name"] for each in yaml.safe_load(out)["Cluster"]] == ["web"]


async def test_a_cluster_that_is_away_cannot_be_read(stage: Stage) -> None:
    """It is no cluster without problems; the line says which one."""
    server = f"http://127.0.0.1:{free_ports(1)[0]}"
    stage.point_to(server)
    code, out, err = await stage.run("validate")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert server in err


async def test_a_right_that_is_missing_is_named(stage: Stage) -> None:
    """With the rule that grants it."""
    for verb in ("list", "watch"):
        stage.kube.forbid(verb, "clusters")
    code, out, err = await stage.run("validate")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "clusters" in err
