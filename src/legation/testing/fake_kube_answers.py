"""What FakeKube says no with: the Status objects of the real one, word for word where clients look at them.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
"""

from __future__ import annotations

from typing import Any, TypeAlias

from legation.model.api_kinds import ApiKind

Json: TypeAlias = dict[str, Any]
"""An object of Kubernetes. One that the store gave is never changed: it is replaced by another."""


class Refusal(Exception):
    """A request is refused."""

    def __init__(self, code: int, reason: str, message: str, *, retry_after: int = 0, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after
        """Seconds; 0: nothing is said of that."""
        if retry_after:
            details["retryAfterSeconds"] = retry_after
        self.status: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": code,
            **({"details": details} if details else {}),
        }


def not_found(kind: ApiKind, name: str) -> Refusal:
    """There is no such object."""
    return Refusal(404, "NotFound", f'{kind} "{name}" not found', name=name, group=kind.group, kind=kind.plural)


def exists(kind: ApiKind, name: str) -> Refusal:
    """It was to be created, and is there."""
    message = f'{kind} "{name}" already exists'
    return Refusal(409, "AlreadyExists", message, name=name, group=kind.group, kind=kind.plural)


def conflict(kind: ApiKind, name: str, why: str = "") -> Refusal:
    """Somebody else changed it."""
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {kind} "{name}": {why}'
    return Refusal(409, "Conflict", message, name=name, group=kind.group, kind=kind.plural)


def other_owners(paths: list[tuple[str, tuple[str, ...]]]) -> Refusal:
    """Fields that were applied belong to others."""
    fields = ", ".join(f'conflict with "{owner}": .{".".join(path)}' for owner, path in paths)
    causes = [
        {"reason": "FieldManagerConflict", "message": f'conflict with "{owner}"', "field": f".{'.'.join(path)}"}
        for owner, path in paths
    ]
    return Refusal(409, "Conflict", f"Apply failed with {len(paths)} conflict(s): {fields}", causes=causes)


def invalid(kind: ApiKind, name: str, why: str) -> Refusal:
    """The object is not what it should be."""
    return Refusal(422, "Invalid", f'{kind.kind} "{name}" is invalid: {why}')


def expired(why: str) -> Refusal:
    """A version is too old."""
    return Refusal(410, "Expired", why)


def forbidden(user: str, verb: str, kind: ApiKind, namespace: str, name: str = "") -> Refusal:
    """The rules do not allow it."""
    scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    which = f'{kind} "{name}" is forbidden' if name else f"{kind} is forbidden"
    message = f'{which}: User "{user}" cannot {verb} resource "{kind.plural}" in API group "{kind.group}" {scope}'
    return Refusal(403, "Forbidden", message, name=name, group=kind.group, kind=kind.plural)


def plain(code: int, reason: str, message: str) -> Refusal:
    """Say anything else."""
    return Refusal(code, reason, message)
