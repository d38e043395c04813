"""The methods of the API, each as a value: what is sent, how the answer is read, whether it may be sent again. No I/O.

Both clients have the same methods because both perform these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from legation.client import messages
from legation.client.errors import ApplyRefused, Violation
from legation.client.values import (
    Acceptance,
    Applied,
    Host,
    Manifest,
    Reference,
    Route,
    ServicePort,
    StoredObject,
    Topic,
)
from legation.management.v1 import management_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

Value = TypeVar("Value")
SERVICE = "/legation.management.v1.Management/"
_BESIDE = 10.0
"""Seconds that a call may take longer than what it waits for at the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Value]):
    """One call of a method with one answer."""

    method: str
    request: Message
    answer: type[Message]
    read: Callable[[Any], Value]
    repeatable: bool = False
    """Whether it may be sent again when nobody knows whether it was done: it changes nothing."""
    waits: float = 0.0
    """How long the server may wait before it answers, in seconds."""

    def timeout(self, given: float) -> float:
        """Return how long to wait for the answer."""
        return self.waits + _BESIDE if self.waits else given


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of objects."""

    objects: tuple[StoredObject, ...]
    next_token: str
    resume_token: str


def apply(
    manifests: Iterable[Manifest], *, field_manager: str, force: bool, dry_run: bool, return_objects: bool
) -> Call[tuple[Applied, ...]]:
    """Return the call of Apply.

    Raises:
        ApplyRefused: Something is no JSON.
    """
    request = pb.ApplyRequest(
        items=[_item(index, each) for index, each in enumerate(manifests)],
        field_manager=field_manager,
        force=force,
        dry_run=dry_run,
        return_objects=return_objects,
    )
    return Call(
        method="Apply", request=request, answer=pb.ApplyResponse, read=messages.read_applied, repeatable=dry_run
    )


def _item(index: int, manifest: Manifest) -> pb.Item:
    try:
        return messages.item(manifest)
    except (TypeError, ValueError) as error:
        violation = Violation(path="", message=f"it is no JSON: {error}", item=index)
        raise ApplyRefused("the objects cannot be sent", code="INVALID_ARGUMENT", violations=(violation,)) from error


def delete(objects: Iterable[Reference], *, dry_run: bool, missing_ok: bool) -> Call[tuple[Reference, ...]]:
    """Return the call of Delete."""
    found = [messages.reference(each) for each in objects]
    request = pb.DeleteRequest(objects=found, dry_run=dry_run, missing_ok=missing_ok)
    return Call(
        method="Delete", request=request, answer=pb.DeleteResponse, read=messages.read_deleted, repeatable=dry_run
    )


def get(kind: str, name: str, *, namespace: str, group: str, managed_fields: bool, secrets: bool) -> Call[StoredObject]:
    """Return the call of Get."""
    request = pb.GetRequest(
        group=group,
        kind=kind,
        namespace=namespace,
        name=name,
        form=pb.FORM_TEXT,
        managed_fields=managed_fields,
        secrets=secrets,
    )
    return Call(method="Get", request=request, answer=pb.StoredObject, read=messages.read_stored, repeatable=True)


def list_page(
    kind: str,
    *,
    namespace: str,
    group: str,
    label_selector: str,
    page_size: int,
    token: str,
    managed_fields: bool,
    secrets: bool,
) -> Call[Page]:
    """Return the call of List for one page."""
    request = pb.ListRequest(
        group=group,
        kind=kind,
        namespace=namespace,
        label_selector=label_selector,
        page_size=page_size,
        page_token=token,
        form=pb.FORM_TEXT,
        managed_fields=managed_fields,
        secrets=secrets,
    )
    return Call(method="List", request=request, answer=pb.ListResponse, read=_read_page, repeatable=True)


def _read_page(message: pb.ListResponse) -> Page:
    return Page(
        objects=tuple(map(messages.read_stored, message.objects)),
        next_token=message.next_page_token,
        resume_token=message.resume_token,
    )


def wait_accepted(
    objects: Iterable[Reference],
    *,
    node_ids: Sequence[str],
    namespace: str,
    labels: Mapping[str, str],
    at_least: int,
    timeout: float,
) -> Call[Acceptance]:
    """Return the call of WaitAccepted."""
    request = pb.WaitAcceptedRequest(
        objects=[messages.reference(each) for each in objects],
        node_ids=node_ids,
        namespace=namespace,
        labels=labels,
        at_least=at_least,
    )
    request.timeout.FromMilliseconds(max(1, round(timeout * 1000)))
    return Call(
        method="WaitAccepted",
        request=request,
        answer=pb.WaitAcceptedResponse,
        read=partial(messages.read_acceptance, at_least=at_least),
        repeatable=True,
        waits=timeout,
    )


def add_upstream(
    name: str,
    *,
    namespace: str,
    hosts: Iterable[Host],
    service: ServicePort | None,
    weight: int,
    base_weight: int | None,
    routes: Iterable[Route],
    cluster: Mapping[str, Any] | None,
    workload_labels: Mapping[str, str],
    field_manager: str,
    force: bool,
    dry_run: bool,
) -> Call[Applied]:
    """Return the call of AddUpstream."""
    request = pb.AddUpstreamRequest(
        name=name,
        namespace=namespace,
        hosts=[messages.host(each) for each in hosts],
        service=None if service is None else messages.service(service),
        weight=weight,
        base_weight=base_weight,
        routes=[messages.route(each) for each in routes],
        workload_labels=workload_labels,
        field_manager=field_manager,
        force=force,
        dry_run=dry_run,
    )
    if cluster is not None:
        messages.struct_into(request.cluster, cluster)
    return Call(method="AddUpstream", request=request, answer=pb.ApplyResponse, read=_only, repeatable=dry_run)


def _only(message: pb.ApplyResponse) -> Applied:
    (applied,) = messages.read_applied(message)
    return applied


def remove_upstream(name: str, *, namespace: str, missing_ok: bool, dry_run: bool) -> Call[tuple[Reference, ...]]:
    """Return the call of RemoveUpstream."""
    request = pb.RemoveUpstreamRequest(name=name, namespace=namespace, missing_ok=missing_ok, dry_run=dry_run)
    return Call(
        method="RemoveUpstream",
        request=request,
        answer=pb.DeleteResponse,
        read=messages.read_deleted,
        repeatable=dry_run,
    )


def watch(
    *,
    topics: Iterable[Topic],
    kind: str,
    name: str,
    namespace: str,
    group: str,
    resume_token: str,
    secrets: bool,
) -> pb.WatchRequest:
    """Return what a watch asks for."""
    return pb.WatchRequest(
        topics=messages.topics(topics),
        group=group,
        kind=kind,
        namespace=namespace,
        name=name,
        resume_token=resume_token,
        form=pb.FORM_TEXT,
        secrets=secrets,
    )
