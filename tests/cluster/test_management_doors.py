"""Who may what at the management API, as a real API server says it of the caller and not of the server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from demo import web
from demo.programs import Program, free_ports
from demo.stage import LEGATION
from legation.clock import MonotonicClock
from legation.kube.access_review import AccessReviewer, Deed
from legation.kube.client import Client
from legation.kube.connection import Connection, User
from legation.tls.pem import Pem
from tests.cluster.admin import Admin, reference
from tests.cluster.api_server import ApiServer
from tests.cluster.test_tokens import eventually

PATIENCE = 60.0
UPSTREAM = """\
apiVersion: legation.dev/v1alpha1
kind: Upstream
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{hosts: [{{address: 10.0.0.1, port: 8080}}]}}
"""
CLUSTER = """\
apiVersion: bootes.io/v1
kind: Cluster
metadata: {{name: web, namespace: {namespace}}}
spec: {{config: {{name: web, type: STATIC, connect_timeout: 1s}}}}
"""
RBAC = "rbac.authorization.k8s.io"


@dataclass
class Place:
    """A server that may do everything in the cluster, and who calls it."""

    admin: Admin
    namespace: str
    client: httpx2.AsyncClient
    audit: Path
    api: Client

    async def account(self, name: str, *verbs: str, **more: Any) -> dict[str, str]:
        """Make a service account that may do that with Upstreams, and return what it shows."""
        account = reference("v1", "ServiceAccount", name, self.namespace)
        self.admin.create(account)
        if verbs:
            rule = {"apiGroups": ["legation.dev"], "resources": ["upstreams"], "verbs": list(verbs), **more}
            self.admin.create(reference(f"{RBAC}/v1", "Role", name, self.namespace) | {"rules": [rule]})
            subject = {"kind": "ServiceAccount", "name": name, "namespace": self.namespace}
            role = {"apiGroup": RBAC, "kind": "Role", "name": name}
            binding = {"subjects": [subject], "roleRef": role}
            self.admin.create(reference(f"{RBAC}/v1", "RoleBinding", name, self.namespace) | binding)
            # A new binding takes moments to hold.
            await eventually(partial(self._holds, name, verbs[-1], *more.get("resourceNames", ())))
        return {"authorization": f"Bearer {self.admin.account_token(account, audience='legation')}"}

    async def _holds(self, account: str, verb: str, name: str = "") -> bool:
        deed = Deed(verb=verb, group="legation.dev", resource="upstreams", namespace=self.namespace, name=name)
        reviewer = AccessReviewer(self.api, clock=MonotonicClock())
        return (await reviewer.may(f"system:serviceaccount:{self.namespace}:{account}", (), deed)).allowed

    async def apply(self, shown: dict[str, str], text: str = UPSTREAM, *, name: str = "more", **query: str) -> Any:
        headers = {"content-type": "application/yaml", **shown}
        body = text.format(name=name, namespace=self.namespace).encode()
        return await self.client.post("/v1/apply", content=body, headers=headers, params=query)

    async def get(self, path: str, shown: dict[str, str]) -> int:
        return (await self.client.get(path, headers=shown)).status_code

    def lines(self) -> list[tuple[str, str, str]]:
        found = map(json.loads, self.audit.read_text().splitlines())
        return [(each["call"], each["who"].rpartition(":")[2], each["outcome"]) for each in found]


@pytest.fixture
async def place(
    admin: Admin, api_server: ApiServer, crds: None, namespace: str, tmp_path: Path
) -> AsyncIterator[Place]:
    async with serving(api_server, namespace, tmp_path) as client:
        connection = Connection(
            server=api_server.url, authority=Pem(file=str(api_server.ca_file)), user=User(token=api_server.admin_token)
        )
        api = Client(connection)
        yield Place(admin, namespace, client, tmp_path / "audit.log", api)
        await api.aclose()


@asynccontextmanager
async def serving(api_server: ApiServer, namespace: str, folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    kubeconfig = api_server.kubeconfig(folder / "kubeconfig", api_server.admin_token)
    ports = free_ports(4)
    options = zip(
        ("--xds-port", "--admin-port", "--health-port", "--management-http-port"), map(str, ports), strict=True
    )
    command = (LEGATION, "serve", "--kubernetes", "--kubeconfig", kubeconfig, "--namespaces", namespace)
    checking = ("--token-audience", "legation", "--audit-log", str(folder / "audit.log"))
    flags = ("--status", "off", *checking, *(each for pair in options for each in pair))
    async with httpx2.AsyncClient(base_url=f"http://localhost:{ports[3]}", timeout=PATIENCE) as client:

        async def ready() -> str:
            return await web.get(f"localhost:{ports[2]}", "/readyz")

        with Program("legation", *command, *flags, log=folder / "legation.log") as program:
            await program.until(ready)
            yield client


async def test_the_rules_of_the_cluster_decide_by_the_caller(place: Place) -> None:
    writer = await place.account("writer", "get", "list", "create", "patch")
    reader = await place.account("reader", "get", "list")
    nobody = await place.account("nobody")
    own = f"/v1/objects/Upstream/more?namespace={place.namespace}"

    assert (await place.apply({})).status_code == 401
    assert (await place.apply({"authorization": "Bearer x.y.z"})).status_code == 401
    for each in (reader, nobody):
        for dry in ("true", "false"):
            denied = await place.apply(each, dryRun=dry)
            assert (denied.status_code, "FORBIDDEN" in denied.text) == (403, True)
    done = await place.apply(writer)
    assert done.status_code == 200, done.text
    stored = place.admin.get(reference("legation.dev/v1alpha1", "Upstream", "more", place.namespace))
    (owner,) = stored["metadata"]["managedFields"]
    assert owner["manager"] == f"system:serviceaccount:{place.namespace}:writer"
    # The server may write Clusters, and its caller may not.
    assert (await place.apply(writer, CLUSTER)).status_code == 403
    assert place.admin.list("bootes.io/v1", "Cluster", place.namespace) == []

    assert [await place.get(own, each) for each in (writer, reader, nobody, {})] == [200, 200, 403, 401]
    listing = f"/v1/objects?namespace={place.namespace}"
    assert [await place.get(listing, each) for each in (reader, nobody)] == [200, 403]
    assert await place.get("/v1/objects", reader) == 403
    gone = await place.client.delete(f"/v1/upstreams/more?namespace={place.namespace}", headers=writer)
    assert gone.status_code == 403
    assert place.lines() == [
        ("Apply", "nobody", "UNAUTHENTICATED"),
        ("Apply", "nobody", "UNAUTHENTICATED"),
        *[("Apply", "reader", "PERMISSION_DENIED")] * 2,
        *[("Apply", "nobody", "PERMISSION_DENIED")] * 2,
        ("Apply", "writer", "done"),
        ("Apply", "writer", "PERMISSION_DENIED"),
        ("Get", "nobody", "PERMISSION_DENIED"),
        ("Get", "nobody", "UNAUTHENTICATED"),
        ("List", "nobody", "PERMISSION_DENIED"),
        ("List", "reader", "PERMISSION_DENIED"),
        ("RemoveUpstream", "writer", "PERMISSION_DENIED"),
    ]


async def test_a_right_to_change_is_none_to_create_and_one_to_a_name_none_to_others(place: Place) -> None:
    patcher = await place.account("patcher", "patch")
    named = await place.account("named", "get", "patch", "delete", resourceNames=["mine"])
    creator = await place.account("creator", "create", "patch")
    assert (await place.apply(patcher, name="mine")).status_code == 403
    assert (await place.apply(creator, name="mine")).status_code == 200
    assert (await place.apply(creator, name="other")).status_code == 200
    assert (await place.apply(patcher, name="mine")).status_code == 200
    assert (await place.apply(named, name="mine")).status_code == 200
    assert (await place.apply(named, name="other")).status_code == 403
    gone = [
        (await place.client.delete(f"/v1/upstreams/{name}?namespace={place.namespace}", headers=named)).status_code
        for name in ("other", "mine")
    ]
    assert gone == [403, 200]
