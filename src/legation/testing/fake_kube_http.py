"""The API of FakeKube over HTTP: who asks for what, and the answer. The store knows nothing of it.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from legation.testing.fake_kube_answers import Json, Refusal
from legation.testing.fake_kube_depth import any_depth
from legation.testing.fake_kube_discovery import discovered
from legation.testing.fake_kube_faults import Asked, Faults, Wrong, unauthorized
from legation.testing.fake_kube_paths import Target, target_of
from legation.testing.fake_kube_reviews import Reviews
from legation.testing.fake_kube_store import Store
from legation.testing.fake_kube_verbs import Call, perform
from legation.testing.fake_kube_watch import FakeWatch

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class FakeKubeApp:
    """An application of ASGI: starlette's server runs it."""

    def __init__(self, store: Store, faults: Faults, noticed: Callable[[], None]) -> None:
        """Take what it serves.

        Args:
            store: The objects.
            faults: What goes wrong.
            noticed: Is called when something happened that a test may wait for.
        """
        self.store = store
        self.faults = faults
        self.tokens: dict[str, str] = {}
        self.reviews = Reviews(store)
        self.asked: deque[Asked] = deque(maxlen=100_000)
        self.watches: set[FakeWatch] = set()
        self.streams = True
        self.silent = False
        self.hanging = 0
        self._released = asyncio.Event()
        self._noticed = noticed

    def release(self) -> None:
        """End what hangs; its connection breaks."""
        self._released.set()
        self._released = asyncio.Event()

    def wake(self) -> None:
        """Let all watches look whether there is more to say."""
        for each in self.watches:
            each.wake()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. To return without an end of the answer breaks the connection."""
        request = Request(scope, receive)
        try:
            answer = await self._answer(request, receive, send)
        except Refusal as refusal:
            answer = _refused(refusal)
        if answer is not None:
            await answer(scope, receive, send)

    async def _answer(self, request: Request, receive: Receive, send: Send) -> Response | None:
        """Return the answer; None: it was given, or nobody gets one."""
        params = dict(request.query_params)
        target = target_of(self.store, request.method, request.url.path, params)
        asked = Asked(
            verb=target.verb if target else "",
            plural=target.kind.plural if target else request.url.path,
            namespace=target.namespace if target else "",
            name=target.name if target else "",
            subresource=target.subresource if target else "",
            params=params,
        )
        self.asked.append(asked)
        self._noticed()
        if self.faults.intercepts(request.url.path):
            return HTMLResponse("<html><h1>404 Not Found</h1></html>", 404)
        user = self._user(request)
        wrong = self.faults.next(asked)
        if wrong is not None and wrong.meanwhile is not None:
            wrong.meanwhile()
        if wrong is not None and wrong.hangs:
            await self._hang(receive)
            # Without a beginning there would be a 500.
            await _begin(send)
            return None
        if wrong is not None and wrong.status:
            raise wrong.refusal()
        if target is None:
            told = self._told(request.url.path) if request.method == "GET" else None
            return PlainTextResponse("404 page not found\n", 404) if told is None else _json(told)
        self.faults.check(asked, target.kind, user)
        if target.verb == "watch":
            await self._stream(target, params, receive, send, wrong)
            return None
        content_type = request.headers.get("content-type", "")
        body = await request.body()
        call = Call(target=target, params=params, body=body, content_type=content_type, user=user)
        with any_depth():
            review = self.reviews.answer(target.kind, body) if target.verb == "create" else None
            code, value = perform(self.store, call) if review is None else (201, review)
            answer = _json(value, code)
        if wrong is not None and wrong.cuts:
            await _begin(send)
            await send({"type": "http.response.body", "body": bytes(answer.body)[:20], "more_body": True})
            return None
        return answer

    def _told(self, path: str) -> Json | None:
        return self.reviews.told(path) or discovered(self.store, path)

    def _user(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme not in {"Bearer", ""} or token not in self.tokens:
            raise unauthorized()
        return self.tokens[token]

    async def _hang(self, receive: Receive) -> None:
        self.hanging += 1
        self._noticed()
        try:
            await _first(asyncio.create_task(_gone(receive)), asyncio.create_task(self._released.wait()))
        finally:
            self.hanging -= 1
            self._noticed()

    async def _stream(
        self, target: Target, params: Mapping[str, str], receive: Receive, send: Send, wrong: Wrong | None
    ) -> None:
        self.faults.check_version(int(params.get("resourceVersion") or 0), self.store.compacted)
        watch = FakeWatch(self.store, target.kind, namespace=target.namespace, params=params, streams=self.streams)
        await _begin(send)
        self.watches.add(watch)
        self._noticed()
        seconds = int(params.get("timeoutSeconds") or 0)
        ending = asyncio.get_running_loop().call_later(seconds or 3600, self._end, watch)
        gone = asyncio.create_task(_gone(receive))
        try:
            while not watch.broken:
                for line in () if self.silent else watch.take():
                    cut = wrong is not None and wrong.cuts
                    part = line[: len(line) // 2] if cut else line
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                    if cut:
                        return
                if watch.over and not self.silent:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    return
                waiting = asyncio.create_task(watch.woken.wait())
                await asyncio.wait((gone, waiting), return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if gone.done():
                    return
                watch.woken.clear()
        finally:
            ending.cancel()
            gone.cancel()
            self.watches.discard(watch)
            self._noticed()

    def _end(self, watch: FakeWatch) -> None:
        """End a watch as its time-out does: with a bookmark, as the real one does shortly before."""
        watch.bookmark()
        watch.over = True
        watch.wake()


async def _gone(receive: Receive) -> None:
    """Return when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _first(*tasks: asyncio.Task[object]) -> None:
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in tasks:
            each.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)


async def _begin(send: Send) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


def _json(value: object, code: int = 200) -> Response:
    return Response(msgspec.json.encode(value), code, media_type="application/json")


def _refused(refusal: Refusal) -> Response:
    response = _json(refusal.status, refusal.code)
    if refusal.retry_after:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response
