"""A google.rpc.Status as an answer of HTTP, and messages as JSON.

Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto names the HTTP status of each code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from google.rpc import code_pb2, error_details_pb2, status_pb2
from starlette.responses import Response

if TYPE_CHECKING:
    from google.protobuf.message import Message

HTTP_OF_CODE: Mapping[int, int] = MappingProxyType(
    {
        code_pb2.OK: 200,
        code_pb2.CANCELLED: 499,
        code_pb2.UNKNOWN: 500,
        code_pb2.INVALID_ARGUMENT: 400,
        code_pb2.DEADLINE_EXCEEDED: 504,
        code_pb2.NOT_FOUND: 404,
        code_pb2.ALREADY_EXISTS: 409,
        code_pb2.PERMISSION_DENIED: 403,
        code_pb2.UNAUTHENTICATED: 401,
        code_pb2.RESOURCE_EXHAUSTED: 429,
        code_pb2.FAILED_PRECONDITION: 400,
        code_pb2.ABORTED: 409,
        code_pb2.OUT_OF_RANGE: 400,
        code_pb2.UNIMPLEMENTED: 501,
        code_pb2.INTERNAL: 500,
        code_pb2.UNAVAILABLE: 503,
        code_pb2.DATA_LOSS: 500,
    }
)
_EXACT = 2**53
"""From there on floating numbers do not tell whole numbers apart."""
_HEAD = ("apiVersion", "kind", "metadata", "name", "namespace")


def refusal(status: status_pb2.Status, *, http: int | None = None) -> Response:
    """Return the answer for a call that is refused.

    Args:
        status: Why.
        http: The status of HTTP, where it says more than the code.
    """
    response = answer(status, http=http or HTTP_OF_CODE.get(status.code, HTTPStatus.INTERNAL_SERVER_ERROR))
    if status.code == code_pb2.UNAUTHENTICATED:
        # https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2
        response.headers["WWW-Authenticate"] = "Bearer"
    for each in status.details:
        retry = error_details_pb2.RetryInfo()
        if each.Unpack(retry):
            response.headers["Retry-After"] = str(max(1, retry.retry_delay.seconds))
    return response


def answer(message: Message, *, http: int = HTTPStatus.OK) -> Response:
    """Return a message as the whole answer."""
    return Response(line(message), status_code=http, media_type="application/json")


def line(message: Message) -> bytes:
    """Return a message as JSON in one line, with the end of it."""
    return json_line(_plain(json_format.MessageToDict(message)))


def _plain(value: Any, *, inside: bool = False) -> Any:
    """Return JSON as a person would write it: whole numbers as such, a manifest with its head first.

    A Struct has floating numbers alone, and no order.

    Args:
        value: The JSON.
        inside: Whether it is a part of a manifest.
    """
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    if isinstance(value, list):
        return [_plain(each, inside=inside) for each in value]
    if not isinstance(value, dict):
        return value
    inside = inside or "apiVersion" in value
    names = sorted(value, key=_order) if inside else value
    return {name: _plain(value[name], inside=inside) for name in names}


def _order(name: str) -> tuple[int, str]:
    return (_HEAD.index(name) if name in _HEAD else len(_HEAD), name)


def json_line(value: Any) -> bytes:
    """Return JSON in one line, with the end of it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
