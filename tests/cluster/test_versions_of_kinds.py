"""A kind that may be read in several versions, at an API server that serves one of them, then another, then none."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from legation.kube.connection import Connection, User
from legation.model.api_kinds import ApiKind
from legation.model.objects import ObjectKey
from legation.sources.kubernetes.source import KubernetesSource
from legation.tls.pem import Pem
from legation.translate.traffic_split import SPLIT
from tests.cluster import smi
from tests.cluster.admin import Admin, Object, reference
from tests.cluster.api_server import ApiServer
from tests.unit.sources.rig import Recorder

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def kind() -> ApiKind:
    """TrafficSplits in a group that no other test has."""
    return replace(SPLIT, group=f"split-{uuid.uuid4().hex[:12]}.example.com")


@asynccontextmanager
async def reading(server: ApiServer, kind: ApiKind, namespace: str) -> AsyncIterator[Recorder]:
    connection = Connection(
        server=server.url, authority=Pem(file=str(server.ca_file)), user=User(token=server.admin_token)
    )
    recorder = Recorder()
    task = asyncio.create_task(KubernetesSource(connection, kinds=[kind], namespaces=(namespace,)).run(recorder))
    try:
        await recorder.until(lambda _: True)
        yield recorder
    finally:
        task.cancel()
        await asyncio.wait([task])


def split(kind: ApiKind, version: str, namespace: str) -> Object:
    spec = {"service": "web", "backends": [{"service": "web", "weight": 1}]}
    return reference(f"{kind.group}/{version}", kind.kind, "web", namespace) | {"spec": spec}


async def test_the_newest_that_is_served_is_read_and_a_version_that_goes_takes_no_object_with_it(
    api_server: ApiServer, admin: Admin, kind: ApiKind, namespace: str
) -> None:
    name = f"{kind.plural}.{kind.group}"
    await asyncio.to_thread(admin.create, smi.definition(kind, served=["v1alpha2"]))
    await asyncio.to_thread(admin.wait_crd, name)
    await asyncio.to_thread(admin.create, split(kind, "v1alpha2", namespace))
    key = ObjectKey(kind.group, kind.kind, namespace, "web")

    def version(recorder: Recorder) -> str:
        found = recorder.newest.objects.get(key)
        return found.api_version.rpartition("/")[2] if found is not None else ""

    async with reading(api_server, kind, namespace) as recorder:
        assert version(recorder) == "v1alpha2"
        spec = smi.definition(kind, served=["v1alpha3"], also=["v1alpha2"])["spec"]
        await asyncio.to_thread(admin.patch, reference(*smi.CRDS, name) | {"spec": spec})
        await recorder.until(lambda _: version(recorder) == "v1alpha3")
        assert all(state.objects.keys() == {key} for state in recorder.states)
        await asyncio.to_thread(admin.delete, reference(*smi.CRDS, name))
        await recorder.until(lambda state: not state.objects)
        assert recorder.newest.problems == ()
