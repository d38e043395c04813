"""What a reader is: one part of the cluster, what is watched for it, and what it makes of that.

A reader knows one kind of thing and does no I/O: `source.py` watches what it asks for and tells it every change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from legation.kube.watch import Gone, Put
from legation.model.api_kinds import ApiKind
from legation.model.cluster import Cluster, NamespacedName

if TYPE_CHECKING:
    import msgspec

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One kind that is watched, in some namespaces."""

    kind: ApiKind
    decode: Callable[[msgspec.Raw], Any]
    """Keeps of an object what is needed; `msgspec.ValidationError` where it is not what it should be."""
    take: Callable[[Iterable[Put[Any] | Gone[Any]]], bool]
    """Takes what changed, as `decode` made it. Returns whether that changes anything here."""
    namespaces: tuple[str, ...] = ()
    """Empty: all of them."""
    label_selector: str = ""
    field_selector: str = ""


class Reader(Protocol):
    """Reads of a cluster what has to be watched for it."""

    @property
    def watched(self) -> tuple[Watched, ...]:
        """What has to be watched for it."""
        ...


class PartReader(Reader, Protocol):
    """Reads one part of what a cluster tells beside objects."""

    def apply(self, cluster: Cluster) -> Cluster:
        """Return the cluster with what is told of this part now."""
        ...


class Kept(Generic[Value]):
    """What is kept of each object of one kind."""

    def __init__(self) -> None:
        """Begin without objects."""
        self.objects: dict[NamespacedName, Value] = {}

    def take(
        self, changes: Iterable[Put[Value] | Gone[Value]]
    ) -> list[tuple[NamespacedName, Value | None, Value | None]]:
        """Take what changed.

        Returns:
            Each object of which anything that is kept differs: its name, what was kept of it before, and what is now.
        """
        found: list[tuple[NamespacedName, Value | None, Value | None]] = []
        for change in changes:
            key, before = change.key, self.objects.get(change.key)
            now = None if isinstance(change, Gone) else change.object
            if before == now:
                continue
            if now is None:
                del self.objects[key]
            else:
                self.objects[key] = now
            found.append((key, before, now))
        return found
