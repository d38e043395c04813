"""The admission webhooks: AdmissionReviews answered, each within a time, without a trace in what is served.

It knows HTTP and time. It refuses to know what is wrong with an object, and what is to be changed in one. The one
invariant: whatever happens in a check, an answer comes; an object that could not be checked is let pass with a warning,
or refused, as the settings say; a Pod on which this program fails is let pass as it is.

Anybody may ask, and nobody shows who they are. So an object is held against others only for who knows a secret path,
which is written to where the API server alone looks it up; all others learn what is wrong with the object in itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from legation.api.admission.deciding import Consider, Deciding
from legation.api.admission.review import ALLOWED, Decision, Refusal, Request, answer, read_review
from legation.api.admission.room import Room
from legation.api.admission.saying import fitting
from legation.api.admission.turns import Turns

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

PLAIN_PATHS = ("/", "/validate")
"""Where everybody may have an object checked in itself."""
GUARDED_PATH = "/validate/{secret}"
"""Where who knows the secret has it checked beside what is served."""
INJECTION = "/inject"
LARGEST = 3 * 1024 * 1024
"""Bytes of a review. The API server takes requests of 3 MiB, and its store objects of half of that."""
ROOM = 32 * LARGEST
"""Bytes of all reviews that are under way."""
PATIENCE = 5.0
"""Seconds in which a review must have come whole: it stays in memory meanwhile."""
LONGEST_WAIT = 30.0
"""Seconds that the API server waits for an answer at most; how long it does, it says in each question."""
_WAIT = re.compile(r"(\d{1,3})s", re.ASCII)
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
        consider_beside: Callable[[], Consider] | None = None,
        is_secret: Callable[[str], bool] | None = None,
        time_limit: float,
        refuse_unchecked: bool,
        fault: Callable[[Exception], None],
        inject: Callable[[Request], Decision] | None = None,
        patience: float = PATIENCE,
        room: int = ROOM,
    ) -> None:
        """Take what it takes.

        Args:
            deciding: Knows which objects are ours.
            consider: Returns what tells what would be wrong with an object in itself.
            consider_beside: Returns what tells that beside what is served now, for who knows the secret.
            is_secret: Says whether that is it; None: there is none.
            time_limit: Seconds until an answer.
            refuse_unchecked: Whether an object that cannot be checked is refused.
            fault: Is told of an error of this program itself.
            inject: Decides on Pods that may need a sidecar; None: nobody is to ask.
            patience: Seconds in which a review must have come.
            room: Bytes of reviews that are held at a time.
        """
        self._patience = patience
        self._room = Room(room)
        self._deciding = deciding
        self._consider, self._beside = consider, consider_beside or consider
        self._is_secret = is_secret or _is_none
        self._time_limit = time_limit
        self._refuse_unchecked = refuse_unchecked
        self._fault = fault
        self._inject = inject
        self._threads = ThreadPoolExecutor(_WORKERS, thread_name_prefix="webhook")
        # Checks that take long are not to keep a Pod from its sidecar.
        self._injecting = ThreadPoolExecutor(1, thread_name_prefix="injection")
        self._turns = Turns()

    @property
    def app(self) -> Starlette:
        """The application of its port."""
        plain = partial(self._answered, partial(self._decided, self._consider))
        routes = [Route(each, plain, methods=["POST"]) for each in PLAIN_PATHS]
        routes.append(Route(GUARDED_PATH, self._answered_at_secret, methods=["POST"]))
        if self._inject is not None:
            routes.append(
                Route(INJECTION, partial(self._answered, partial(self._patched, self._inject)), methods=["POST"])
            )
        return Starlette(routes=routes)

    def close(self) -> None:
        """Wait for nothing any more."""
        for each in (self._threads, self._injecting):
            each.shutdown(wait=False, cancel_futures=True)

    async def _answered_at_secret(self, asked: HttpRequest) -> Response:
        # One that is not ours may be about to come, or have been: the API server goes on being answered meanwhile.
        known = self._is_secret(asked.path_params["secret"])
        return await self._answered(partial(self._decided, self._beside if known else self._consider), asked)

    async def _answered(self, decide: Callable[[Request, float], Awaitable[Decision]], asked: HttpRequest) -> Response:
        with self._room.place() as take:
            try:
                async with asyncio.timeout(self._patience):
                    body = await _body(asked, take)
            except TimeoutError:
                words = f"the review did not come within {self._patience:g} s\n"
                return PlainTextResponse(words, status_code=HTTPStatus.REQUEST_TIMEOUT)
            except _NotTaken as refused:
                return PlainTextResponse(f"{refused}\n", status_code=refused.status)
            try:
                request = read_review(body)
                decision = await decide(request, _wait(asked.query_params.get("timeout", "")))
            except ValueError as error:
                return PlainTextResponse(f"{error}\n", status_code=HTTPStatus.BAD_REQUEST)
            except _NotTaken as refused:
                return PlainTextResponse(f"{refused}\n", status_code=refused.status)
            return Response(answer(request, decision), media_type="application/json")

    async def _decided(self, considering: Callable[[], Consider], request: Request, _: float) -> Decision:
        loop, consider = asyncio.get_running_loop(), considering()
        try:
            async with asyncio.timeout(self._time_limit):
                return await loop.run_in_executor(self._threads, self._deciding.decide, request, consider)
        except TimeoutError:
            return self._unchecked(request, f"this object within {self._time_limit:g} s")
        except Exception as error:  # noqa: BLE001 - a fault of this program must not keep anybody from working
            self._fault(error)
            return self._unchecked(request, "this object, because of a fault of its own that its log tells")

    async def _patched(self, inject: Callable[[Request], Decision], request: Request, wait: float) -> Decision:
        try:
            async with asyncio.timeout(wait), self._turns.taken(request.namespace):
                found = await asyncio.get_running_loop().run_in_executor(self._injecting, inject, request)
        except TimeoutError:
            # Nobody waits for it any more: the API server has done what its failurePolicy says.
            _log.warning("a new Pod was not looked at in time", namespace=request.namespace, limit=wait)
            words = f"the Pod was not looked at within {wait:g} s"
            raise _NotTaken(words, HTTPStatus.SERVICE_UNAVAILABLE) from None
        except Exception as error:  # noqa: BLE001 - a fault of this program must not keep any Pod from running
            self._fault(error)
            words = "legation could not add a sidecar, because of a fault of its own that its log tells"
            return Decision(warnings=fitting([words]))
        if found != ALLOWED:
            # Who makes Pods is a program: nobody else may see what it was told.
            _log.info(
                "a new Pod was looked at",
                namespace=request.namespace,
                sidecar=bool(found.patch),
                refused="" if found.refusal is None else found.refusal.message,
                warnings=found.warnings,
            )
        return found

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


class _NotTaken(Exception):
    """A review that is not read any further."""

    def __init__(self, words: str, status: HTTPStatus) -> None:
        super().__init__(words)
        self.status = status


def _is_none(_: str) -> bool:
    return False


def _wait(told: str) -> float:
    """Return how many seconds the API server waits for its answer."""
    matched = _WAIT.fullmatch(told)
    return min(float(matched[1]), LONGEST_WAIT) if matched else LONGEST_WAIT


async def _body(asked: HttpRequest, take: Callable[[int], bool]) -> bytes:
    """Return what was sent.

    Raises:
        _NotTaken: It is too large, or there is no room for it.
    """
    with contextlib.suppress(ValueError):
        if int(asked.headers.get("content-length", "0")) > LARGEST:
            raise _too_large()
    parts, size = [], 0
    async for part in asked.stream():
        size += len(part)
        if size > LARGEST:
            raise _too_large()
        if not take(len(part)):
            words = "too much is asked at a time, so the object was not checked"
            raise _NotTaken(words, HTTPStatus.SERVICE_UNAVAILABLE)
        parts.append(part)
    return b"".join(parts)


def _too_large() -> _NotTaken:
    words = f"the review is larger than {LARGEST} bytes, so the object was not checked"
    return _NotTaken(words, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
