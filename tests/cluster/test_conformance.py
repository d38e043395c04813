"""The real API server does what the project relies on: the suite that FakeKube passes in `tests/conformance/`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from legation.kube.client import Client
from legation.kube.connection import Connection, User
from legation.model.api_kinds import ApiKind
from legation.tls.pem import Pem
from tests.cluster.admin import PATIENCE, STEP, Admin, Object, Refused, reference
from tests.cluster.api_server import ApiServer
from tests.conformance.kubernetes_api import KubernetesApi, things

__all__ = ["things"]

THINGS = ApiKind(group="conformance.example.com", version="v1", kind="Thing", plural="things")
CRD = "apiextensions.k8s.io/v1"


class RealApi:
    """The API server of the cluster's tests."""

    things = THINGS
    short_watch = 4

    def __init__(self, server: ApiServer, admin: Admin, namespace: str) -> None:
        self.namespace = namespace
        self._admin = admin
        self.client, self.stranger, self.unknown = (
            Client(Connection(server=server.url, authority=Pem(file=str(server.ca_file)), user=User(token=token)))
            for token in (server.admin_token, server.tokens["nobody"], "token-of-nobody-at-all")
        )

    async def install(self, kind: ApiKind) -> None:
        await asyncio.to_thread(install, self._admin, kind)

    async def remove(self, kind: ApiKind) -> None:
        await asyncio.to_thread(self._admin.delete, definition(kind))


def definition(kind: ApiKind) -> Object:
    integer = {"type": "integer"}
    anything = {"x-kubernetes-preserve-unknown-fields": True}
    spec = {"type": "object", "properties": {"a": integer, "b": integer, "any": anything}}
    status = {"type": "object", "properties": {"x": integer, "y": integer}}
    schema = {"type": "object", "properties": {"spec": spec, "status": status}}
    version = {
        "name": kind.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    kinds = {"plural": kind.plural, "singular": kind.kind.lower(), "kind": kind.kind}
    crd = reference(CRD, "CustomResourceDefinition", f"{kind.plural}.{kind.group}")
    return crd | {"spec": {"group": kind.group, "scope": "Namespaced", "names": kinds, "versions": [version]}}


def install(admin: Admin, kind: ApiKind) -> None:
    admin.apply(definition(kind))
    admin.wait_crd(f"{kind.plural}.{kind.group}")
    end = time.monotonic() + PATIENCE
    while not readable(admin, kind):
        assert time.monotonic() < end
        time.sleep(STEP)


def readable(admin: Admin, kind: ApiKind) -> bool:
    """Say whether its storage works: that takes some moments more."""
    try:
        admin.list(kind.api_version, kind.kind)
    except Refused as refused:
        if refused.status != 429:
            raise
        return False
    return True


@pytest.fixture(scope="module")
def installed(admin: Admin) -> None:
    install(admin, THINGS)


@pytest.fixture
async def api(api_server: ApiServer, admin: Admin, namespace: str, installed: None) -> AsyncIterator[RealApi]:
    api = RealApi(api_server, admin, namespace)
    yield api
    for client in (api.client, api.stranger, api.unknown):
        await client.aclose()


class TestApiServer(KubernetesApi):
    """All of the suite."""
