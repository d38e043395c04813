"""`diff` and `blame` on a cluster that is read once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.features.test_cli_kubernetes import Stage, stage

__all__ = ["stage"]


def cluster(name: str, **config: Any) -> dict[str, Any]:
    spec = {"config": {"name": name, "type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED", **config}}
    metadata = {"namespace": "shop", "name": name}
    return {"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": metadata, "spec": spec}


def echo() -> dict[str, Any]:
    """Return a cluster whose endpoints are those of a Service."""
    ads = {"ads": {}, "resource_api_version": "V3"}
    config = {"name": "shop/echo:http", "type": "EDS", "eds_cluster_config": {"eds_config": ads}}
    metadata = {"namespace": "shop", "name": "echo"}
    return {"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": metadata, "spec": {"config": config}}


async def test_files_are_compared_with_the_objects_of_a_cluster(stage: Stage, tmp_path: Path) -> None:
    """What the API server adds to an object is no difference."""
    file = tmp_path / "all.yaml"
    for each in ("same", "other", "gone"):
        stage.put_cluster(each)
    objects = [cluster("same"), cluster("other"), cluster("gone")]
    file.write_text(yaml.safe_dump_all(objects))
    assert await stage.run("diff", str(file)) == (0, "no difference\n", "")

    file.write_text(yaml.safe_dump_all([cluster("same"), cluster("other", connect_timeout="3s"), cluster("new")]))
    code, out, err = await stage.run("diff", str(file))
    assert (code, err) == (1, "")
    lines = [line.partition(" (/")[0] for line in out.splitlines()]
    assert lines[:4] == [
        "- Cluster shop/gone removed",
        "+ Cluster shop/new added",
        "~ Cluster shop/other changed",
        "    spec.config.connect_timeout: (absent) -> 3s",
    ]
    assert lines[-1] == "3 objects and 3 resources differ"


async def test_what_a_service_makes_is_told_and_is_no_difference(stage: Stage, tmp_path: Path) -> None:
    """Files say nothing of Services."""
    stage.kube.put(echo())
    stage.kube.put(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"namespace": "shop", "name": "echo"},
            "spec": {"ports": [{"name": "http", "port": 80}]},
        }
    )
    code, out, err = await stage.run("blame", "eds/shop/echo:http")
    assert (code, err) == (0, "")
    assert "  made of Service shop/echo" in out.splitlines()
    file = tmp_path / "echo.yaml"
    file.write_text(yaml.safe_dump(echo()))
    code, out, _ = await stage.run("diff", str(file))
    assert (code, out.splitlines()[0]) == (0, "no difference")
