"""A management API that says what a test wants it to say: a real gRPC server on loopback, with nothing behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2

from legation.management.v1 import management_pb2 as pb

_METHODS: dict[str, tuple[Any, Any]] = {
    "Apply": (pb.ApplyRequest, pb.ApplyResponse),
    "Delete": (pb.DeleteRequest, pb.DeleteResponse),
    "Get": (pb.GetRequest, pb.StoredObject),
    "List": (pb.ListRequest, pb.ListResponse),
    "WaitAccepted": (pb.WaitAcceptedRequest, pb.WaitAcceptedResponse),
    "AddUpstream": (pb.AddUpstreamRequest, pb.ApplyResponse),
    "RemoveUpstream": (pb.RemoveUpstreamRequest, pb.DeleteResponse),
}


class Failure(Exception):
    """How a call ends that does not succeed."""

    def __init__(self, code: str, words: str, *details: Any, reason: str = "") -> None:
        super().__init__(words)
        self.code = grpc.StatusCode[code]
        self.words = words
        info = [error_details_pb2.ErrorInfo(reason=reason, domain="legation.dev")] if reason else []
        self.status = status_pb2.Status(code=self.code.value[0], message=words)
        for each in (*info, *details):
            packed = AnyMessage()
            packed.Pack(each)
            self.status.details.append(packed)

    def end(self, context: grpc.ServicerContext) -> None:
        context.set_trailing_metadata((("grpc-status-details-bin", self.status.SerializeToString()),))
        context.abort(self.code, self.words)


class FakeApi:
    """What is answered, by method: each answer once, the last one on and on."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Any]] = []
        self.timeouts: list[float] = []
        self._answers: dict[str, list[Any]] = {}
        self.target = ""

    def answers(self, method: str, *answers: Any) -> None:
        """Say what is answered: a message, a `Failure`, or a function of the request; for Watch a list of such.

        An event in such a list is waited for.
        """
        self._answers[method] = list(answers)

    def asked(self, method: str) -> list[Any]:
        return [request for name, request in self.requests if name == method]

    def _next(self, method: str, request: Any) -> Any:
        self.requests.append((method, request))
        known = self._answers.get(method) or [Failure("UNIMPLEMENTED", f"{method} is not known")]
        answer = known.pop(0) if len(known) > 1 else known[0]
        return answer(request) if callable(answer) else answer

    def unary(self, method: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            self.timeouts.append(context.time_remaining() or 0.0)
            found = self._next(method, request)
            if isinstance(found, Failure):
                found.end(context)
            return found

        return answer

    def watch(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        for each in self._next("Watch", request):
            if isinstance(each, threading.Event):
                each.wait()
                continue
            if isinstance(each, Failure):
                each.end(context)
            yield each


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, api: FakeApi) -> None:
        self._api = api

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        service, _, method = str(details.method).removeprefix("/").rpartition("/")
        if service != "legation.management.v1.Management":
            return None
        if method == "Watch":
            return grpc.unary_stream_rpc_method_handler(
                self._api.watch, pb.WatchRequest.FromString, pb.WatchEvent.SerializeToString
            )
        request, answer = _METHODS[method]
        return grpc.unary_unary_rpc_method_handler(
            self._api.unary(method), request.FromString, answer.SerializeToString
        )


@contextmanager
def serving(api: FakeApi, *, socket: Path | None = None, port: int = 0) -> Iterator[FakeApi]:
    """Serve it on a port of its own, or a socket."""
    with ThreadPoolExecutor(4) as threads:
        server = grpc.server(threads, handlers=[_Handlers(api)], options=[("grpc.so_reuseport", 0)])
        if socket is None:
            api.target = f"localhost:{server.add_insecure_port(f'127.0.0.1:{port}')}"
        else:
            api.target = f"unix:{socket}"
            server.add_insecure_port(api.target)
        server.start()
        try:
            yield api
        finally:
            server.stop(grace=None).wait()


def reference(name: str, kind: str = "Cluster", **more: str) -> pb.ObjectReference:
    return pb.ObjectReference(**{"group": "bootes.io", "kind": kind, "namespace": "default", "name": name} | more)


def applied(name: str, outcome: Any = pb.Applied.CREATED, **more: str) -> pb.Applied:
    return pb.Applied(object=reference(name, **more), outcome=outcome)


def stored(name: str, text: str = "{}", **more: str) -> pb.StoredObject:
    return pb.StoredObject(object=reference(name, **more), text=text)


def violations(*found: tuple[str, str]) -> Any:
    made = error_details_pb2.BadRequest()
    for field, words in found:
        made.field_violations.add(field=field, description=words, reason="UNKNOWN_FIELD")
    return made


def preconditions(kind: str, found: Iterable[tuple[str, str]]) -> Any:
    made = error_details_pb2.PreconditionFailure()
    for subject, words in found:
        made.violations.add(type=kind, subject=subject, description=words)
    return made
