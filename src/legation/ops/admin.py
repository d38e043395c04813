"""The admin port: who is connected, what each was sent, accepted and refused, and what is wrong with the objects.

It shows what Envoys get, so it belongs to this machine alone: it listens on a loopback address, and a request that
names another host is refused, because a page in somebody's browser can make a name of its own point here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from legation.model.loads import ClusterLoad
from legation.model.objects import show_path
from legation.model.problems import Problem
from legation.model.proxy_status import LastRefusal, ProxyStatus, RefusedResource, TurnedAway, TypeStatus

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
    bind: str,
    turned_away: Callable[[], Sequence[TurnedAway]] = tuple,
) -> Starlette:
    """Return the application of the admin port.

    Args:
        proxies: The Envoys that are connected.
        problems: What is wrong now.
        turned_away: Who was not served lately.
        bind: The address where it listens: a request may name that as its host, beside the usual loopback names.
    """

    async def index(_: Request) -> Response:
        return PlainTextResponse(_INDEX)

    async def show_proxies(_: Request) -> Response:
        return JSONResponse(
            {
                "proxies": [proxy_json(each) for each in proxies()],
                "turned_away": [turned_away_json(each) for each in turned_away()],
            }
        )

    async def show_problems(request: Request) -> Response:
        found = problems()
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"problems": [problem_json(each) for each in found]})
        return PlainTextResponse("".join(f"{each.level}: {each}\n" for each in found) or "no problems\n")

    return Starlette(
        routes=[Route("/", index), Route("/proxies", show_proxies), Route("/problems", show_problems)],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=[*_HOSTS, bind, f"[{bind}]"], www_redirect=False),
        ],
    )


def proxy_json(proxy: ProxyStatus) -> dict[str, Any]:
    """Return a connected Envoy as plain JSON."""
    return {
        "node": proxy.node.id,
        "cluster": proxy.node.cluster,
        "user_agent": proxy.node.user_agent,
        "group": proxy.group,
        "address": proxy.peer.address,
        "transport": proxy.peer.transport,
        "waits": proxy.waits,
        "connected_for": round(proxy.connected_for, 3),
        "types": [_type_json(each) for each in proxy.types],
        "loads": [_load_json(each) for each in proxy.loads],
    }


def turned_away_json(record: TurnedAway) -> dict[str, Any]:
    """Return an Envoy that was not served as plain JSON."""
    return {
        "node": record.node.id,
        "address": record.peer.address,
        "status": record.status,
        "reason": record.words,
        "times": record.times,
        "ago": round(record.ago, 3),
    }


def _load_json(load: ClusterLoad) -> dict[str, Any]:
    return {
        "cluster": load.cluster,
        "interval": round(load.interval, 3),
        "requests": load.issued,
        "errors": load.errors,
        "in_progress": load.in_progress,
        "dropped": dict(load.dropped),
        "requests_per_second": round(load.per_second(load.issued), 3),
        "errors_per_second": round(load.per_second(load.errors), 3),
        "dropped_per_second": round(load.per_second(sum(load.dropped.values())), 3),
    }


def _type_json(status: TypeStatus) -> dict[str, Any]:
    return {
        "type": status.type.name,
        "sent": status.sent,
        "accepted": status.accepted,
        "pending_for": None if status.pending_for is None else round(status.pending_for, 3),
        "refused": [_refused_json(each) for each in status.refused],
        "last_refusal": _last_refusal_json(status.last_refusal) if status.last_refusal else None,
    }


def _last_refusal_json(refusal: LastRefusal) -> dict[str, Any]:
    return {"version": refusal.version, "reason": refusal.words, "ago": round(refusal.ago, 3)}


def _refused_json(refused: RefusedResource) -> dict[str, Any]:
    return {
        "name": refused.name,
        "version": refused.version,
        "reason": refused.words,
        "object": str(refused.origin) if refused.origin else None,
        "together": refused.together,
        "parked": refused.parked.value if refused.parked is not None else None,
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
        "object": str(problem.object) if problem.object else None,
        "file": place.file if place else None,
        "line": place.line or None if place else None,
        "column": place.column or None if place else None,
        "path": show_path(problem.path),
    }
