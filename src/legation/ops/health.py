"""The health port: is it alive, can it serve, and what does it count."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from legation.ops.metrics import Metrics

if TYPE_CHECKING:
    from starlette.requests import Request


def health_app(*, missing: Callable[[], tuple[str, ...]], metrics: Metrics) -> Starlette:
    """Return the application of the health port.

    Args:
        missing: Why Envoys cannot be served (yet, or any more), a clause for each; empty when they can.
        metrics: What /metrics shows.
    """

    async def alive(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_: Request) -> Response:
        lacks = missing()
        if lacks:
            return PlainTextResponse("".join(f"not ready: {each}\n" for each in lacks), status_code=503)
        return PlainTextResponse("ready\n")

    async def counts(request: Request) -> Response:
        body, content_type = metrics.render(accept=request.headers.get("accept", ""))
        return Response(body, media_type=content_type)

    return Starlette(routes=[Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", counts)])
