"""One resource that is made by name: of what it was made last, and what became of that.

It refuses to know who needs it and who may have it. The one invariant: what could be made once stays until something
better can be, or until there is nothing of that name any more. No I/O, but that a fault of this program is logged: in
one object it must not reach the others.
"""

from __future__ import annotations

from legation.envoy import codec
from legation.model.cluster import Cluster
from legation.model.objects import ObjectKey
from legation.model.problems import own_fault
from legation.model.resource import Resource, empty_resource
from legation.model.resource_types import Absence, ResourceType
from legation.runtime.problem_log import log_fault
from legation.translate.by_name import Fault, Made, Maker, Target, broken

_NOTHING = object()
"""Stands for the basis of what was made of nothing."""
_CAN_BE_EMPTY = {Absence.EMPTY, Absence.EMPTY_IF_REFERRED}


class MadeResource:
    """What is known of one name."""

    __slots__ = ("_basis", "_maker", "again_at", "faults", "missing", "name", "resource", "row", "target", "unknown")

    def __init__(self, maker: Maker, name: str, target: Target) -> None:
        """Know nothing yet.

        Args:
            maker: Makes it.
            name: The name that it is asked for by.
            target: What that stands for.
        """
        self._maker = maker
        self._basis: object = None
        """What it was made of; None: never yet."""
        self.row: ResourceType = maker.row
        self.name = name
        self.target = target
        self.again_at: float | None = None
        """When it has to be made anew though nothing has changed."""
        self.resource: Resource | None = None
        self.faults: tuple[Fault, ...] = ()
        self.missing = False
        """What it is made of does not exist."""
        self.unknown = False
        """There is something of that name, it cannot be used, and nobody knows what it was before."""

    def make(self, cluster: Cluster, *, now: float) -> bool:
        """Make it anew if what it is made of has changed. Returns whether it is another one.

        Args:
            cluster: Where to find what it is made of.
            now: Unix seconds.
        """
        basis = self._maker.basis(self.target, cluster)
        if basis is None:
            basis = _NOTHING
        due = self.again_at is not None and self.again_at <= now
        if basis is self._basis and not due:
            return False
        made, resource, self.faults = self._made(cluster, now)
        self._basis, self.again_at, self.missing = basis, made.again_at, made.missing
        before, unknown = self.resource, self.unknown
        if resource is not None:
            # The origin is no content, and it must be right.
            same = before and (before.fingerprint, before.origin) == (resource.fingerprint, resource.origin)
            self.resource = before if same else resource
        elif made.missing:
            self.resource = absent(self.row, self.name)
        self.unknown = self.resource is None and not made.missing
        return self.resource is not before or self.unknown is not unknown

    def _made(self, cluster: Cluster, now: float) -> tuple[Made, Resource | None, tuple[Fault, ...]]:
        target = self.target
        origin = ObjectKey("", target.kind, target.namespace, target.name)
        encoded = codec.Encoded(resource=None)
        try:
            made = self._maker.make(self.name, target, cluster, now=now)
            if made.json is not None:
                encoded = codec.encode(made.json, origin=origin)
        except Exception as error:  # noqa: BLE001 - a fault of this program in one object must not reach the others
            log_fault(error, manifest=origin)
            made = broken(_own_fault(target))
        found = (
            Fault(code=each.code, message=each.message, level=each.level, mend=each.mend) for each in encoded.findings
        )
        return made, encoded.resource, (*made.faults, *found)


def absent(row: ResourceType, name: str) -> Resource | None:
    """Return what is sent in place of what does not exist: for a client would keep what it had, and that is stale."""
    return empty_resource(row, name) if row.absence in _CAN_BE_EMPTY else None


def _own_fault(target: Target) -> Fault:
    found = own_fault(f"on the {target}", mend="report it; until then another way to write the object may help")
    return Fault(code=found.code, message=found.message, mend=found.mend)
