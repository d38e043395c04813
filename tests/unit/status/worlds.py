"""What the writer is told, as a test wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from legation.model.api_kinds import ApiKind
from legation.model.delivery import NO_DELIVERY, Deliveries, Delivery, ObjectState, Refusal
from legation.model.objects import ObjectKey
from legation.model.problems import Level, Problem
from legation.status.conditions import Status, condition

CLUSTERS = ApiKind(group="bootes.io", version="v1", kind="Cluster", plural="clusters")
WEB = ObjectKey("bootes.io", "Cluster", "shop", "web")
NOW = "2026-01-01T00:00:00Z"
BROKEN = Problem(
    code="unknown-field",
    message='there is no field "conect_timeout"',
    path=("spec", "config"),
    mend='did you mean "connect_timeout"?',
    object=WEB,
)
DANGLING = Problem(code="dangling-reference", message="nobody has it", level=Level.WARNING, object=WEB)
DUPLICATE = Problem(code="duplicate-name", message="Cluster web is that of Cluster shop/old, which came first")
REFUSAL = Refusal(node="edge-1.shop", resource='Cluster "web"', words="malformed IP address")


def key(number: int = 0, *, kind: str = "Cluster", namespace: str = "shop") -> ObjectKey:
    return ObjectKey("bootes.io", kind, namespace, f"web-{number}")


def state(it: ObjectKey = WEB, *problems: Problem, generation: int = 1, served: int | None = -1) -> ObjectState:
    """Return a state whose newest generation is served, unless told otherwise."""
    return ObjectState(
        key=it,
        uid=f"uid-of-{it.name}",
        generation=generation,
        served=generation if served == -1 else served,
        problems=problems,
    )


def delivery(accepted: int, matching: int, *refusals: Refusal) -> Delivery:
    return Delivery(matching=matching, accepted=accepted, refused=len(refusals), refusals=refusals)


def opinions(status: Status) -> dict[str, str]:
    """Return each condition as `True/Valid`."""
    return {each["type"]: f"{each['status']}/{each['reason']}" for each in status["conditions"]}


def said(status: Status | None, name: str) -> str:
    message: str = condition(status, name).get("message", "")
    return message


class FakeObjects:
    """The objects of a replica. Fulfils `legation.status.base.Objects`."""

    def __init__(self, epoch: str = "run-1") -> None:
        self.epoch = epoch
        self.number = 0
        self.states: dict[ObjectKey, ObjectState] = {}
        self.counts: dict[ObjectKey, Delivery] = {}
        self._changed: dict[ObjectKey, int] = {}
        self._watchers: dict[Callable[[], None], None] = {}

    def put(self, it: ObjectState, counts: Delivery = NO_DELIVERY) -> None:
        """Have an object, whose own generation these counts are about."""
        self.states[it.key], self.counts[it.key] = it, counts
        self._note(it.key)

    def count(self, it: ObjectKey, counts: Delivery) -> None:
        """Have other counts."""
        self.put(self.states[it], counts)

    def delete(self, it: ObjectKey) -> None:
        del self.states[it], self.counts[it]
        self._note(it)

    def deliveries(self, *, epoch: str = "", since: int = 0) -> Deliveries:
        whole = epoch != self.epoch or not 0 <= since <= self.number
        found: dict[ObjectKey, Any] = {}
        for it, number in self._changed.items():
            if whole or number > since:
                known = self.states.get(it)
                found[it] = None if known is None else (known.served, self.counts[it])
        return Deliveries(epoch=self.epoch, number=self.number, whole=whole, objects=found)

    def state(self, key: ObjectKey) -> ObjectState | None:
        return self.states.get(key)

    def is_leaving(self, key: ObjectKey) -> bool:
        return key in self.states and self.states[key].deleting

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        self._watchers[wake] = None
        return lambda: self._watchers.pop(wake, None)

    @property
    def watched(self) -> bool:
        return bool(self._watchers)

    def _note(self, it: ObjectKey) -> None:
        self.number += 1
        self._changed[it] = self.number
        for each in tuple(self._watchers):
            each()
