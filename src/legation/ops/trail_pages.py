"""Pages of the admin port that say where resources come from, what an Envoy gets, and who has what.

They are given the answers. What is long is streamed; only what is asked for is made into JSON.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from legation.model.replicas import ReplicaRecords
from legation.model.resource_types import BY_NAME, ResourceType, named
from legation.model.trail import (
    AskedNode,
    Blamed,
    Chosen,
    KnownEnvoy,
    NodeResources,
    SentTo,
    Traced,
    TracedObject,
    Wanted,
)
from legation.ops import trail_json
from legation.ops.joined_blame import joined_objects, joined_resources
from legation.ops.streamed import in_turns, streamed

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams
    from starlette.requests import Request

INDEX = """\
/resources  every resource with its object; with ?node=ID what an Envoy of that id gets (label=k=v, namespace=)
/objects    the objects as their owners wrote them (kind=, namespace=, name=)
/envoys     who is connected, and what is known of each
/sent       with ?node=ID: what that Envoy was sent, and what became of it (type=, name=, config=1)
/blame      with ?type=Cluster&name=web, or ?object=Cluster shop/web: where it comes from, and who has it
"""


class Inquiry(Protocol):
    """Answers where things come from, and who has them."""

    def objects(self, wanted: Wanted = ...) -> Iterable[TracedObject]:
        """Return the objects that are wanted."""
        ...

    def resources(self, chosen: Chosen = ...) -> Iterable[Traced]:
        """Return the chosen resources of every object."""
        ...

    def of_node(self, asked: AskedNode, chosen: Chosen = ...) -> NodeResources | str:
        """Return what an Envoy gets, or would get; or why nobody can say that."""
        ...

    def envoys(self) -> Iterable[KnownEnvoy]:
        """Return the Envoys that are connected."""
        ...

    def sent(self, node_id: str, chosen: Chosen = ...) -> Iterable[SentTo]:
        """Return what the Envoys of a node id were sent."""
        ...

    def blame_resource(self, row: ResourceType, name: str) -> Iterable[Blamed]:
        """Return the resources of a name."""
        ...

    def blame_object(self, kind: str, namespace: str, name: str) -> Iterable[tuple[TracedObject, Iterable[Blamed]]]:
        """Return the objects of a kind and name, each with what is made of it."""
        ...


class _Unanswerable(Exception):
    """The question is none, or nobody knows."""

    def __init__(self, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.status = status


class AskOthers(Protocol):
    """Asks the other replicas for a list on one of their pages."""

    async def __call__(self, path: str, name: str, params: Mapping[str, str]) -> ReplicaRecords:
        """Return what they answered."""
        ...


def trail_routes(
    inquiry: Inquiry, *, replica: str | None, settings: Mapping[str, str], others: AskOthers | None = None
) -> list[Route]:
    """Return the pages.

    Args:
        inquiry: Gives the answers.
        replica: Which replica this is, where there are others. Else None.
        settings: Those that say what objects mean, for who wants to read others in the same way.
        others: Asks the others who their Envoys are and what these have; None where there are none. All else is the
            same at each, or about an Envoy of this one.
    """
    head = {"replica": replica}

    async def resources(asked: QueryParams) -> Response:
        chosen, content = _chosen(asked), asked.get("config") != "0"
        if "node" not in asked:
            found = trail_json.resources_json(inquiry.resources(chosen), content=content)
            return streamed(head, "resources", found)
        node = _asked_node(asked)
        got = inquiry.of_node(node, chosen)
        if isinstance(got, str):
            raise _Unanswerable(got, status=404)
        workload = got.workload
        more = {
            **head,
            "node": node.id,
            "group": got.group,
            "namespace": workload.namespace if workload else None,
            "labels": dict(sorted(workload.labels)) if workload else {},
            "connected": got.connected,
        }
        return streamed(more, "resources", trail_json.resources_json(got.resources, content=content))

    async def objects(asked: QueryParams) -> Response:
        wanted = {each: asked[each].casefold() for each in ("kind", "namespace", "name") if asked.get(each)}
        found = inquiry.objects(
            lambda key: all(getattr(key, field).casefold() == value for field, value in wanted.items())
        )
        return streamed(head, "objects", trail_json.objects_json(found))

    async def envoys(_: QueryParams) -> Response:
        told = await _ask(others, "/envoys", "envoys", {})
        theirs = ({**each, "replica": address} for address, those in told.records.items() for each in those)
        more = {**head, "settings": dict(settings), **_answered(told, others)}
        return streamed(more, "envoys", chain(map(trail_json.envoy_json, inquiry.envoys()), theirs))

    async def sent(asked: QueryParams) -> Response:
        node = _needed(asked, "node")
        found = trail_json.sent_json(inquiry.sent(node, _chosen(asked)), content=asked.get("config") == "1")
        return streamed({**head, "node": node}, "sent", found)

    async def blame(asked: QueryParams) -> Response:
        own = await _blamed(inquiry, asked)
        told = await _ask(others, "/blame", "blame", dict(asked))
        theirs = chain.from_iterable(told.records.values())
        found = joined_objects(own, theirs) if "object" in asked else joined_resources(own, theirs)
        return JSONResponse({**head, **_answered(told, others), "blame": found})

    pages = {"/resources": resources, "/objects": objects, "/envoys": envoys, "/sent": sent, "/blame": blame}
    return [Route(path, _page(show)) for path, show in pages.items()]


def shared_routes(inquiry: Inquiry) -> list[Route]:
    """Return the pages that other replicas ask for: who the Envoys of this one are, and what they have."""

    async def envoys(_: QueryParams) -> Response:
        return streamed({}, "envoys", map(trail_json.envoy_json, inquiry.envoys()))

    async def blame(asked: QueryParams) -> Response:
        return JSONResponse({"blame": await _blamed(inquiry, asked)})

    return [Route("/envoys", _page(envoys)), Route("/blame", _page(blame))]


def _page(show: Callable[[QueryParams], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await show(request.query_params)
        except _Unanswerable as error:
            return JSONResponse({"error": str(error)}, status_code=error.status)

    return answer


async def _ask(others: AskOthers | None, path: str, name: str, params: Mapping[str, str]) -> ReplicaRecords:
    return ReplicaRecords() if others is None else await others(path, name, params)


def _answered(told: ReplicaRecords, others: AskOthers | None) -> dict[str, Any]:
    """Return how many replicas there are and who was silent, as `/proxies` has it; nothing where there is but one."""
    if others is None:
        return {}
    answered = 1 + len(told.records)
    return {
        "replicas": {"asked": answered + len(told.silent), "answered": answered, "silent": list(told.silent)},
    }


async def _blamed(inquiry: Inquiry, asked: QueryParams) -> list[dict[str, Any]]:
    if "object" not in asked:
        row = _row(_needed(asked, "type"))
        return await in_turns(map(trail_json.blamed_json, inquiry.blame_resource(row, _needed(asked, "name"))))
    return [
        trail_json.object_json(traced) | {"blamed": await in_turns(map(trail_json.blamed_json, blamed))}
        for traced, blamed in inquiry.blame_object(*trail_json.asked_object(_needed(asked, "object")))
    ]


def _needed(asked: QueryParams, name: str) -> str:
    found = asked.get(name)
    if not found:
        raise _Unanswerable(f"say {name}=")
    return found


def _asked_node(asked: QueryParams) -> AskedNode:
    labels: dict[str, str] = {}
    for each in asked.getlist("label"):
        key, equals, value = each.partition("=")
        if not key or not equals:
            raise _Unanswerable(f"label={each} is not label=KEY=VALUE")
        labels[key] = value
    return AskedNode(id=_needed(asked, "node"), namespace=asked.get("namespace", ""), labels=labels)


def _chosen(asked: QueryParams) -> Chosen:
    """Return what says which resources are asked for: by type, by name, or some by both (`only=Cluster/web`)."""
    rows = {_row(each).name for each in asked.getlist("type")}
    names, only = set(asked.getlist("name")), set(asked.getlist("only"))
    return lambda row, name: (
        (not rows or row in rows) and (not names or name in names) and (not only or f"{row}/{name}" in only)
    )


def _row(given: str) -> ResourceType:
    row = named(given)
    if row is None:
        raise _Unanswerable(f"{given!r} is no type; the types are {', '.join(BY_NAME)}")
    return row
