"""The admin port: who is connected, what each was sent, accepted and refused, and what is wrong with the objects.

It shows what Envoys get, so it belongs to this machine alone, or to who has a token. Without TLS a request that names
another host is refused, because a page in somebody's browser can make a name of its own point here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from legation.model.objects import show_path
from legation.model.problems import Problem
from legation.model.proxy_status import Denied, ProxyStatus, TurnedAway
from legation.model.replicas import ReplicaPages
from legation.ops.guard import TokenGuard
from legation.ops.proxy_json import page_json
from legation.ops.trail_pages import INDEX, AskOthers, Inquiry, trail_routes

if TYPE_CHECKING:
    from starlette.requests import Request

_HOSTS = ("localhost", "127.0.0.1", "::1", "[::1]")

_INDEX = """\
legation

/proxies    the Envoys that are connected: what each was sent, accepted and refused, and its load (JSON)
/problems   what is wrong with the objects, and how to mend it (text, or JSON for `Accept: application/json`)
"""


def admin_app(
    *,
    proxies: Callable[[], Sequence[ProxyStatus]],
    problems: Callable[[], Sequence[Problem]],
    turned_away: Callable[[], Sequence[TurnedAway]],
    bind: str,
    denied: Callable[[], Sequence[Denied]] = tuple,
    replicas: Callable[[], Awaitable[ReplicaPages]] | None = None,
    inquiry: Inquiry | None = None,
    replica: str | None = None,
    settings: Mapping[str, str] | None = None,
    others: AskOthers | None = None,
    tokens: Callable[[], Sequence[str]] | None = None,
    secured: bool = False,
) -> Starlette:
    """Return the application of the admin port.

    Args:
        proxies: The Envoys that are connected.
        problems: What is wrong now.
        turned_away: Who was not served lately.
        denied: Who has lately not proven to be who it says it is.
        bind: The address where it listens: a request may name that as its host, beside the usual loopback names.
        replicas: Asks the other replicas for what they have to show; None where there is no other.
        inquiry: Where resources come from, and who has them; None: that has no pages.
        replica: Which replica this is, where there are others.
        settings: Those that say what objects mean.
        others: Asks the other replicas who their Envoys are and what these have; None where there is no other.
        tokens: Returns the tokens of which one must be shown; None: whoever reaches the port sees all.
        secured: Whether the port has TLS: then a client has refused a name that is not this server's.

    Raises:
        ValueError: It would be open to anybody who can make a name point here.
    """
    if secured and tokens is None:
        raise ValueError("an admin port that others reach has to have a token")

    async def index(_: Request) -> Response:
        return PlainTextResponse(_INDEX + (INDEX if inquiry is not None else ""))

    async def show_proxies(_: Request) -> Response:
        others = None if replicas is None else await replicas()
        own = page_json(proxies(), turned_away=turned_away(), denied=denied())
        return JSONResponse(own if others is None else _joined(own, others))

    async def show_problems(request: Request) -> Response:
        found = problems()
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"problems": [problem_json(each) for each in found]})
        return PlainTextResponse("".join(f"{each.level}: {each}\n" for each in found) or "no problems\n")

    more = () if inquiry is None else trail_routes(inquiry, replica=replica, settings=settings or {}, others=others)
    return Starlette(
        routes=[
            Route("/", index),
            Route("/proxies", show_proxies),
            Route("/problems", show_problems),
            *more,
        ],
        middleware=[
            *(
                ()
                if secured
                else (
                    Middleware(TrustedHostMiddleware, allowed_hosts=[*_HOSTS, bind, f"[{bind}]"], www_redirect=False),
                )
            ),
            *(() if tokens is None else (Middleware(TokenGuard, tokens=tokens),)),
        ],
    )


def _joined(own: dict[str, list[Any]], others: ReplicaPages) -> dict[str, Any]:
    """Return what all replicas show; what another one shows says which one that is."""
    answered = 1 + len(others.pages)
    return {
        "proxies": own["proxies"]
        + [{**each, "replica": page.replica} for page in others.pages for each in page.proxies],
        "turned_away": own["turned_away"]
        + [{**each, "replica": page.replica} for page in others.pages for each in page.turned_away],
        "denied": own["denied"] + [{**each, "replica": page.replica} for page in others.pages for each in page.denied],
        "replicas": {
            "asked": answered + len(others.silent),
            "answered": answered,
            "silent": list(others.silent),
        },
    }


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as plain JSON."""
    place = problem.place
    return {
        "level": str(problem.level),
        "text": str(problem),
        "code": problem.code,
        "message": problem.message,
        "mend": problem.mend,
        "example": problem.example,
        "object": str(problem.object) if problem.object else None,
        "file": place.file if place else None,
        "line": place.line or None if place else None,
        "column": place.column or None if place else None,
        "path": show_path(problem.path),
    }
