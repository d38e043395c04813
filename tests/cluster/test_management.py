"""The management API of a server that keeps its objects in a real cluster: by HTTP, from one end to the other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from demo import web
from demo.programs import Program, free_ports
from demo.stage import LEGATION
from tests.cluster.admin import Admin, Refused, reference
from tests.cluster.api_server import ApiServer

PATIENCE = 30.0
MANIFESTS = """\
apiVersion: bootes.io/v1
kind: Cluster
metadata: {{name: web, namespace: {namespace}}}
spec: {{config: {{name: web, type: STATIC, connect_timeout: 1s}}}}
---
apiVersion: legation.dev/v1alpha1
kind: Upstream
metadata: {{name: more, namespace: {namespace}}}
spec: {{hosts: [{{address: 10.0.0.1, port: 8080}}]}}
"""


@pytest.fixture
async def api(api_server: ApiServer, crds: None, namespace: str, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """Who asks a server over HTTP that reads one namespace."""
    kubeconfig = api_server.kubeconfig(tmp_path / "kubeconfig", api_server.admin_token)
    ports = free_ports(4)
    options = zip(
        ("--xds-port", "--admin-port", "--health-port", "--management-http-port"), map(str, ports), strict=True
    )
    command = (LEGATION, "serve", "--kubernetes", "--kubeconfig", kubeconfig, "--namespaces", namespace)
    flags = ("--status", "off", *(each for pair in options for each in pair))
    async with httpx2.AsyncClient(base_url=f"http://localhost:{ports[3]}", timeout=PATIENCE) as client:

        async def ready() -> str:
            return await web.get(f"localhost:{ports[2]}", "/readyz")

        with Program("legation", *command, *flags, log=tmp_path / "legation.log") as program:
            await program.until(ready)
            yield client


async def applied(api: httpx2.AsyncClient, text: str, **query: str) -> Any:
    """Apply manifests, and return the answer."""
    headers = {"content-type": "application/yaml"}
    return await api.post("/v1/apply", content=text.encode(), headers=headers, params=query)


async def test_objects_go_into_the_cluster_and_come_out_of_it(
    api: httpx2.AsyncClient, admin: Admin, namespace: str
) -> None:
    text = MANIFESTS.format(namespace=namespace)
    tried = await applied(api, text, dryRun="true")
    assert tried.status_code == 200, tried.text
    assert [each["outcome"] for each in tried.json()["applied"]] == ["CREATED", "CREATED"]
    web = reference("bootes.io/v1", "Cluster", "web", namespace)
    with pytest.raises(Refused):
        admin.get(web)

    answer = await applied(api, text, fieldManager="tests")
    assert answer.status_code == 200, answer.text
    stored = admin.get(web)
    assert stored["spec"]["config"]["name"] == "web"
    assert [each["manager"] for each in stored["metadata"]["managedFields"]] == ["tests"]
    again = await applied(api, text, fieldManager="tests")
    assert {each["outcome"] for each in again.json()["applied"]} == {"UNCHANGED"}

    other = await applied(api, text.replace("1s", "2s"), fieldManager="others")
    assert other.status_code == 409
    assert "spec.config.connect_timeout" in other.text
    assert "tests" in other.text

    listed = (await api.get("/v1/objects")).json()
    assert [each["object"]["name"] for each in listed["objects"]] == ["web", "more"]
    async with api.stream("GET", f"/v1/watch?topics=OBJECTS&resumeToken={listed['resumeToken']}") as stream:
        lines = stream.aiter_lines()
        assert "synced" in json.loads(await anext(lines))
        gone = await api.delete(f"/v1/upstreams/more?namespace={namespace}")
        assert gone.status_code == 200, gone.text
        event = json.loads(await anext(lines))
    assert event["object"]["change"] == "DELETED"
    assert event["object"]["stored"]["object"]["name"] == "more"
    with pytest.raises(Refused):
        admin.get(reference("legation.dev/v1alpha1", "Upstream", "more", namespace))


async def test_what_envoy_would_refuse_does_not_get_into_the_cluster(
    api: httpx2.AsyncClient, admin: Admin, namespace: str
) -> None:
    answer = await applied(api, MANIFESTS.format(namespace=namespace).replace("1s", "soon"))
    assert answer.status_code == 400
    assert "spec.config.connect_timeout" in answer.text
    assert admin.list("bootes.io/v1", "Cluster", namespace) == []
