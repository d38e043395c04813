"""What every source of objects is, and what it is handed. A source knows nothing of Envoy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from legation.model.cluster import Cluster
from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place
from legation.model.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """All that a source has to say at one moment. It replaces what the source said before."""

    objects: Mapping[ObjectKey, ManifestObject] = field(default_factory=lambda: MappingProxyType({}))
    """Every object that it can read now. What did not change is the same Python object as before."""
    problems: tuple[Problem, ...] = ()
    """What it could not read, and why."""
    cluster: Cluster | None = None
    """What a Kubernetes cluster tells beside its objects; None for any other source."""
    broken: frozenset[str] = frozenset()
    """Files (as in `Place.file`) of which a part could not be read: what stood there before may still be wanted, so an
    object that was last seen in such a file is not gone."""


class Inputs(Protocol):
    """Where a source puts what it reads."""

    def publish(self, state: SourceState) -> None:
        """Take the source's newest state. The first one says that the source has loaded. Never blocks; idempotent."""
        ...

    def blocked(self, problems: tuple[Problem, ...]) -> None:
        """Take what is wrong that keeps the source from loading. It replaces what was said, and ends with a state."""
        ...


class Source(Protocol):
    """Where objects come from. Construction does no I/O; `run` does all of it, until it is cancelled."""

    @property
    def name(self) -> str:
        """A short name for logs and problems, such as `directory /etc/legation`."""
        ...

    @property
    def missing(self) -> tuple[str, ...]:
        """What it waits for before it has loaded, a clause for each, where it can tell more than that it has not."""
        ...

    async def run(self, inputs: Inputs) -> None:
        """Publish the first state as soon as all is read once, then every change, until cancelled.

        Raises:
            SourceError: The source can never be read (a directory that does not exist at the start).
        """
        ...

    def locate(self, place: Place | None, path: FieldPath) -> Place | None:
        """Return where the field stands of the object that begins at that place, or the place itself."""
        ...
