"""Values of this program as messages of the management API.

Manifests are told without what may be a secret in them, unless the caller may see it and asks for it. What is made of
an object is remembered, for many who watch ask for the same; where it takes long the Envoys have a turn meanwhile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, TypeAlias

from legation.api.management import structs
from legation.api.management.apart import Apart
from legation.envoy.secret_values import hidden
from legation.management.v1 import management_pb2 as pb
from legation.model import delivery as deliveries
from legation.model.objects import ObjectKey, show_path, size_of
from legation.model.problems import Problem
from legation.model.stored import Applied, Outcome, StoredObject
from legation.runtime.acceptance import Acceptance, RefusedBy

_REMEMBERED = 1024
_REMEMBERED_BYTES = 32 * 1024 * 1024
_OUTCOMES = {
    Outcome.CREATED: pb.Applied.CREATED,
    Outcome.CHANGED: pb.Applied.CHANGED,
    Outcome.UNCHANGED: pb.Applied.UNCHANGED,
}
_RESOURCE = re.compile(r'(?P<type>\S+)(?: "(?P<name>.*)")?', re.DOTALL)


def reference(key: ObjectKey, *, version: str = "") -> pb.ObjectReference:
    """Return which object it is, and in which version."""
    return pb.ObjectReference(
        group=key.group, kind=key.kind, namespace=key.namespace, name=key.name, resource_version=version
    )


def problem(found: Problem) -> pb.Problem:
    """Return what is wrong."""
    return pb.Problem(
        code=found.code,
        message=found.message,
        level=found.level.value,
        object=reference(found.object) if found.object is not None else None,
        path=show_path(found.path),
        mend=found.mend,
        place=str(found.place) if found.place is not None else "",
    )


def applied(done: Applied, *, warnings: Iterable[Problem], whole: pb.StoredObject | None) -> pb.Applied:
    """Return what became of one object that was applied.

    Args:
        done: What became of it.
        warnings: What is doubtful about it.
        whole: The object as it is stored, for who asks for it.
    """
    return pb.Applied(
        object=reference(done.key, version=done.stored.resource_version),
        outcome=_OUTCOMES[done.outcome],
        warnings=map(problem, warnings),
        stored=whole,
    )


_Key: TypeAlias = tuple[int, int, bool, bool]
_Shown: TypeAlias = tuple[StoredObject, pb.StoredObject]


class Manifests:
    """Stored objects as messages."""

    def __init__(self, apart: Apart | None = None) -> None:
        """Begin with nothing remembered.

        Args:
            apart: Who does what takes long.
        """
        self._apart = apart or Apart()
        self._shown: dict[_Key, _Shown] = {}
        self._size = 0
        """Bytes of what is remembered."""

    async def told(
        self,
        stored: StoredObject,
        *,
        form: pb.Form = pb.FORM_UNSPECIFIED,
        managed_fields: bool = False,
        secrets: bool = False,
        problems: Iterable[Problem] = (),
    ) -> pb.StoredObject:
        """Return an object as a message; it may be one that others have too, and is not to be changed.

        Args:
            stored: The object.
            form: How its manifest is told.
            managed_fields: Whether it says who owns which field.
            secrets: Whether what may be a secret is shown.
            problems: What is wrong with it.
        """
        key = (id(stored), form, managed_fields, secrets)
        known = self._shown.get(key)
        if known is None:
            make = partial(_told, stored, form=form, managed_fields=managed_fields, secrets=secrets)
            message = await self._apart.run(make, size=size_of(stored.body))
            # Meanwhile somebody else may have made it, too.
            known = self._shown.get(key) or self._remembered(key, (stored, message))
        wrong = [problem(each) for each in problems]
        if not wrong:
            return known[1]
        message = pb.StoredObject()
        message.CopyFrom(known[1])
        message.problems.extend(wrong)
        return message

    def _remembered(self, key: _Key, shown: _Shown) -> _Shown:
        # The object is kept with it: while it lives nothing else has its identity.
        self._shown[key] = shown
        self._size += shown[1].ByteSize()
        while len(self._shown) > _REMEMBERED or (self._size > _REMEMBERED_BYTES and len(self._shown) > 1):
            _, oldest = self._shown.pop(next(iter(self._shown)))
            self._size -= oldest.ByteSize()
        return shown


def _told(stored: StoredObject, *, form: pb.Form, managed_fields: bool, secrets: bool) -> pb.StoredObject:
    body: Mapping[str, Any] = stored.body if secrets else hidden(stored.body)
    if managed_fields and stored.owners:
        body = {**body, "metadata": {**body["metadata"], "managedFields": stored.managed_fields()}}
    message = pb.StoredObject(object=reference(stored.key, version=stored.resource_version))
    if form == pb.FORM_TEXT:
        message.text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    else:
        structs.fill(message.manifest, body)
    return message


def delivery(key: ObjectKey, found: deliveries.Delivery) -> pb.Delivery:
    """Return what Envoys have of an object."""
    return pb.Delivery(
        object=reference(key),
        envoys=found.matching,
        accepted=found.accepted,
        refused=found.refused,
        refusals=map(_refusal, found.refusals),
        waiting=found.waiting,
    )


def _refusal(found: deliveries.Refusal) -> pb.Refusal:
    parts = _RESOURCE.fullmatch(found.resource)
    kind, name = (parts["type"], parts["name"] or "") if parts is not None else ("", found.resource)
    return pb.Refusal(node=found.node, type=kind, name=name, words=found.words)


def acceptance(found: Acceptance, *, at_least: int) -> pb.WaitAcceptedResponse:
    """Return what became of objects at the Envoys that were waited for: at least so many."""
    return pb.WaitAcceptedResponse(
        accepted=bool(found) and len(found.accepted) >= at_least,
        accepted_by=found.accepted,
        refusals=map(_refused_by, found.refused),
        waiting=found.waiting,
        problems=map(problem, found.problems),
    )


def _refused_by(found: RefusedBy) -> pb.Refusal:
    resource = found.resource
    return pb.Refusal(node=found.node, type=resource.type.name, name=resource.name, words=resource.words)
