"""The client that blocks. It moves bytes and waits: what they mean is said in `calls`, `statuses` and `watching`."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc

from legation.client import calls, targets
from legation.client.calls import Call
from legation.client.credentials import Credentials, blocking_channels
from legation.client.errors import ClientError
from legation.client.repeating import Attempts
from legation.client.statuses import closed, error_in
from legation.client.values import (
    Acceptance,
    Applied,
    Event,
    Host,
    Manifest,
    Reference,
    Route,
    ServicePort,
    StoredObject,
    Topic,
)
from legation.client.watching import Watching, ended_by_server
from legation.management.v1 import management_pb2 as pb

Value = TypeVar("Value")


class Client:
    """The management API at one target. Threads may share it; it connects at its first call."""

    def __init__(
        self,
        target: str | None = None,
        *,
        credentials: Credentials | None = None,
        timeout: float = 30.0,
        field_manager: str = "legation",
        attempts: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Say where the API is.

        Args:
            target: `host:port` or `unix:/path`; None for what the variable `LEGATION_SERVER` says, or localhost:18005.
            credentials: What is shown and whom it trusts; None for what the environment says (`Credentials.of`).
            timeout: Within how many seconds an answer has to come.
            field_manager: Who owns the fields that are applied.
            attempts: How often a call is sent at most. Only what certainly was not done, or changes nothing, is sent
                again.
            sleep: Waits so many seconds.

        Raises:
            SettingsError: The target is written another way, or the credentials cannot be used.
        """
        self.target = targets.target(target, environ=os.environ)
        self._timeout = timeout
        self._manager = field_manager
        self._attempts = Attempts(most=attempts)
        self._sleep = sleep
        self._closed = threading.Event()
        self._channels = blocking_channels(self.target, credentials or Credentials.of(os.environ))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; watches end, and calls fail."""
        self._closed.set()
        for each in self._channels.taken():
            each.close()

    def apply(
        self,
        *manifests: Manifest,
        field_manager: str = "",
        force: bool = False,
        dry_run: bool = False,
        return_objects: bool = False,
    ) -> tuple[Applied, ...]:
        """Store objects, all of them or none.

        Args:
            manifests: Each the whole of what this manager wants to own of an object.
            field_manager: Who owns the fields; empty for the client's.
            force: Take over fields that others own with another value.
            dry_run: Say what would become of it and store nothing.
            return_objects: Return the objects as they are stored.

        Raises:
            ApplyRefused: Something is wrong with them.
            FieldConflict: Other managers own fields that would change.
            legation.client.errors.VersionConflict: An object is not the version that was asked for.
            ClientError: Anything else.
        """
        return self._run(
            calls.apply(
                manifests,
                field_manager=field_manager or self._manager,
                force=force,
                dry_run=dry_run,
                return_objects=return_objects,
            )
        )

    def delete(self, *objects: Reference, dry_run: bool = False, missing_ok: bool = False) -> tuple[Reference, ...]:
        """Delete objects, all of them or none, and return those that were there.

        Raises:
            NotFound: One does not exist.
            legation.client.errors.VersionConflict: One has not the `resource_version` that its reference says.
            ClientError: Anything else.
        """
        return self._run(calls.delete(objects, dry_run=dry_run, missing_ok=missing_ok))

    def get(
        self,
        kind: str,
        name: str,
        *,
        namespace: str = "default",
        group: str = "",
        managed_fields: bool = False,
        secrets: bool = False,
    ) -> StoredObject:
        """Return one object.

        Args:
            kind: Such as `Cluster`.
            name: Its name.
            namespace: Its namespace.
            group: Its API group; empty for the one group that has this kind.
            managed_fields: Include who owns which field.
            secrets: Show secrets as they are; only over the Unix socket.

        Raises:
            NotFound: It does not exist.
            ClientError: Anything else.
        """
        return self._run(
            calls.get(kind, name, namespace=namespace, group=group, managed_fields=managed_fields, secrets=secrets)
        )

    def list(
        self,
        kind: str = "",
        *,
        namespace: str = "",
        group: str = "",
        label_selector: str = "",
        page_size: int = 0,
        managed_fields: bool = False,
        secrets: bool = False,
    ) -> Iterator[StoredObject]:
        """Yield objects in the order of their keys; pages are asked for as they are needed.

        Args:
            kind: Empty for any.
            namespace: Empty for all.
            group: Empty for any.
            label_selector: As kubectl has it: `team=edge,tier!=test`.
            page_size: How many are asked for at a time; 0 for as many as the server likes.
            managed_fields: Include who owns which field.
            secrets: Show secrets as they are; only over the Unix socket.

        Raises:
            ClientError: A page cannot be had.
        """
        token = ""
        while True:
            page = self._run(
                calls.list_page(
                    kind,
                    namespace=namespace,
                    group=group,
                    label_selector=label_selector,
                    page_size=page_size,
                    token=token,
                    managed_fields=managed_fields,
                    secrets=secrets,
                )
            )
            yield from page.objects
            token = page.next_token
            if not token:
                return

    def watch(
        self,
        *topics: Topic | str,
        kind: str = "",
        name: str = "",
        namespace: str = "",
        group: str = "",
        resume_token: str = "",
        secrets: bool = False,
        lost: Callable[[ClientError], None] | None = None,
    ) -> Generator[Event, None, None]:
        """Yield what there is and what changes, on and on; a lost connection is made anew and nothing is missed.

        Args:
            topics: What to tell of; none for all.
            kind: Empty for any, like the three that follow.
            name: Of objects.
            namespace: Of objects.
            group: Of objects.
            resume_token: Go on after this event; empty: begin with what there is now.
            secrets: Show secrets as they are; only over the Unix socket.
            lost: Is told each time that the connection was lost.

        Raises:
            legation.client.errors.Compacted: What came after the token is not remembered any more: list anew, and
                watch from there.
            ClientError: It is refused, or nobody is there at the begin.
        """
        watching = Watching(
            calls.watch(
                topics=map(Topic, topics),
                kind=kind,
                name=name,
                namespace=namespace,
                group=group,
                resume_token=resume_token,
                secrets=secrets,
            )
        )
        while not self._closed.is_set():
            method = self._channels.current().unary_stream(
                calls.SERVICE + "Watch",
                request_serializer=pb.WatchRequest.SerializeToString,
                response_deserializer=pb.WatchEvent.FromString,
            )
            stream = method(watching.request, metadata=self._channels.metadata())
            try:
                for message in stream:
                    yield from watching.heard(message)
                    watching.told(message)
                error = ended_by_server(self.target)
            except grpc.RpcError as failure:
                error = error_in(failure, target=self.target, repeatable=True)
            finally:
                stream.cancel()
            if self._closed.is_set():
                return
            pause = watching.ended(error, chance=random.random())  # noqa: S311 - a pause is no secret
            if lost is not None:
                lost(error)
            self._sleep(pause)

    def wait_accepted(
        self,
        *objects: Reference,
        node_ids: Sequence[str] = (),
        namespace: str = "",
        labels: Mapping[str, str] | None = None,
        at_least: int = 0,
        timeout: float = 30.0,
    ) -> Acceptance:
        """Return when every Envoy that matches has accepted or refused what the objects make, or the time is over.

        Args:
            objects: None for everything. A `resource_version` is waited for, or a later one.
            node_ids: Only these Envoys; none for any.
            namespace: Only Envoys of this namespace; empty for any.
            labels: Only Envoys with these labels.
            at_least: Wait for so many; else nobody is waited for when none is connected.
            timeout: How long to wait, in seconds.

        Raises:
            ClientError: It cannot be asked.
        """
        return self._run(
            calls.wait_accepted(
                objects,
                node_ids=node_ids,
                namespace=namespace,
                labels=labels or {},
                at_least=at_least,
                timeout=timeout,
            )
        )

    def add_upstream(
        self,
        name: str,
        *,
        hosts: Iterable[Host] = (),
        service: ServicePort | None = None,
        weight: int = 0,
        base_weight: int | None = None,
        routes: Iterable[Route] = (),
        cluster: Mapping[str, Any] | None = None,
        namespace: str = "default",
        workload_labels: Mapping[str, str] | None = None,
        field_manager: str = "",
        force: bool = False,
        dry_run: bool = False,
    ) -> Applied:
        """Store an `Upstream` object: a cluster with its hosts, and its share in routes.

        Args:
            name: Of the cluster and of the object.
            hosts: Where it is.
            service: A Service of the cluster in place of hosts.
            weight: How much of the traffic of the routes it gets, beside what they send to others.
            base_weight: What a cluster counts that a route names alone; None for 100, 0 sends all to upstreams.
            routes: The routes it takes a share in.
            cluster: Any fields of Envoy's Cluster.
            namespace: Of the object.
            workload_labels: Labels of the Envoys that get it; none for all of the namespace.
            field_manager: Who owns the fields; empty for the client's.
            force: Take over fields that others own with another value.
            dry_run: Say what would become of it and store nothing.

        Raises:
            ApplyRefused: Something is wrong with it.
            FieldConflict: Other managers own fields that would change.
            ClientError: Anything else.
        """
        return self._run(
            calls.add_upstream(
                name,
                namespace=namespace,
                hosts=hosts,
                service=service,
                weight=weight,
                base_weight=base_weight,
                routes=routes,
                cluster=cluster,
                workload_labels=workload_labels or {},
                field_manager=field_manager or self._manager,
                force=force,
                dry_run=dry_run,
            )
        )

    def remove_upstream(
        self, name: str, *, namespace: str = "default", missing_ok: bool = False, dry_run: bool = False
    ) -> tuple[Reference, ...]:
        """Delete an `Upstream` object: routes lose it first, then its cluster goes.

        Raises:
            NotFound: It does not exist.
            ClientError: Anything else.
        """
        return self._run(calls.remove_upstream(name, namespace=namespace, missing_ok=missing_ok, dry_run=dry_run))

    def _run(self, call: Call[Value]) -> Value:
        timeout = call.timeout(self._timeout)
        tried = 0
        while True:
            if self._closed.is_set():
                raise closed()
            method = self._channels.current().unary_unary(
                calls.SERVICE + call.method,
                request_serializer=type(call.request).SerializeToString,
                response_deserializer=call.answer.FromString,
            )
            try:
                answer = method(call.request, timeout=timeout, metadata=self._channels.metadata())
            except grpc.RpcError as failure:
                tried += 1
                error = error_in(failure, target=self.target, timeout=timeout, repeatable=call.repeatable)
                pause = self._attempts.pause(error, tried=tried, chance=random.random())  # noqa: S311 - no secret
                if pause is None:
                    raise error from None
                self._sleep(pause)
            else:
                return call.read(answer)
