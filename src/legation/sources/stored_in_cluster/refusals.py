"""What the Kubernetes API refuses, in the terms of a store: which object, which field, whose it is, which rule lacks.

It knows the words of the API server where there is nothing else to go by. It decides nothing. Pure.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus

from legation.errors import (
    FieldConflicts,
    InvalidObjects,
    KubeConflict,
    KubeError,
    KubeForbidden,
    KubeNotFound,
    KubeUnreachable,
    ObjectFault,
    OwnedField,
    StoreError,
    StoreForbidden,
    StoreUnavailable,
    VersionConflict,
)
from legation.model.api_kinds import ApiKind
from legation.model.objects import ObjectKey

_MANAGER = re.compile(r'^conflict with "(.*?)"', re.DOTALL)
_RULES = re.compile(r'User "(?P<user>.*?)" cannot (?P<verb>\w+) resource "(?P<what>.*?)" in API group "(?P<group>.*?)"')
# A value of the wrong type is answered with 500 and these words alone.
_TYPES = "failed to create typed patch object"
_FIELD = re.compile(r"^\s*\.(?P<path>\S+): (?P<words>.+)$", re.MULTILINE)
_ONE_FIELD = re.compile(r"\): \.(?P<path>\S+): (?P<words>.+)$", re.DOTALL)
NO_PATH = "404 page not found"
"""What the API server says of a path that it does not have."""
_NUMBER = re.compile(r"ParseUint: parsing")
_GOT = re.compile(r", got &.*$", re.DOTALL)


def of_write(
    error: KubeError | KubeUnreachable,
    *,
    index: int,
    key: ObjectKey,
    kind: ApiKind,
    wanted: str = "",
    dry_run: bool = False,
) -> StoreError:
    """Return the error for an object that could not be applied or deleted.

    Args:
        error: What the API server said.
        index: The number of the object among those that were handed in.
        key: The object.
        kind: As it was asked for.
        wanted: The resourceVersion that it was to have.
        dry_run: Whether it was only tried.
    """
    if isinstance(error, KubeUnreachable):
        return _unavailable(error, key, may_be_done=error.was_asked and not dry_run)
    if isinstance(error, KubeConflict):
        conflicts = tuple(_conflicts(error, index))
        return FieldConflicts(conflicts) if conflicts else VersionConflict(index, key, wanted, "another one")
    if is_nowhere(error):
        message = f"the cluster has no {kind} in version {kind.version}"
        mend = "install it: legation crds | kubectl apply -f -"
        return InvalidObjects((ObjectFault(index=index, path="kind", message=message, mend=mend),))
    if isinstance(error, KubeNotFound) and error.reason:
        message = f"the cluster has no namespace {key.namespace}"
        return InvalidObjects((ObjectFault(index=index, path="metadata.namespace", message=message),))
    if error.status in {400, 403, 422} or _TYPES in error.words or _NUMBER.search(error.words):
        return forbidden(error) or InvalidObjects(tuple(_faults(error, index)))
    # Whoever waited for etcd in vain does not know what became of it. Nor does a proxy.
    return _unavailable(error, key, may_be_done=error.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not dry_run)


def _unavailable(error: Exception, key: ObjectKey, *, may_be_done: bool) -> StoreUnavailable:
    return StoreUnavailable(f"{key}: {error}" if may_be_done else str(error), may_be_done=may_be_done)


def is_nowhere(error: KubeError) -> bool:
    """Say whether the API server has no such path: a kind, or that version of it, is not installed.

    A proxy on the way says 404 in words of its own.
    """
    return isinstance(error, KubeNotFound) and not error.reason and NO_PATH in str(error)


def of_read(error: KubeError | KubeUnreachable) -> StoreError:
    """Return the error where nothing could be read."""
    if isinstance(error, KubeError) and (refused := forbidden(error)):
        return refused
    return StoreUnavailable(str(error))


def forbidden(error: KubeError) -> StoreForbidden | None:
    """Return the error if it is the rules that do not allow it; an admission webhook is answered for with 403 too."""
    rule = _RULES.search(error.words)
    if not isinstance(error, KubeForbidden) or rule is None:
        return None
    return StoreForbidden(
        error.words,
        mend=f'a Role or ClusterRole bound to {rule["user"]} must allow verbs: ["{rule["verb"]}"] on '
        f'apiGroups: ["{rule["group"]}"], resources: ["{rule["what"]}"]; in the chart that is management.enabled',
    )


def _conflicts(error: KubeError, index: int) -> Iterator[OwnedField]:
    for each in error.causes:
        if each.reason == "FieldManagerConflict":
            manager = _MANAGER.match(each.message)
            yield OwnedField(
                index=index, path=each.field.removeprefix("."), manager=manager[1] if manager else each.message
            )


def _faults(error: KubeError, index: int) -> Iterator[ObjectFault]:
    if error.causes:
        # The API server says some of them twice.
        for field, message in dict.fromkeys((each.field, each.message) for each in error.causes):
            yield ObjectFault(index=index, path=field.removeprefix("."), message=message)
        return
    found = list(_FIELD.finditer(error.words)) or list(_ONE_FIELD.finditer(error.words))
    if _TYPES in error.words and found:
        for each in found:
            # What it got is a pointer in the memory of the API server, or a value that may be secret.
            yield ObjectFault(index=index, path=each["path"], message=_GOT.sub("", each["words"]))
        return
    path = "metadata.resourceVersion" if _NUMBER.search(error.words) else ""
    words = "it must be a number in quotes" if path else error.words or str(error)
    yield ObjectFault(index=index, path=path, message=words)
