"""What a call of the management API is made with: who calls, and what it asks of the control plane. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from legation.api.management.access import LOCAL, Principal
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Problem
from legation.runtime.acceptance import Acceptance, Matches
from legation.runtime.problem_log import Told
from legation.runtime.upcoming import Upcoming
from legation.sources.base import Source
from legation.status.base import Objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, as far as the port can tell."""

    peer: str
    """As the port writes it: `ipv4:127.0.0.1:50312`, `unix:`."""
    over: str
    """`grpc` or `http`."""
    private: bool
    """Whether nobody but the owner of the socket can be it: then secrets may be shown."""
    secured: bool = False
    """Whether nobody between here and there reads it: the connection has TLS."""
    who: Principal = LOCAL
    """Who it is."""
    again: Callable[[], Awaitable[Principal]] | None = field(default=None, repr=False, compare=False)
    """Looks at the proof once more, for a call that lasts: raises `Refused` where it is no good any more."""


class Problems(Protocol):
    """All that is wrong, as it was last looked at."""

    @property
    def said(self) -> Mapping[Hashable, Problem]:
        """Each problem under what makes it the same one."""
        ...

    def of(self, key: ObjectKey) -> tuple[Problem, ...]:
        """Return those about an object."""
        ...

    def watch(self, tell: Callable[[Told], None]) -> Callable[[], None]:
        """Have it called with what is new, other or over. Returns what ends that."""
        ...


class Foresight(Protocol):
    """What would become of objects. `legation.runtime.foreseeing.Foresight` fulfils it."""

    @property
    def upcoming(self) -> Upcoming:
        """What is stored, or about to be, and not served yet: `foresee` looks at it."""
        ...

    def held(self, key: ObjectKey) -> tuple[Source, ManifestObject] | None:
        """Return the object of that key that counts, and the source that has it."""
        ...

    def foresee(self, manifests: Sequence[ManifestObject]) -> tuple[tuple[Problem, ...], ...]:
        """Return what would be wrong with each of some objects if all of them were served."""
        ...

    def reading_ahead(self, manifests: Sequence[ManifestObject]) -> Callable[[], None]:
        """Return what reads some objects, so that to foresee what they do takes little; call that in any thread."""
        ...

    def forget(self, keys: Iterable[ObjectKey]) -> None:
        """Forget what was found out about objects that are not to be stored after all."""
        ...


class Plane(Protocol):
    """What serves the objects. `legation.control_plane.ControlPlane` fulfils it."""

    @property
    def unread(self) -> tuple[str, ...]:
        """Which sources have not loaded yet, and why."""
        ...

    @property
    def problem_feed(self) -> Problems:
        """All that is wrong."""
        ...

    @property
    def objects(self) -> Objects:
        """What Envoys have of each object."""
        ...

    async def counted(self) -> None:
        """Return when `objects` tells all that had happened before now."""
        ...

    @property
    def foresight(self) -> Foresight:
        """What would become of objects before they are stored."""
        ...

    async def wait_accepted(
        self,
        *objects: ObjectKey,
        at_least: int = 0,
        timeout: float | None = None,  # noqa: ASYNC109 - on time-out the answer says who is still waited for
        matches: Matches | None = None,
        versions: Collection[ManifestObject] = (),
    ) -> Acceptance:
        """Wait until every Envoy that is meant has accepted or refused the objects."""
        ...
