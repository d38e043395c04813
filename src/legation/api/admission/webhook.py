"""The validating admission webhook: answers AdmissionReviews, each within a time, without a trace in what is served.

It knows HTTP and time. It refuses to know what is wrong with an object. The one invariant: whatever happens in a check,
an answer comes; an object that could not be checked is let pass with a warning, or refused, as the settings say.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from legation.api.admission.deciding import Consider, Deciding
from legation.api.admission.review import Decision, Refusal, Request, answer, read_review
from legation.api.admission.saying import fitting

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

PATH = "/validate"
LARGEST = 3 * 1024 * 1024
"""Bytes of a review. The API server takes requests of 3 MiB, and its store objects of half of that."""
PATIENCE = 5.0
"""Seconds in which a review must have come whole: it stays in memory meanwhile."""
_WORKERS = 2
"""Checks at a time: they share one processor with what is served."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Webhook:
    """Answers reviews. Leaving its `with` block ends the threads that check."""

    def __init__(
        self,
        deciding: Deciding,
        *,
        consider: Callable[[], Consider],
        time_limit: float,
        refuse_unchecked: bool,
        fault: Callable[[Exception], None],
        patience: float = PATIENCE,
    ) -> None:
        """Take what it takes.

        Args:
            deciding: Knows which objects are ours.
            consider: Returns what tells what would be wrong with an object beside what is served now.
            time_limit: Seconds until an answer.
            refuse_unchecked: Whether an object that cannot be checked is refused.
            fault: Is told of an error of this program itself.
            patience: Seconds in which a review must have come.
        """
        self._patience = patience
        self._deciding = deciding
        self._consider = consider
        self._time_limit = time_limit
        self._refuse_unchecked = refuse_unchecked
        self._fault = fault
        self._threads = ThreadPoolExecutor(_WORKERS, thread_name_prefix="webhook")

    @property
    def app(self) -> Starlette:
        """The application of its port."""
        return Starlette(routes=[Route(PATH, self._validate, methods=["POST"])])

    def close(self) -> None:
        """Wait for nothing any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _validate(self, asked: HttpRequest) -> Response:
        try:
            async with asyncio.timeout(self._patience):
                body = await _body(asked)
        except TimeoutError:
            words = f"the review did not come within {self._patience:g} s\n"
            return PlainTextResponse(words, status_code=HTTPStatus.REQUEST_TIMEOUT)
        if body is None:
            words = f"the review is larger than {LARGEST} bytes, so the object was not checked\n"
            return PlainTextResponse(words, status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            request = read_review(body)
        except ValueError as error:
            return PlainTextResponse(f"{error}\n", status_code=HTTPStatus.BAD_REQUEST)
        return Response(answer(request, await self._decided(request)), media_type="application/json")

    async def _decided(self, request: Request) -> Decision:
        loop, consider = asyncio.get_running_loop(), self._consider()
        try:
            async with asyncio.timeout(self._time_limit):
                return await loop.run_in_executor(self._threads, self._deciding.decide, request, consider)
        except TimeoutError:
            return self._unchecked(request, f"this object within {self._time_limit:g} s")
        except Exception as error:  # noqa: BLE001 - a fault of this program must not keep anybody from working
            self._fault(error)
            return self._unchecked(request, "this object, because of a fault of its own that its log tells")

    def _unchecked(self, request: Request, what: str) -> Decision:
        words = f"legation could not check {what}"
        _log.warning(
            "an object was not checked",
            object=f"{request.kind.kind} {request.namespace}/{request.name}",
            refused=self._refuse_unchecked,
            limit=self._time_limit,
        )
        if not self._refuse_unchecked:
            return Decision(warnings=fitting([f"{words}; see its status, or kubectl get envoy, for what is wrong"]))
        return Decision(
            refusal=Refusal(
                message=f"{words}; try it again", code=HTTPStatus.SERVICE_UNAVAILABLE, reason="ServiceUnavailable"
            )
        )


async def _body(asked: HttpRequest) -> bytes | None:
    """Return what was sent; None if it is too large, of which no more is read then."""
    with contextlib.suppress(ValueError):
        if int(asked.headers.get("content-length", "0")) > LARGEST:
            return None
    parts, size = [], 0
    async for part in asked.stream():
        size += len(part)
        if size > LARGEST:
            return None
        parts.append(part)
    return b"".join(parts)
