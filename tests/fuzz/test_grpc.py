"""The same over the real gRPC: bytes of all kinds to a real server, and every answer judged."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any

import grpc
import grpc.aio
from hypothesis import given, note
from hypothesis import strategies as st

from legation.model.resource_types import CLUSTER, ResourceType
from legation.testing.wire import method
from tests.fuzz.judge import Judge
from tests.fuzz.requests import Ask
from tests.fuzz.test_streams import Step, some_service, some_step
from tests.unit.transports.loopback import PATIENCE, FakeFeed, Loopback, serving

LEGAL = {"INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "CANCELLED"}


@dataclass(kw_only=True)
class Client:
    """A client that says what it likes, and notes what it hears."""

    served: Loopback
    delta: bool
    row: ResourceType | None
    published: dict[tuple[str, str], set[bytes]]
    heard: list[bytes] = field(default_factory=list)
    said: int = 0

    def __post_init__(self) -> None:
        self.judge = Judge(delta=self.delta, row=self.row, published=self.published, strict=False)
        path = method(self.row or CLUSTER, delta=self.delta, separate=self.row is not None)
        self.call: Any = self.served.channel.stream_stream(path)()
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while (data := await self.call.read()) is not grpc.aio.EOF:
                self.judge.told(data)
        except grpc.aio.AioRpcError:
            pass

    async def say(self, data: bytes) -> None:
        self.said += 1
        self.judge.asked(data)
        try:
            await self.call.write(data)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            # It was closed meanwhile.
            await asyncio.wait([self.reading])

    async def end(self) -> list[str]:
        """Hang up; return what was not legal."""
        self.call.cancel()
        await asyncio.wait([self.reading])
        status = (await self.call.code()).name
        return [*self.judge.faults, *([] if status in LEGAL else [f"closed with {status}"])]


async def play(*, delta: bool, row: ResourceType | None, script: list[Step]) -> list[str]:
    async with serving(FakeFeed()) as served:
        published: dict[tuple[str, str], set[bytes]] = {}
        faults: list[str] = []
        client = Client(served=served, delta=delta, row=row, published=published)
        for step in script:
            if client.judge.must_close:
                await asyncio.wait([client.reading], timeout=PATIENCE)
                faults += await client.end()
                client = Client(served=served, delta=delta, row=row, published=published)
            match step:
                case Ask():
                    await client.say(step.data(delta=delta, first=not client.said, nonces=client.judge.nonces))
                case bytes():
                    await client.say(step)
                case list():
                    for each in step:
                        published.setdefault((each.type.url, each.name), set()).add(each.body)
                    served.feed.publish(*step)
                case "hang up":
                    faults += await client.end()
                    client = Client(served=served, delta=delta, row=row, published=published)
                case _:
                    # Time passes by itself here, and gRPC reads ahead.
                    pass
        faults += await client.end()
        good = Client(served=served, delta=True, row=None, published=published)
        await good.say(Ask(type="Cluster").data(delta=True, first=True, nonces=()))
        await until_heard(good)
        return faults + await good.end()


async def until_heard(client: Client) -> None:
    async with asyncio.timeout(PATIENCE):
        while not client.judge.nonces:  # noqa: ASYNC110 - the server tells it in its own time
            await asyncio.sleep(0.001)


@given(seed=st.integers(0, 2**32), delta=st.booleans(), length=st.integers(5, 60))
def test_a_legal_answer_or_a_closed_stream(*, seed: int, delta: bool, length: int) -> None:
    draw = Random(seed)
    row = some_service(draw)
    script = [some_step(draw) for _ in range(length)]
    note(f"{row}\n" + "\n".join(map(repr, script)))
    assert asyncio.run(play(delta=delta, row=row, script=script)) == []
