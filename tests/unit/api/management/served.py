"""The management API over HTTP on a real port, before a service that a test makes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx2

from legation.api.management.calls import Caller
from legation.api.management.http_app import management_app
from legation.http_server import HttpServer
from legation.management.v1 import management_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

PATIENCE = 30.0


class Service:
    """Answers every call with nothing in it, and remembers what it was asked; a test may say something else."""

    def __init__(self) -> None:
        self.asked: list[Message] = []
        self.callers: list[Caller] = []
        self.error: Exception | None = None
        self.answers: dict[str, Message] = {}
        """What is answered by the name of the call, where it is not an empty message."""
        self.events: asyncio.Queue[pb.WatchEvent | Exception | None] = asyncio.Queue()
        self.watching = 0
        self.waits = False
        """Whether to wait for Envoys has no end."""
        self.waiting = asyncio.Event()
        self.ended = asyncio.Event()

    @property
    def last(self) -> Any:
        return self.asked[-1]

    def _take(self, request: Message, caller: Caller) -> None:
        self.asked.append(request)
        self.callers.append(caller)
        if self.error is not None:
            raise self.error

    def __getattr__(self, name: str) -> Callable[[Message, Caller], Awaitable[Message]]:
        answers = {"get": pb.StoredObject, "list": pb.ListResponse, "wait_accepted": pb.WaitAcceptedResponse}
        kind = answers.get(name, pb.DeleteResponse if name in {"delete", "remove_upstream"} else pb.ApplyResponse)

        async def call(request: Message, caller: Caller) -> Message:
            self._take(request, caller)
            if name == "wait_accepted" and self.waits:
                self.waiting.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    self.ended.set()
            return self.answers.get(name) or kind()

        return call

    async def watch(self, request: pb.WatchRequest, caller: Caller) -> AsyncGenerator[pb.WatchEvent]:
        self._take(request, caller)
        self.watching += 1
        try:
            while (event := await self.events.get()) is not None:
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self.watching -= 1
            self.ended.set()


class Served:
    """What a test has: the service, and who asks it over HTTP."""

    def __init__(self, service: Service, client: httpx2.AsyncClient, faults: list[Exception]) -> None:
        self.service, self.client, self.faults = service, client, faults

    async def post(self, path: str, value: object, **headers: str) -> httpx2.Response:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        named = {"content-type": "application/json"} | {name.replace("_", "-"): each for name, each in headers.items()}
        return await self.client.post(path, content=body, headers=named)


@asynccontextmanager
async def serving(*, private: bool = False, patience: float = PATIENCE, **options: Any) -> AsyncGenerator[Served]:
    """Serve for the time of a block."""
    service, faults = Service(), list[Exception]()
    app = management_app(service, bind="localhost", private=private, fault=faults.append, patience=patience, **options)
    server = HttpServer(app, bind="localhost", port=0, setting="--management-http")
    started = asyncio.Event()
    running = asyncio.create_task(server.run(started=started.set))
    async with asyncio.timeout(PATIENCE):
        await started.wait()
    try:
        async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE) as client:
            yield Served(service, client, faults)
    finally:
        running.cancel()
        await asyncio.wait([running])


def violations(response: httpx2.Response) -> list[tuple[str, str]]:
    """Return the fields that a refusal names."""
    for detail in response.json()["details"]:
        if detail["@type"].endswith("BadRequest"):
            return [(each.get("field", ""), each["description"]) for each in detail["fieldViolations"]]
    return []


def reason(response: httpx2.Response) -> str:
    """Return the stable word of a refusal."""
    details = response.json()["details"]
    return next(str(each["reason"]) for each in details if each["@type"].endswith("ErrorInfo"))
