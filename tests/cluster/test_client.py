"""Our client at a real API server: what it may do, what it is told when it may not, and who it is for it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from legation.errors import KubeConflict, KubeError, KubeForbidden, KubeNotFound, KubeUnreachable
from legation.kube import in_cluster, kubeconfig, objects
from legation.kube.client import Client
from legation.kube.connection import Connection, User
from legation.model.api_kinds import ApiKind
from legation.tls.pem import NONE, Pem
from tests.cluster.admin import Admin, reference
from tests.cluster.api_server import ApiServer

PATIENCE = 20.0
CONFIG_MAP = ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps")
POD = ApiKind(group="", version="v1", kind="Pod", plural="pods")


def connection(server: ApiServer, user: User) -> Connection:
    """Return how to reach it as somebody."""
    return Connection(server=server.url, authority=Pem(file=str(server.ca_file)), user=user)


@pytest.fixture
async def client(api_server: ApiServer) -> AsyncIterator[Client]:
    """Who may do everything."""
    made = Client(connection(api_server, User(token=api_server.admin_token)))
    yield made
    await made.aclose()


@pytest.fixture
async def nobody(api_server: ApiServer) -> AsyncIterator[Client]:
    """Who may do nothing."""
    made = Client(connection(api_server, User(token=api_server.tokens["nobody"])))
    yield made
    await made.aclose()


def settings(name: str = "settings", **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": data}


async def test_an_object_comes_changes_and_goes(client: Client, namespace: str) -> None:
    made = await objects.create(client, kind=CONFIG_MAP, namespace=namespace, value=settings(a="1", b="2"))
    found = await objects.get(client, kind=CONFIG_MAP, namespace=namespace, name="settings")
    assert found["metadata"]["uid"] == made["metadata"]["uid"]

    changed = {"data": {"a": None, "b": "3"}}
    found = await objects.merge_patch(client, kind=CONFIG_MAP, namespace=namespace, name="settings", value=changed)
    assert found["data"] == {"b": "3"}

    await client.request("DELETE", CONFIG_MAP.path(namespace=namespace, name="settings"))
    with pytest.raises(KubeNotFound, match='configmaps "settings" not found') as raised:
        await objects.get(client, kind=CONFIG_MAP, namespace=namespace, name="settings")
    assert (raised.value.status, raised.value.reason) == (404, "NotFound")


async def test_what_is_there_cannot_be_made(client: Client, namespace: str) -> None:
    await objects.create(client, kind=CONFIG_MAP, namespace=namespace, value=settings())
    with pytest.raises(KubeConflict, match='configmaps "settings" already exists') as raised:
        await objects.create(client, kind=CONFIG_MAP, namespace=namespace, value=settings())
    assert raised.value.reason == "AlreadyExists"


async def test_a_version_that_is_no_longer_there_is_not_changed(client: Client, namespace: str) -> None:
    made = await objects.create(client, kind=CONFIG_MAP, namespace=namespace, value=settings(a="1"))
    old = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "data": {"a": "2"}}
    await objects.merge_patch(client, kind=CONFIG_MAP, namespace=namespace, name="settings", value=old)
    with pytest.raises(KubeConflict) as raised:
        await objects.merge_patch(client, kind=CONFIG_MAP, namespace=namespace, name="settings", value=old)
    assert raised.value.reason == "Conflict"


async def test_fields_have_one_owner(client: Client, namespace: str) -> None:
    async def apply(manager: str, *, force: bool = False, **data: str) -> dict[str, Any]:
        value = {"data": data}
        return await objects.apply(
            client,
            kind=CONFIG_MAP,
            namespace=namespace,
            name="settings",
            value=value,
            field_manager=manager,
            force=force,
        )

    await apply("one", a="1", b="2")
    with pytest.raises(KubeConflict, match=r'conflict with "one": \.data\.a'):
        await apply("two", a="3")
    assert (await apply("two", a="3", force=True))["data"] == {"a": "3", "b": "2"}
    # What its owner no longer says is gone; what has another owner stays.
    assert (await apply("one"))["data"] == {"a": "3"}


async def test_the_status_is_applied_apart(client: Client, namespace: str) -> None:
    spec = {"containers": [{"name": "web", "image": "web"}]}
    await objects.create(
        client, kind=POD, namespace=namespace, value={"metadata": {"name": "web"}, "spec": spec}, field_manager="owner"
    )
    found = await objects.apply(
        client,
        kind=POD,
        namespace=namespace,
        name="web",
        subresource="status",
        value={"status": {"phase": "Running"}},
        field_manager="legation",
    )
    assert found["status"]["phase"] == "Running"
    managers = {each["manager"]: each.get("subresource") for each in found["metadata"]["managedFields"]}
    assert managers == {"owner": None, "legation": "status"}


async def test_who_has_no_right_is_told_which(nobody: Client, namespace: str) -> None:
    words = 'configmaps is forbidden: User "nobody" cannot list resource "configmaps"'
    with pytest.raises(KubeForbidden, match=words):
        await nobody.request("GET", CONFIG_MAP.path(namespace=namespace))
    with pytest.raises(KubeForbidden, match='User "nobody" cannot watch resource "configmaps"'):
        async with nobody.stream(CONFIG_MAP.path(namespace=namespace), params={"watch": "true"}):
            pass


async def test_who_is_not_known_is_told_to_log_in(api_server: ApiServer) -> None:
    client = Client(connection(api_server, User(token="of-nobody")))
    with pytest.raises(KubeError, match=r"401 Unauthorized: Unauthorized \(log in again") as raised:
        await client.request("GET", "/api/v1/pods")
    assert raised.value.status == 401
    await client.aclose()


async def test_paths_that_do_not_exist(client: Client) -> None:
    with pytest.raises(KubeNotFound, match="404 Not Found"):
        await client.request("GET", "/apis/nobody.test/v1/things")


async def test_a_watch_tells_what_happens(client: Client, admin: Admin, namespace: str) -> None:
    path = CONFIG_MAP.path(namespace=namespace)
    version = json.loads(await client.request("GET", path))["metadata"]["resourceVersion"]
    async with (
        asyncio.timeout(PATIENCE),
        client.stream(path, params={"watch": "true", "resourceVersion": version, "timeoutSeconds": "600"}) as lines,
    ):
        # Longer than what the HTTP client reads at once.
        big = "x" * 300_000
        admin.create(reference("v1", "ConfigMap", "big", namespace) | {"data": {"a": big}})
        event = json.loads(await anext(lines))
        assert (event["type"], event["object"]["data"]["a"]) == ("ADDED", big)
        admin.delete(reference("v1", "ConfigMap", "big", namespace))
        assert json.loads(await anext(lines))["type"] == "DELETED"


async def test_a_watch_ends_when_its_time_is_over(client: Client, namespace: str) -> None:
    path = CONFIG_MAP.path(namespace=namespace)
    async with asyncio.timeout(PATIENCE), client.stream(path, params={"watch": "true", "timeoutSeconds": "1"}) as lines:
        assert not [line async for line in lines if json.loads(line)["object"]["metadata"]["name"] == "anything"]


async def test_a_token_that_lies_in_a_file_is_read_again(api_server: ApiServer, namespace: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(api_server.tokens["nobody"])
    client = Client(connection(api_server, User(token_file=str(file))))
    path = CONFIG_MAP.path(namespace=namespace)
    with pytest.raises(KubeForbidden):
        await client.request("GET", path)
    file.write_text(api_server.admin_token)
    await client.request("GET", path)
    await client.aclose()


async def test_a_pod_s_own_files(api_server: ApiServer, namespace: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(api_server.admin_token)
    (tmp_path / "ca.crt").write_bytes(api_server.ca_file.read_bytes())
    (tmp_path / "namespace").write_text(namespace)
    environment = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api_server.port)}
    found = in_cluster.load(environment=environment, folder=tmp_path)
    client = Client(found)
    assert found.namespace == namespace
    await objects.create(client, kind=CONFIG_MAP, namespace=found.namespace, value=settings())
    await client.aclose()


@pytest.mark.parametrize("how", ["file", "data"])
async def test_a_kubeconfig(api_server: ApiServer, namespace: str, tmp_path: Path, how: str) -> None:
    path = api_server.kubeconfig(tmp_path / "config", api_server.admin_token, namespace)
    if how == "data":
        value = yaml.safe_load(path.read_text())
        cluster = value["clusters"][0]["cluster"]
        del cluster["certificate-authority"]
        cluster["certificate-authority-data"] = base64.b64encode(api_server.ca_file.read_bytes()).decode()
        path.write_text(yaml.safe_dump(value))
    found = kubeconfig.load(environment={"KUBECONFIG": str(path)}, home=tmp_path)
    client = Client(found)
    await objects.create(client, kind=CONFIG_MAP, namespace=found.namespace, value=settings())
    await client.aclose()
    assert (found.namespace, bool(found.authority.data)) == (namespace, how == "data")


async def test_a_server_that_nobody_vouches_for(api_server: ApiServer) -> None:
    trusting = connection(api_server, User(token=api_server.admin_token))
    client = Client(replace(trusting, authority=NONE))
    with pytest.raises(KubeUnreachable, match="is signed by nobody whom certificate-authority names"):
        await client.request("GET", "/readyz")
    await client.aclose()
    client = Client(replace(trusting, authority=NONE, insecure=True))
    assert await client.request("GET", "/readyz", accept="text/plain") == b"ok"
    await client.aclose()


async def test_acting_as_another(api_server: ApiServer, namespace: str) -> None:
    user = User(token=api_server.admin_token, headers=(("Impersonate-User", "somebody"),))
    client = Client(connection(api_server, user))
    with pytest.raises(KubeForbidden, match='User "somebody" cannot list'):
        await client.request("GET", CONFIG_MAP.path(namespace=namespace))
    await client.aclose()
