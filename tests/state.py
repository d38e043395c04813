"""The control plane as a value: its state is what its classes hold in their slots; all else is shared and frozen."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from enum import Enum
from typing import Any

from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection, Snapshot
from legation.protocol.holding import Holding
from legation.protocol.sequence import Machine, Policy

_DERIVED = frozenset({"_deadline", "deadline", "due"})
"""What the control plane works out anew whenever it is asked."""


def clone(value: Any, memo: dict[int, Any]) -> Any:
    """Return an independent copy of a part of the control plane; `memo` keeps what refers to one another together."""
    kind = type(value)
    if kind is dict:
        return {clone(key, memo): clone(each, memo) for key, each in value.items()}
    if kind is tuple:
        return tuple(clone(each, memo) for each in value)
    if kind is list:
        return [clone(each, memo) for each in value]
    if kind is set:
        return {clone(each, memo) for each in value}
    if not _is_state(value):
        return value
    if id(value) not in memo:
        twin = memo[id(value)] = object.__new__(kind)
        for name in _slots(value):
            object.__setattr__(twin, name, clone(getattr(value, name), memo))
    return memo[id(value)]


def canonical(value: Any, now: float) -> Hashable:
    """Return what tells two states apart; moments count from now."""
    for kind, form in _FORMS:
        if isinstance(value, kind):
            return form(value, now)
    if value is None:
        return None
    return tuple((name, canonical(getattr(value, name), now)) for name in _slots(value) if name not in _DERIVED)


_FORMS: tuple[tuple[Any, Callable[[Any, float], Hashable]], ...] = (
    (float, lambda value, now: value - now),
    (str | int, lambda value, _: value),
    (Resource, lambda value, _: (value.type.name, value.name, value.version)),
    (ResourceType, lambda value, _: value.name),
    (Holding, lambda value, now: (id(value.base), canonical(dict(value.overlay), now))),
    (Collection | Snapshot | Policy | Enum, lambda value, _: id(value)),
    (set | frozenset, lambda value, now: frozenset(canonical(each, now) for each in value)),
    (list | tuple, lambda value, now: tuple(canonical(each, now) for each in value)),
    (
        Mapping,
        lambda value, now: frozenset((_key(key, now), canonical(each, now)) for key, each in value.items()),
    ),
)


def _key(value: Any, now: float) -> Hashable:
    # What a machine is like is told where it is found by its name.
    return (value.owner, value.row.name) if isinstance(value, Machine) else canonical(value, now)


def _slots(value: object) -> Iterator[str]:
    for base in type(value).__mro__:
        for name in base.__dict__.get("__slots__", ()):
            if hasattr(value, name):
                yield name
    yield from getattr(value, "__dict__", ())


def _is_state(value: object) -> bool:
    kind = type(value)
    frozen = getattr(kind, "__dataclass_params__", None)
    ours = any(base.__module__.startswith("legation.protocol") for base in kind.__mro__)
    return ours and not isinstance(value, Enum) and not (frozen is not None and frozen.frozen)
