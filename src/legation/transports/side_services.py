"""Health and reflection, as calls that have to bring their question in time like any other.

gRPC's own way to serve a call with one request waits for that request for ever. On the wire it is the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from legation.model.node import Peer
from legation.transports.base import Feed, Refusal
from legation.transports.health import DrainingHealth
from legation.transports.reception import Reception
from legation.transports.reflection import LazyReflection

if TYPE_CHECKING:
    from legation.transports.grpc_call import Context
    from legation.transports.reception import Handler, Read

    PeerOf: TypeAlias = Callable[[Context], Awaitable[Peer]]


def health_methods(health: DrainingHealth, reception: Reception) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
    """Return the methods of `grpc.health.v1.Health`."""
    check, answer = health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse
    # `List` the servicer does not have, and would say so in the log.
    return {
        "Check": _method(reception.answered(health.Check), check, answer),
        "Watch": _method(reception.told(health.Watch), check, answer),
    }


def reflection_methods(
    reflection: LazyReflection, reception: Reception, *, feed: Feed | None = None, peer_of: PeerOf | None = None
) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
    """Return the method of `grpc.reflection.v1alpha.ServerReflection`.

    Args:
        reflection: What answers.
        reception: Where calls come in.
        feed: Says whether who asks has to prove something; None: the reflection itself does.
        peer_of: Finds out who asks.
    """

    async def talk(context: Context, read: Read) -> None:
        # Its first request is read first: while it is looked at who asks, it is not the one who is slow.
        first = await read()
        try:
            if feed is not None and peer_of is not None:
                feed.require_proof(await peer_of(context))
        except Refusal as refusal:
            await context.abort(grpc.StatusCode[refusal.status], str(refusal))

        async def questions() -> AsyncIterator[Any]:
            question = first
            while question is not None:
                yield question
                question = await read()

        async for answer in reflection.ServerReflectionInfo(questions(), context):
            await context.write(answer)

    question, answer = reflection_pb2.ServerReflectionRequest, reflection_pb2.ServerReflectionResponse
    return {"ServerReflectionInfo": _method(reception.talking(talk), question, answer)}


def _method(handler: Handler, question: Any, answer: Any) -> grpc.RpcMethodHandler[Any, Any]:
    return grpc.stream_stream_rpc_method_handler(
        handler,
        request_deserializer=question.FromString,
        response_serializer=answer.SerializeToString,
    )
