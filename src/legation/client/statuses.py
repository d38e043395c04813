"""A gRPC status with its details -> the exception that a caller catches, in words that say how to mend it. No I/O.

Source of the details: https://google.aip.dev/193
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from legation.client.errors import (
    ApplyRefused,
    ClientError,
    Compacted,
    Conflict,
    FieldConflict,
    KeptElsewhere,
    NotFound,
    PartlyStored,
    Refused,
    TimedOut,
    Unavailable,
    VersionConflict,
    Violation,
)

_DETAILS_KEY = "grpc-status-details-bin"
_ITEM = re.compile(r"(?:items|objects)\[(\d+)\](?:\.(?:object|text|resource)(?=[.\[]|$))?\.?(.*)", re.DOTALL)
_QUOTED = re.compile(r'"([^"]*)"')
_NOBODY = ("failed to connect to all addresses", "connection refused", "no such file or directory")
_TLS: tuple[tuple[str, str], ...] = (
    (
        "certificate_verify_failed",
        "the certificate of {target} is signed by none of those that are trusted: look at `ca`",
    ),
    (
        "hostname verification check failed",
        "the certificate of {target} has another name: look at the target, or say which one with `server_name`",
    ),
    ("wrong_version_number", "{target} has no TLS: leave out `ca` and `cert`, or use another port"),
    (
        "socket closed",
        "{target} closes the connection: it wants TLS, or another certificate than this: look at `ca` and `cert`",
    ),
)
"""Why a connection did not come about, by what gRPC says of it."""
_NO_HOST = ("dns resolution failed", "errors resolving", "domain name not found")
_ANOTHER = ("http1.x server", "trying to connect an http1", "http status code", "settings frame")
_OURS = "legation.dev"
"""The domain of what the server itself says."""
_NOTHING_DONE = frozenset({"ACCESS_UNKNOWN", "NOT_READY", "SHUTTING_DOWN", "STORE_UNAVAILABLE", "TOKEN_UNKNOWN"})
"""Reasons for which nothing was stored."""
_PARTLY_STORED, _VERSION_CONFLICT = "PARTLY_STORED", "VERSION_CONFLICT"
_PLAIN: dict[str, type[Refused]] = {
    "ABORTED": Refused,
    "ALREADY_EXISTS": Refused,
    "FAILED_PRECONDITION": KeptElsewhere,
    "INVALID_ARGUMENT": ApplyRefused,
    "NOT_FOUND": NotFound,
    "OUT_OF_RANGE": Compacted,
    "PERMISSION_DENIED": Refused,
    "RESOURCE_EXHAUSTED": Refused,
    "UNAUTHENTICATED": Refused,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a call ended."""

    code: str
    """The name, such as `NOT_FOUND`."""
    words: str
    details: bytes = b""
    """The bytes of `grpc-status-details-bin`."""


@dataclass(frozen=True, slots=True)
class _Details:
    reason: str
    domain: str
    fields: tuple[Any, ...]
    preconditions: tuple[Any, ...]


def error_in(failure: Any, *, target: str, timeout: float = 0.0, repeatable: bool = False) -> ClientError:
    """Return the exception for an `RpcError` of gRPC; see `error_of`."""
    metadata = failure.trailing_metadata() or ()
    details = next((bytes(value) for key, value in metadata if key == _DETAILS_KEY), b"")
    status = Status(code=failure.code().name, words=failure.details() or "", details=details)
    return error_of(status, target=target, timeout=timeout, repeatable=repeatable)


def error_of(  # noqa: PLR0911 - a table
    status: Status, *, target: str, timeout: float = 0.0, repeatable: bool = False
) -> ClientError:
    """Return the exception for a status.

    Args:
        status: How the call ended.
        target: Whom it went to.
        timeout: Within how many seconds the answer had to come.
        repeatable: Whether the call changes nothing.
    """
    details, words = _details(status.details), status.words or status.code
    if details.reason == _PARTLY_STORED:
        return PartlyStored(words, code=status.code, reason=details.reason)
    if status.code == "UNAVAILABLE":
        return _unavailable(words, details, target=target, repeatable=repeatable)
    if status.code == "CANCELLED":
        # A server that goes cancels what it has not finished; what was under way may be done all the same.
        return _lost(f"the management API at {target} broke the call off", code=status.code, repeatable=repeatable)
    if status.code == "DEADLINE_EXCEEDED":
        message = f"the management API at {target} did not answer within {timeout:g} s"
        return TimedOut(message, code=status.code, may_be_done=not repeatable)
    if status.code == "UNIMPLEMENTED":
        message = f"{target} does not serve the management API: is it the port of --management-port?"
        return ClientError(message, code=status.code)
    if details.domain != _OURS and _is_another(words):
        return ClientError(_no_grpc(target), code=status.code)
    return _refusal(status.code, words, details)


