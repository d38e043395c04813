"""A google.rpc.Status as gRPC carries it: in headers, which have little room. Pure.

What does not fit is left out from the end, and it is said that something is; a client that got headers beyond its limit
would be told of the headers alone.

Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, and the 8 KiB of metadata that gRPC takes.
"""

from __future__ import annotations

import itertools
from urllib.parse import quote

from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

DETAILS = "grpc-status-details-bin"
ROOM = 5000
"""Bytes of a status. Its message stands in the headers twice."""
_PLAIN = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
"""Letters that stand for themselves in the header of the message."""
_WRAPPING = 100
"""Bytes around a detail: its type, and lengths."""
_WORDS = 1000
"""Bytes of the message in a header, where a letter beyond ASCII takes up to twelve."""


def fitting(status: Status) -> Status:
    """Return a status that fits: the same one, or one that says less."""
    if status.ByteSize() <= ROOM and _fits(status.message):
        return status
    cut = Status(code=status.code, message=_cut(status.message))
    for each in status.details:
        room = ROOM - cut.ByteSize() - _WRAPPING
        detail = cut.details.add()
        detail.CopyFrom(each)
        _shorten(detail, room)
        if cut.ByteSize() > ROOM:
            del cut.details[-1]
    return cut


def _cut(message: str) -> str:
    if _fits(message):
        return message
    room = _WORDS - len(" ...")
    taken = itertools.accumulate(map(_in_header, message[:room]))
    return message[: sum(1 for _ in itertools.takewhile(room.__ge__, taken))] + " ..."


def _fits(message: str) -> bool:
    # Very long ones are not encoded for that.
    return len(message) <= _WORDS and _in_header(message) <= _WORDS


def _in_header(text: str) -> int:
    """Return how many bytes a text takes in a header: what is not plain ASCII is percent-encoded there."""
    return len(quote(text, safe=_PLAIN))


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
