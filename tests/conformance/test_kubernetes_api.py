"""FakeKube does what the real API server does: `tests/cluster/test_conformance.py` asks that one the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from legation.kube.client import Client
from legation.kube.connection import User
from legation.model.api_kinds import ApiKind
from legation.testing import FakeKube
from tests.conformance.kubernetes_api import KubernetesApi, things

__all__ = ["things"]

THINGS = ApiKind(group="conformance.example.com", version="v1", kind="Thing", plural="things")


class FakeApi:
    """The fake, with a user who may not read Secrets."""

    namespace = "shop"
    things = THINGS
    short_watch = 1

    def __init__(self, kube: FakeKube) -> None:
        self._kube = kube
        kube.tokens["token-of-a-stranger"] = "stranger"
        for verb in ("list", "watch"):
            kube.forbid(verb, "secrets", user="stranger")
        connection = kube.connection
        self.client = Client(connection)
        self.stranger = Client(replace(connection, user=User(token="token-of-a-stranger")))
        self.unknown = Client(replace(connection, user=User(token="token-of-nobody")))

    async def install(self, kind: ApiKind) -> None:
        self._kube.install(kind)

    async def remove(self, kind: ApiKind) -> None:
        self._kube.remove(kind)


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    async with FakeKube() as kube:
        kube.install(THINGS)
        api = FakeApi(kube)
        yield api
        for client in (api.client, api.stranger, api.unknown):
            await client.aclose()


class TestFakeKube(KubernetesApi):
    """All of the suite."""
