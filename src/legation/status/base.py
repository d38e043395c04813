"""What this room is handed: all that a replica knows of the objects. `runtime/deliveries.py` fulfils it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from legation.model.delivery import Deliveries, ObjectState
from legation.model.objects import ObjectKey


class Objects(Protocol):
    """The objects of this replica."""

    @property
    def epoch(self) -> str:
        """Names this run of the program, as all that is told of its deliveries does."""
        ...

    def deliveries(self, *, epoch: str = "", since: int = 0) -> Deliveries:
        """Return each object of which anything may be another than it was: its delivery, its state, that it is there.

        It is cheap: O(those objects).

        Args:
            epoch: What the last answer said; all objects are told if it is not that of this run of the program.
            since: The number that the last answer said.
        """
        ...

    def state(self, key: ObjectKey) -> ObjectState | None:
        """Return all that is known of an object now; None: there is none."""
        ...

    def is_leaving(self, key: ObjectKey) -> bool:
        """Say whether an object was being deleted when it was last told by `deliveries`; O(1)."""
        ...

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have a function called when `deliveries` has news, and return what ends that."""
        ...
