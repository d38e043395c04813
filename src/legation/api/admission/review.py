"""AdmissionReview of admission.k8s.io/v1: what the API server asks, and what it is answered. Values; no I/O.

It refuses to know what an object means. The one invariant: an answer carries the uid of its question.

Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"
_NOTHING = msgspec.Raw(b"null")


class GroupVersionKind(msgspec.Struct, frozen=True):
    """The kind of an object, in one version."""

    group: str = ""
    version: str = ""
    kind: str = ""


class Request(msgspec.Struct, frozen=True, rename="camel"):
    """What is to happen to one object."""

    uid: str
    kind: GroupVersionKind
    operation: str
    name: str = ""
    namespace: str = ""
    sub_resource: str = ""
    dry_run: bool | None = None
    object: msgspec.Raw = _NOTHING
    """As it would be stored."""
    old_object: msgspec.Raw = _NOTHING
    """As it is stored; null where it is new."""


class _Review(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an object is not to be stored."""

    message: str
    causes: tuple[tuple[str, str], ...] = ()
    """A field and what is wrong with it, for each thing that is wrong."""
    code: int = 422
    reason: str = "Invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the API server is told."""

    refusal: Refusal | None = None
    """None: the object may be stored."""
    warnings: tuple[str, ...] = ()
    patch: tuple[Mapping[str, Any], ...] = ()
    """What is to be changed before it is stored: the operations of a JSON Patch."""


ALLOWED = Decision()

_decode = msgspec.json.Decoder(_Review).decode


def read_review(body: bytes) -> Request:
    """Return what is asked.

    Raises:
        ValueError: It is no AdmissionReview of this version; its text says so.
    """
    try:
        found = _decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"this is no AdmissionReview of {API_VERSION}") from error
    if (found.api_version, found.kind) != (API_VERSION, KIND):
        raise ValueError(f"this is no AdmissionReview of {API_VERSION}: admissionReviewVersions has to be [v1]")
    return found.request


def answer(request: Request, decision: Decision) -> bytes:
    """Return the AdmissionReview that answers a request."""
    response: dict[str, Any] = {"uid": request.uid, "allowed": decision.refusal is None}
    if decision.refusal is not None:
        response["status"] = _status(request, decision.refusal)
    elif decision.patch:
        # The encoder writes bytes as Base64, which the API server reads.
        response |= {"patchType": "JSONPatch", "patch": msgspec.json.encode(decision.patch)}
    if decision.warnings:
        response["warnings"] = decision.warnings
    return msgspec.json.encode({"apiVersion": API_VERSION, "kind": KIND, "response": response})


def _status(request: Request, refusal: Refusal) -> dict[str, Any]:
    """Return the `Status`: kubectl shows kind, name and causes of one that is `Invalid`, others its message."""
    details = {
        "name": request.name,
        "group": request.kind.group,
        "kind": request.kind.kind,
        "causes": [
            {"reason": "FieldValueInvalid", "field": field, "message": message} for field, message in refusal.causes
        ],
    }
    return {
        "status": "Failure",
        "message": refusal.message,
        "reason": refusal.reason,
        "code": refusal.code,
        "details": details,
    }
