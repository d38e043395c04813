"""What a reader is: one part of the cluster, what is watched for it, and what it makes of that.

A reader knows one kind of thing and does no I/O: `source.py` watches what it asks for and tells it every change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from legation.kube.watch import Gone, Put
from legation.model.api_kinds import ApiKind

if TYPE_CHECKING:
    import msgspec


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
    """One part of the cluster."""

    @property
    def watched(self) -> tuple[Watched, ...]:
        """What has to be watched for it."""
        ...
