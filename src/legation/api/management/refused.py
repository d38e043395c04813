"""Refused: why a call of the management API is not done, as a google.rpc.Status that gRPC and HTTP both tell.

It knows the one form of an error. It refuses to know why there is one, and how it gets to the client.

Source: https://google.aip.dev/193
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import code_pb2, error_details_pb2, status_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message

Each = TypeVar("Each")

MOST_TOLD = 100
"""Things that are wrong that are told of a request."""
DOMAIN = "legation.dev"
"""Of the stable reasons in `ErrorInfo`."""


def first(many: Iterable[Each]) -> tuple[list[Each], str]:
    """Return the first of what may be too much to be told, and how many more there are, in words; empty for none."""
    rest = iter(many)
    told = list(itertools.islice(rest, MOST_TOLD))
    more = sum(1 for _ in rest)
    return told, f"and {more:,} more that are not told" if more else ""


class Refused(Exception):
    """A call is refused."""

    def __init__(self, status: status_pb2.Status) -> None:
        super().__init__(status.message)
        self.status = status
        """Its code, its words, and details as messages of google.rpc."""

    @property
    def reason(self) -> str:
        """The stable word for programs; empty where there is none."""
        info = error_details_pb2.ErrorInfo()
        return next((info.reason for each in self.status.details if each.Unpack(info)), "")

    @classmethod
    def of(cls, code: int, message: str, *, reason: str = "", details: Iterable[Message] = ()) -> Refused:
        """Return it for a code.

        Args:
            code: One of `google.rpc.Code`.
            message: One sentence for a person.
            reason: A stable word for programs, in capitals: `UNKNOWN_FIELD`.
            details: More, in the order of their weight.
        """
        every = [*([error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN)] if reason else []), *details]
        packed = []
        for each in every:
            packed.append(AnyMessage())
            packed[-1].Pack(each)
        return cls(status_pb2.Status(code=code, message=message, details=packed))

    @classmethod
    def bad_request(
        cls, faults: Iterable[tuple[str, str] | tuple[str, str, str]], *, reason: str = "BAD_REQUEST"
    ) -> Refused:
        """Return it for fields that are wrong: each with its path, one sentence about it, and perhaps a stable word.

        Of very many the first are told, and how many more there are.
        """
        violation = error_details_pb2.BadRequest.FieldViolation
        told, more = first(faults)
        every = [
            violation(field=path, description=words, reason="".join(word).upper().replace("-", "_"))
            for path, words, *word in told
        ]
        if more:
            every.append(violation(description=more))
        found = error_details_pb2.BadRequest(field_violations=every)
        message = "; ".join(f"{each.field}: {each.description}" if each.field else each.description for each in every)
        return cls.of(code_pb2.INVALID_ARGUMENT, message, reason=reason, details=[found])
