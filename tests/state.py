"""The control plane as a value: its state is what its classes hold in their slots; all else is shared and frozen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Mapping
from enum import Enum
from functools import cache
from typing import Any

from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection, Snapshot
from legation.protocol.holding import Holding
from legation.protocol.sequence import Machine, Policy

_DERIVED = frozenset({"_deadline", "_in_order", "deadline", "due"})
"""What the control plane works out anew whenever it is asked."""


def clone(value: Any, memo: dict[int, Any]) -> Any:
    """Return an independent copy of a part of the control plane; `memo` keeps what refers to one another together."""
    kind: Any = type(value)
    copy = _COPIES.get(kind)
    if copy is not None:
        return copy(value, memo)
    if not _is_state(kind):
        return value
    twin = memo.get(id(value))
    if twin is None:
        twin = memo[id(value)] = object.__new__(kind)
        for name in _slots(kind):
            object.__setattr__(twin, name, clone(getattr(value, name), memo))
        for name, each in getattr(value, "__dict__", _NOTHING).items():
            object.__setattr__(twin, name, clone(each, memo))
    return twin


_COPIES: dict[type, Callable[[Any, dict[int, Any]], Any]] = {
    **dict.fromkeys((str, float, int, bool, type(None), Resource, Holding), lambda value, _: value),
    dict: lambda value, memo: {clone(key, memo): clone(each, memo) for key, each in value.items()},
    tuple: lambda value, memo: tuple([clone(each, memo) for each in value]),
    list: lambda value, memo: [clone(each, memo) for each in value],
    deque: lambda value, memo: deque([clone(each, memo) for each in value], value.maxlen),
    set: lambda value, memo: {clone(each, memo) for each in value},
}
_NOTHING: Mapping[str, Any] = {}


def canonical(value: Any, now: float) -> Hashable:
    """Return what tells two states apart; moments count from now."""
    kind: Any = type(value)
    form = _form(kind)
    return _told_by_slots(value, now) if form is None else form(value, now)


def _told_by_slots(value: Any, now: float) -> Hashable:
    kind: Any = type(value)
    told = [canonical(getattr(value, name, None), now) for name in _telling_slots(kind)]
    own = getattr(value, "__dict__", _NOTHING)
    return (kind, *told, *[(name, canonical(each, now)) for name, each in own.items() if name not in _DERIVED])


@cache
def _telling_slots(kind: Any) -> tuple[str, ...]:
    return tuple(name for name in _slots(kind) if name not in _DERIVED)


@cache
def _form(kind: Any) -> Callable[[Any, float], Hashable] | None:
    return next((form for kinds, form in _FORMS if issubclass(kind, kinds)), None)


_FORMS: tuple[tuple[Any, Callable[[Any, float], Hashable]], ...] = (
    (float, lambda value, now: value - now),
    (str | int | None, lambda value, _: value),
    (Resource, lambda value, _: (value.type.name, value.name, value.version)),
    (ResourceType, lambda value, _: value.name),
    (Holding, lambda value, now: (id(value.base), canonical(dict(value.overlay), now))),
    (Collection | Snapshot | Policy | Enum, lambda value, _: id(value)),
    (set | frozenset, lambda value, now: frozenset(canonical(each, now) for each in value)),
    (list | tuple | deque, lambda value, now: tuple(canonical(each, now) for each in value)),
    (
        Mapping,
        lambda value, now: frozenset((_key(key, now), canonical(each, now)) for key, each in value.items()),
    ),
)


def _key(value: Any, now: float) -> Hashable:
    # What a machine is like is told where it is found by its name.
    return (value.owner, value.row.name) if isinstance(value, Machine) else canonical(value, now)


@cache
def _slots(kind: Any) -> tuple[str, ...]:
    return tuple(name for base in kind.__mro__ for name in base.__dict__.get("__slots__", ()))


@cache
def _is_state(kind: Any) -> bool:
    frozen = getattr(kind, "__dataclass_params__", None)
    ours = any(base.__module__.startswith("legation.protocol") for base in kind.__mro__)
    return ours and not issubclass(kind, Enum) and not (frozen is not None and frozen.frozen)
