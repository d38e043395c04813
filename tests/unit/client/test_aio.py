"""The client for asyncio: the same calls, errors and watches as the one that blocks."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from legation.client import (
    AsyncClient,
    Client,
    ClientError,
    Compacted,
    FieldConflict,
    Host,
    ObjectChange,
    Reference,
    Synced,
    Unavailable,
)
from legation.management.v1 import management_pb2 as pb
from tests.management_api import Failure, FakeApi, applied, preconditions, reference, serving, stored

METHODS = [name for name, each in vars(Client).items() if inspect.isfunction(each) and not name.startswith("_")]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving(FakeApi()) as found:
        yield found


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
async def client(api: FakeApi, pauses: list[float]) -> AsyncIterator[AsyncClient]:
    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    async with AsyncClient(api.target, sleep=sleep) as found:
        yield found


@pytest.mark.parametrize("name", METHODS)
def test_it_has_the_methods_of_the_one_that_blocks(name: str) -> None:
    one, other = inspect.signature(getattr(Client, name)), inspect.signature(getattr(AsyncClient, name))
    assert list(one.parameters.values()) == list(other.parameters.values())
    assert inspect.getdoc(getattr(Client, name)) == inspect.getdoc(getattr(AsyncClient, name))


async def test_all_that_has_one_answer_is_called(api: FakeApi, client: AsyncClient) -> None:
    upstream = reference("reviews", kind="Upstream")
    api.answers("Apply", pb.ApplyResponse(applied=[applied("web")]))
    api.answers("Get", stored("web", json.dumps({"a": 1})))
    api.answers("Delete", pb.DeleteResponse(deleted=[reference("web")]))
    api.answers("AddUpstream", pb.ApplyResponse(applied=[pb.Applied(object=upstream, outcome=pb.Applied.CREATED)]))
    api.answers("RemoveUpstream", pb.DeleteResponse(deleted=[upstream]))
    api.answers("WaitAccepted", pb.WaitAcceptedResponse(accepted=True))
    (made,) = await client.apply({"kind": "Cluster"})
    assert (await client.get("Cluster", "web")).manifest == {"a": 1}
    assert await client.wait_accepted(made.object)
    assert [each.name for each in await client.delete(Reference("Cluster", "web"))] == ["web"]
    assert (await client.add_upstream("reviews", hosts=[Host("a", 1)])).object.name == "reviews"
    assert [each.name for each in await client.remove_upstream("reviews")] == ["reviews"]


async def test_pages_are_asked_for_as_they_are_needed(api: FakeApi, client: AsyncClient) -> None:
    api.answers(
        "List", pb.ListResponse(objects=[stored("a")], next_page_token="a"), pb.ListResponse(objects=[stored("b")])
    )
    assert [each.object.name async for each in client.list()] == ["a", "b"]


async def test_failures_are_those_of_the_one_that_blocks(
    api: FakeApi, client: AsyncClient, pauses: list[float]
) -> None:
    full = Failure("UNAVAILABLE", "the disk is full", reason="STORE_UNAVAILABLE")
    against = preconditions("FIELD_CONFLICT", [("items[0].object.spec.a", 'owned by "kubectl"')])
    api.answers("Apply", full, Failure("ABORTED", "conflict", against), Failure("UNAVAILABLE", "Socket closed"))
    with pytest.raises(FieldConflict, match="kubectl"):
        await client.apply({})
    assert len(pauses) == 1
    with pytest.raises(Unavailable) as caught:
        await client.apply({})
    assert caught.value.may_be_done


async def test_a_watch_goes_on_where_it_was(api: FakeApi, client: AsyncClient, pauses: list[float]) -> None:
    lost = Failure("UNAVAILABLE", "Socket closed")
    put = pb.ObjectChange(change=pb.ObjectChange.PUT, stored=stored("web"))
    api.answers(
        "Watch",
        [pb.WatchEvent(resume_token="1", object=put), pb.WatchEvent(resume_token="1", synced=pb.Synced()), lost],
        [pb.WatchEvent(resume_token="2", synced=pb.Synced())],
        [Failure("OUT_OF_RANGE", "not remembered")],
    )
    watch = client.watch()
    assert isinstance(await anext(watch), ObjectChange)
    assert isinstance(await anext(watch), Synced)
    assert isinstance(await anext(watch), Synced)
    with pytest.raises(Compacted):
        await anext(watch)
    assert [each.resume_token for each in api.asked("Watch")] == ["", "1", "2"]
    assert len(pauses) == 2


async def test_a_client_that_is_closed_ends_what_it_does(api: FakeApi) -> None:
    over = threading.Event()
    api.answers("Watch", [pb.WatchEvent(resume_token="1", synced=pb.Synced()), over])
    client = AsyncClient(api.target)
    watch, another = client.watch(), client.watch()
    await anext(watch)
    await anext(another)
    rest, cancelled = (asyncio.ensure_future(anext(each, None)) for each in (watch, another))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    await client.close()
    async with asyncio.timeout(30):
        assert await rest is None
    over.set()
    with pytest.raises(ClientError, match="closed"):
        await client.get("Cluster", "web")


async def test_many_call_at_the_same_time(api: FakeApi, client: AsyncClient) -> None:
    api.answers("Apply", pb.ApplyResponse(applied=[applied("web")]))
    await asyncio.gather(*(client.apply({"n": each}) for each in range(20)))
    assert len(api.asked("Apply")) == 20
