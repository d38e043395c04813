"""A google.rpc.Status as gRPC carries it: in headers, which have little room. Pure.

What does not fit is left out from the end, and it is said that something is; a client that got headers beyond its limit
would be told of the headers alone.

Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, and the 8 KiB of metadata that gRPC takes.
"""

from __future__ import annotations

from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

DETAILS = "grpc-status-details-bin"
ROOM = 5000
"""Bytes of a status. Its message stands in the headers twice."""
_WRAPPING = 100
"""Bytes around a detail: its type, and lengths."""
_WORDS = 1000
"""Characters of the message."""


def fitting(status: Status) -> Status:
    """Return a status that fits: the same one, or one that says less."""
    if status.ByteSize() <= ROOM and len(status.message) <= _WORDS:
        return status
    cut = Status(code=status.code, message=status.message)
    if len(cut.message) > _WORDS:
        cut.message = cut.message[: _WORDS - 4] + " ..."
    for each in status.details:
        room = ROOM - cut.ByteSize() - _WRAPPING
        detail = cut.details.add()
        detail.CopyFrom(each)
        _shorten(detail, room)
        if cut.ByteSize() > ROOM:
            del cut.details[-1]
    return cut


def _shorten(detail: object, room: int) -> None:
    for message, field in (
        (error_details_pb2.BadRequest(), "field_violations"),
        (error_details_pb2.PreconditionFailure(), "violations"),
    ):
        if detail.Unpack(message):  # type: ignore[attr-defined]  # an Any, whose stubs are not typed
            violations = getattr(message, field)
            while violations and message.ByteSize() > room:
                del violations[-1]
            detail.Pack(message)  # type: ignore[attr-defined]  # likewise
