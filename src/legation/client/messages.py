"""Values of `legation.client` -> messages of the API, and back. No I/O.

Manifests travel as JSON text: a Struct holds whole numbers as floating point, and loses the large ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from legation.client.values import (
    Acceptance,
    Applied,
    Delivery,
    Event,
    Host,
    Manifest,
    ObjectChange,
    Outcome,
    Problem,
    ProblemChange,
    RawResource,
    Reference,
    Refusal,
    Route,
    ServicePort,
    StoredObject,
    Synced,
    Topic,
)
from legation.management.v1 import management_pb2 as pb

_TOPICS = {
    Topic.OBJECTS: pb.WatchRequest.OBJECTS,
    Topic.PROBLEMS: pb.WatchRequest.PROBLEMS,
    Topic.DELIVERY: pb.WatchRequest.DELIVERY,
}
_OUTCOMES = {
    pb.Applied.CREATED: Outcome.CREATED,
    pb.Applied.CHANGED: Outcome.CHANGED,
    pb.Applied.UNCHANGED: Outcome.UNCHANGED,
}


def item(manifest: Manifest) -> pb.Item:
    """Return what is applied as an item.

    Raises:
        ValueError: It holds what JSON cannot say.
        TypeError: Likewise.
    """
    if isinstance(manifest, str):
        return pb.Item(text=manifest)
    if not isinstance(manifest, RawResource):
        return pb.Item(text=_json(manifest))
    made = pb.Item()
    resource = made.resource
    if manifest.type_url:
        resource.message.type_url = manifest.type_url
        resource.message.value = manifest.value
    else:
        resource.json.update(_plain(manifest.json))
    resource.namespace = manifest.namespace
    resource.object_name = manifest.object_name
    resource.workload_labels.update(manifest.workload_labels)
    return made


def _json(value: Any) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """Return the value with plain dicts and lists in it: a manifest may be any mapping."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def reference(found: Reference) -> pb.ObjectReference:
    """Return the message of a reference."""
    return pb.ObjectReference(
        group=found.group,
        kind=found.kind,
        namespace=found.namespace,
        name=found.name,
        resource_version=found.resource_version,
    )


def host(found: Host) -> pb.Host:
    """Return the message of a host."""
    return pb.Host(address=found.address, port=found.port, weight=found.weight)


def service(found: ServicePort) -> pb.ServicePort:
    """Return the message of a port of a Service."""
    return pb.ServicePort(name=found.name, port=str(found.port), namespace=found.namespace)


def route(found: Route) -> pb.RouteReference:
    """Return the message of a route."""
    return pb.RouteReference(
        configuration=found.configuration,
        virtual_host=found.virtual_host,
        route=found.route,
        cluster=found.cluster,
    )


def topics(found: Iterable[Topic]) -> list[pb.WatchRequest.Topic]:
    """Return the topics of a watch."""
    return [_TOPICS[Topic(each)] for each in found]


def struct_into(message: Any, value: Mapping[str, Any]) -> None:
    """Put a mapping into a Struct."""
    message.update(_plain(value))


# --------------------------------------------------------------------------------------------------- messages -> values


def read_reference(message: pb.ObjectReference) -> Reference:
    """Return the value of a reference."""
    return Reference(
        message.kind,
        message.name,
        namespace=message.namespace or "default",
        group=message.group,
        resource_version=message.resource_version,
    )


def read_problem(message: pb.Problem) -> Problem:
    """Return the value of a problem."""
    return Problem(
        code=message.code,
        message=message.message,
        level=message.level or "error",
        object=read_reference(message.object) if message.HasField("object") else None,
        path=message.path,
        mend=message.mend,
        place=message.place,
    )


def read_stored(message: pb.StoredObject) -> StoredObject:
    """Return the value of a stored object."""
    return StoredObject(
        object=read_reference(message.object),
        manifest=json.loads(message.text) if message.text else _of_struct(message.manifest),
        problems=tuple(map(read_problem, message.problems)),
    )


def _of_struct(message: Any) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - manifests come as text, if the server can

    return dict(MessageToDict(message))


def read_applied(message: pb.ApplyResponse) -> tuple[Applied, ...]:
    """Return what became of each object."""
    return tuple(
        Applied(
            object=read_reference(each.object),
            outcome=_OUTCOMES.get(each.outcome, Outcome.CHANGED),
            warnings=tuple(map(read_problem, each.warnings)),
            stored=read_stored(each.stored) if each.HasField("stored") else None,
        )
        for each in message.applied
    )


def read_deleted(message: pb.DeleteResponse) -> tuple[Reference, ...]:
    """Return what was deleted."""
    return tuple(map(read_reference, message.deleted))


def read_refusal(message: pb.Refusal) -> Refusal:
    """Return the value of a refusal."""
    return Refusal(node=message.node, type=message.type, name=message.name, words=message.words)


def read_acceptance(message: pb.WaitAcceptedResponse, *, at_least: int) -> Acceptance:
    """Return who has accepted it, where so many at least were waited for."""
    return Acceptance(
        accepted=message.accepted and len(message.accepted_by) >= at_least,
        accepted_by=tuple(message.accepted_by),
        refusals=tuple(map(read_refusal, message.refusals)),
        waiting=tuple(message.waiting),
        problems=tuple(map(read_problem, message.problems)),
    )


def read_event(message: pb.WatchEvent) -> Event | None:
    """Return the value of an event; None for one that this client does not know."""
    token = message.resume_token
    match message.WhichOneof("event"):
        case "object":
            stored = read_stored(message.object.stored)
            deleted = message.object.change == pb.ObjectChange.DELETED
            return ObjectChange(stored=stored, deleted=deleted, resume_token=token)
        case "problem":
            problem = read_problem(message.problem.problem)
            return ProblemChange(problem=problem, is_there=message.problem.is_there, resume_token=token)
        case "delivery":
            said = message.delivery
            return Delivery(
                object=read_reference(said.object),
                envoys=said.envoys,
                accepted=said.accepted,
                refused=said.refused,
                refusals=tuple(map(read_refusal, said.refusals)),
                waiting=tuple(said.waiting),
                resume_token=token,
            )
        case "synced":
            return Synced(resume_token=token)
        case _:
            return None
