"""Which object a reference means: its key, with the group that a caller need not say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from legation.api.management.refused import Refused
from legation.management.v1 import management_pb2 as pb
from legation.model.api_kinds import ApiKind
from legation.model.node import DEFAULT_NAMESPACE
from legation.model.objects import ObjectKey
from legation.model.stored import Precondition


class Kinds:
    """The kinds that are served, by their names."""

    def __init__(self, kinds: Iterable[ApiKind]) -> None:
        """Take the kinds."""
        groups: dict[str, dict[str, None]] = {}
        for each in kinds:
            groups.setdefault(each.kind, {})[each.group] = None
        self._groups: Mapping[str, tuple[str, ...]] = {kind: tuple(found) for kind, found in groups.items()}

    def group_of(self, kind: str, *, field: str) -> str:
        """Return the one group that has a kind; the core group where none has.

        Args:
            kind: The kind.
            field: What the request calls the group, for the words.

        Raises:
            Refused: Several groups have it.
        """
        groups = self._groups.get(kind, ("",))
        if len(groups) > 1:
            raise Refused.bad_request([(field, f"say the group; the kind {kind} is in {' and in '.join(groups)}")])
        return groups[0]

    def key(self, group: str, kind: str, namespace: str, name: str, *, field: str = "") -> ObjectKey:
        """Return the key of an object.

        Args:
            group: The API group; empty for the one that has the kind.
            kind: The kind.
            namespace: The namespace; empty for `default`.
            name: The name.
            field: Where in the request it stands, with a full stop at the end; empty at the top.

        Raises:
            Refused: Something is missing.
        """
        lacks = [(f"{field}{part}", "it is missing") for part, value in (("kind", kind), ("name", name)) if not value]
        if lacks:
            raise Refused.bad_request(lacks)
        return ObjectKey(
            group or self.group_of(kind, field=f"{field}group"), kind, namespace or DEFAULT_NAMESPACE, name
        )

    def keys(self, references: Sequence[pb.ObjectReference]) -> tuple[tuple[ObjectKey, Precondition], ...]:
        """Return the keys of the objects of a request, and the version that each must have."""
        return tuple(
            (
                self.key(each.group, each.kind, each.namespace, each.name, field=f"objects[{index}]."),
                Precondition(resource_version=each.resource_version),
            )
            for index, each in enumerate(references)
        )
