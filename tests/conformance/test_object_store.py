"""Who keeps objects for the management API: the embedded store, and a cluster that is not a real one.

`tests/cluster/test_object_store.py` asks the real one the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from legation.errors import Compacted
from legation.model.problems import Problem
from legation.sources.base import SourceState
from legation.sources.stored.store import StoredObjects
from legation.sources.stored_in_cluster.store import ClusterObjects
from legation.testing import FakeKube
from legation.translate.pipeline import API_KINDS
from tests.conformance.object_store import ObjectStoreSuite, Shelf

NAMESPACES = ("shop", "other")


class _Inputs:
    """Where the embedded store puts what it holds: nobody looks at that here."""

    def publish(self, state: SourceState) -> None:
        del state

    def blocked(self, problems: tuple[Problem, ...]) -> None:
        raise AssertionError(problems)


class TestEmbedded(ObjectStoreSuite):
    """The journal on the disk."""

    @pytest.fixture
    async def shelf(self, tmp_path: Path) -> AsyncIterator[Shelf]:
        store = StoredObjects(tmp_path)
        running = asyncio.create_task(store.run(_Inputs()))
        yield Shelf(store=store, namespace="shop", other="other")
        running.cancel()
        await asyncio.wait([running])


class TestFakeKube(ObjectStoreSuite):
    """A cluster in the memory of the test."""

    @pytest.fixture
    async def kube(self) -> AsyncIterator[FakeKube]:
        async with FakeKube() as kube:
            for kind in API_KINDS:
                if not kind.built_in:
                    kube.install(kind)
            yield kube

    @pytest.fixture
    async def shelf(self, kube: FakeKube) -> AsyncIterator[Shelf]:
        store = ClusterObjects(kube.connection, kinds=API_KINDS, namespaces=NAMESPACES)
        yield Shelf(store=store, namespace="shop", other="other")
        await store.aclose()

    async def test_what_is_forgotten_is_told(self, shelf: Shelf, kube: FakeKube) -> None:
        page = await shelf.list()
        await shelf.put("a")
        kube.compact()
        with pytest.raises(Compacted):
            async with shelf.watch(page.revision) as changes:
                await changes.ended()