def closed() -> ClientError:
    """Return the exception for a call of a client that was closed."""
    return ClientError("the client is closed: make another one", code="CANCELLED")


def _refusal(code: str, words: str, details: _Details) -> ClientError:
    """Return what the server said of its own accord."""
    reason = details.reason
    if code == "ABORTED" and details.preconditions and reason != _VERSION_CONFLICT:
        # One without a type says how many more there are.
        conflicts = tuple(_conflict(each) for each in details.preconditions if each.type)
        return FieldConflict(words, code=code, reason=reason, conflicts=conflicts)
    kind = VersionConflict if reason == _VERSION_CONFLICT else _PLAIN.get(code)
    if kind is None:
        return ClientError(words, code=code, reason=reason)
    violations = (*map(_violation, details.fields), *map(_precondition, details.preconditions))
    return kind(words, code=code, reason=reason, violations=violations)


def _unavailable(words: str, details: _Details, *, target: str, repeatable: bool) -> ClientError:
    if details.reason in _NOTHING_DONE:
        return Unavailable(words, reason=details.reason)
    if details.domain == _OURS:
        return Unavailable(words, reason=details.reason, may_be_done=not repeatable)
    lower = words.lower()
    if _is_another(lower):
        return ClientError(_no_grpc(target), code="UNAVAILABLE")
    if any(each in lower for each in _NO_HOST):
        return Unavailable(f"{target} cannot be found: check the name of the host", was_reached=False)
    if any(each in lower for each in _NOBODY):
        return Unavailable(_not_reached(lower, target), was_reached=False)
    message = f"the connection to the management API at {target} was lost"
    return _lost(message, code="UNAVAILABLE", repeatable=repeatable)


def _not_reached(words: str, target: str) -> str:
    """Return why a connection did not come about."""
    flag = "--management-socket" if target.startswith("unix:") else "--management-port"
    nobody = "no management API at {target}; start the server with " + flag
    return next((told for mark, told in _TLS if mark in words), nobody).format(target=target)


def _lost(message: str, *, code: str, repeatable: bool) -> Unavailable:
    if not repeatable:
        message += "; whether it was done is not known: look with `legation get`"
    return Unavailable(message, code=code, may_be_done=not repeatable)


def _is_another(words: str) -> bool:
    lower = words.lower()
    return any(each in lower for each in _ANOTHER)


def _no_grpc(target: str) -> str:
    return f"{target} does not speak gRPC: is it the port of --management-port?"


def _details(encoded: bytes) -> _Details:
    """Return what the details say; nothing where they cannot be read: the status alone says enough."""
    status = status_pb2.Status()
    reason = domain = ""
    fields: list[Any] = []
    preconditions: list[Any] = []
    try:
        status.ParseFromString(encoded)
        for each in status.details:
            info, bad, against = (
                error_details_pb2.ErrorInfo(),
                error_details_pb2.BadRequest(),
                error_details_pb2.PreconditionFailure(),
            )
            if each.Unpack(info):
                reason, domain = info.reason, info.domain
            elif each.Unpack(bad):
                fields += bad.field_violations
            elif each.Unpack(against):
                preconditions += against.violations
    except DecodeError:
        pass
    return _Details(reason, domain, tuple(fields), tuple(preconditions))


def _violation(said: Any) -> Violation:
    item, path = _place(said.field)
    return Violation(path=path, message=said.description, item=item, code=_word(said.reason))


def _precondition(said: Any) -> Violation:
    item, path = _place(said.subject)
    return Violation(path=path, message=said.description, item=item, code=_word(said.type))


def _word(shouted: str) -> str:
    return str(shouted).lower().replace("_", "-")


def _conflict(said: Any) -> Conflict:
    item, path = _place(said.subject)
    quoted = _QUOTED.search(said.description)
    return Conflict(path=path, manager=quoted[1] if quoted else said.description, item=item)


def _place(field: str) -> tuple[int | None, str]:
    """Return which item a path is in, and the rest of the path."""
    found = _ITEM.fullmatch(field)
    return (int(found[1]), found[2]) if found else (None, field)
