"""Why a call is not done, in the one form of errors: what a store and this API itself raise.

A table of exceptions; what a cluster refuses a store tells in its own terms. It knows codes, stable reasons and
details; it refuses to know the call.

Source: https://google.aip.dev/193, https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import PreconditionFailure, ResourceInfo, RetryInfo

from legation.api.management.refused import Refused, first
from legation.errors import (
    Compacted,
    FieldConflicts,
    InvalidObjects,
    InvalidQuery,
    LegationError,
    ObjectNotFound,
    PartlyStored,
    StoreForbidden,
    StoreUnavailable,
    VersionConflict,
)
from legation.model.objects import ObjectKey, Place
from legation.model.problems import Problem
from legation.runtime.problem_log import log_fault

FieldOf: TypeAlias = Callable[[int, str], str]
"""Returns where in the request a field stands of the object of that number."""

_ARGUMENTS = {"labels": "label_selector", "token": "page_token", "manager": "field_manager"}
"""What the request calls the arguments of a store."""
_LATER = 1.0
"""Seconds after which it may be tried again."""


def as_said(_index: int, path: str) -> str:
    """Return a field of a request that is about one object, and says its fields itself."""
    return path


@contextmanager
def refusing(field: FieldOf = as_said) -> Iterator[None]:
    """Raise what goes wrong in a block as `Refused`.

    Args:
        field: Says where in the request a field of an object stands.
    """
    try:
        yield
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the server
        told = refused(error, field) if isinstance(error, LegationError) else None
        if told is None:
            # Its own words may hold a secret.
            log_fault(error)
            told = own_fault()
        raise told from None


def refused(error: LegationError, field: FieldOf) -> Refused | None:  # noqa: PLR0911 - a table
    """Return what a call is refused with for an error; None where it is none of those that it may be refused for.

    Args:
        error: The error.
        field: Says where in the request it stands.
    """
    match error:
        case InvalidObjects() | InvalidQuery():
            return _unreadable(error, field)
        case ObjectNotFound():
            return not_found(ObjectKey(*error.key))
        case FieldConflicts() | VersionConflict():
            return _conflict(error, field)
        case Compacted():
            return Refused.of(code_pb2.OUT_OF_RANGE, str(error), reason="RESUME_TOKEN_TOO_OLD")
        case StoreUnavailable() if error.may_be_done:
            # Nobody is told to try it again.
            return Refused.of(code_pb2.UNAVAILABLE, str(error), reason="MAY_BE_STORED")
        case StoreUnavailable():
            return _later(str(error), "STORE_UNAVAILABLE")
        case StoreForbidden():
            return Refused.of(code_pb2.PERMISSION_DENIED, str(error), reason="STORE_FORBIDS")
        case PartlyStored():
            return _partly(error, field)
    return None


def _partly(error: PartlyStored, field: FieldOf) -> Refused:
    """Return why not all was done, with the words of both: what was done, and what came in between."""
    cause = refused(error.cause, field)
    code = code_pb2.ABORTED if cause is None else cause.status.code
    # Whoever tries again does the rest: what was stored is found unchanged.
    return Refused.of(code, str(error), reason="PARTLY_STORED")


def _unreadable(error: InvalidObjects | InvalidQuery, field: FieldOf) -> Refused:
    if isinstance(error, InvalidQuery):
        argument = _ARGUMENTS.get(error.argument, error.argument)
        return Refused.bad_request([(argument, error.message)], reason="INVALID_QUERY")
    faults = ((field(each.index, each.path), _mended(each.message, each.mend)) for each in error.faults)
    return Refused.bad_request(faults, reason="INVALID_OBJECT")


def _conflict(error: FieldConflicts | VersionConflict, field: FieldOf) -> Refused:
    if isinstance(error, VersionConflict):
        path = "metadata.uid" if error.of == "uid" else "metadata.resourceVersion"
        violation = ("VERSION", field(error.index, path), f"it is {error.found or 'not there'}")
        return _against(code_pb2.ABORTED, str(error), "VERSION_CONFLICT", [violation])
    violations = (
        ("FIELD_OWNED", field(each.index, each.path), f'"{each.manager}" has set it to something else')
        for each in error.conflicts
    )
    return _against(code_pb2.ABORTED, str(error), "FIELD_CONFLICT", violations)


def not_found(key: ObjectKey, source: str = "", place: Place | None = None) -> Refused:
    """Return it for an object that is not there.

    Args:
        key: The object.
        source: Who has it, if it is served from elsewhere.
        place: Where.
    """
    where = f" that was stored; {source} has it" + (f", at {place}" if place else "") if source else ""
    kind = f"{key.group}/{key.kind}" if key.group else key.kind
    info = ResourceInfo(resource_type=kind, resource_name=f"{key.namespace}/{key.name}", description="it is not stored")
    return Refused.of(code_pb2.NOT_FOUND, f"there is no {key}{where}", reason="OBJECT_NOT_FOUND", details=[info])


def held_elsewhere(held: Iterable[tuple[str, ObjectKey, str, Place | None]]) -> Refused:
    """Return it for objects that another source has: what is stored would not count.

    Args:
        held: Of each where in the request it stands, its key, and which source has it where.
    """
    every = tuple(
        (field, key, f"{source} has it" + (f", at {place}" if place else "")) for field, key, source, place in held
    )
    words = "; ".join(f"{key}: {where}, and that one counts" for _, key, where in every)
    mend = "change it there, or delete it there first"
    violations = (("HELD_ELSEWHERE", field, where) for field, _, where in every)
    return _against(code_pb2.FAILED_PRECONDITION, f"{words} ({mend})", "HELD_ELSEWHERE", violations)


def wrong(problems: Iterable[tuple[str, Problem]]) -> Refused:
    """Return it for what is wrong with objects, each with the field that stands for it in the request."""
    return Refused.bad_request(
        ((path, _mended(each.message, each.mend), each.code) for path, each in problems), reason="INVALID_OBJECT"
    )


def not_ready(why: Iterable[str]) -> Refused:
    """Return it while not all is read, so that nobody can say what an object would do."""
    return _later(f"not all is read yet: {'; '.join(why)}", "NOT_READY")


def busy(what: str) -> Refused:
    """Return it where there is more of something than may be."""
    return Refused.of(code_pb2.RESOURCE_EXHAUSTED, what, reason="TOO_MANY", details=[_retry()])


def ended() -> Refused:
    """Return it for who watches when there is nothing to watch any more."""
    return _later("the store is closed; connect again", "STORE_UNAVAILABLE")


def leaving() -> Refused:
    """Return it when the server shuts down."""
    return _later("the server shuts down; connect again", "SHUTTING_DOWN")


def hidden_here() -> Refused:
    """Return it for who asks for secrets where they are not shown."""
    words = (
        "secrets are shown over the Unix socket (--management-socket), or with TLS to who proves that they may see them"
    )
    return Refused.of(code_pb2.PERMISSION_DENIED, words, reason="SECRETS_NOT_SHOWN")


def proof_ended() -> Refused:
    """Return it for a stream whose client could not open it any more."""
    words = "what you have shown proves nothing any more; show what does, and resume with the last token"
    # Clients take a stream up again that ends so, and show what they have then.
    return Refused.of(code_pb2.UNAVAILABLE, words, reason="PROOF_ENDED")


def not_all() -> Refused:
    """Return it for who waits for all objects and may not see all of them."""
    words = "you may not see all objects there are; name those that are waited for"
    return Refused.of(code_pb2.PERMISSION_DENIED, words, reason="FORBIDDEN")


def own_fault() -> Refused:
    """Return it where this program itself fails."""
    return Refused.of(
        code_pb2.INTERNAL, "legation itself fails on this call; its log tells where", reason="INTERNAL_ERROR"
    )


def _mended(message: str, mend: str) -> str:
    return f"{message} ({mend})" if mend else message


def _against(code: int, message: str, reason: str, violations: Iterable[tuple[str, str, str]]) -> Refused:
    told, more = first(violations)
    if more:
        told.append(("", "", more))
    failure = PreconditionFailure(
        violations=[
            PreconditionFailure.Violation(type=kind, subject=subject, description=words)
            for kind, subject, words in told
        ]
    )
    return Refused.of(code, message, reason=reason, details=[failure])


def _later(message: str, reason: str) -> Refused:
    return Refused.of(code_pb2.UNAVAILABLE, message, reason=reason, details=[_retry()])


def _retry() -> RetryInfo:
    return RetryInfo(retry_delay=Duration(seconds=int(_LATER)))
