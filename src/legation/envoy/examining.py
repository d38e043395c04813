"""One walk over a finished message, into every `Any`: Envoy's own rules, and the lints of each message's type.

It never raises and never changes the message. Paths are those of the protos: names in snake_case, indexes, keys of
maps; they are put together only where something is wrong, on the way back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from google.protobuf import any_pb2
from google.protobuf.message import DecodeError

from legation.envoy import anys, typed_structs, types
from legation.envoy.constraints import unasked
from legation.envoy.constraints.compiling import NONE, Check, Findings, Must, compiled
from legation.envoy.findings import Finding
from legation.envoy.lints import DELIVERED, LINTS
from legation.envoy.lints.base import Lint
from legation.envoy.memory import Memory
from legation.envoy.understanding import understood
from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT, LB_ENDPOINT

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

_REMEMBERED = 1 << 16
"""For how many contents it is remembered what was wrong."""
_memory: Memory[Findings] = Memory(_REMEMBERED)


def examine(message: Message) -> Findings:
    """Return what is wrong with a message, or probably wrong."""
    descriptor = message.DESCRIPTOR
    try:
        return _plan(descriptor, delivered=descriptor.full_name == CLUSTER_LOAD_ASSIGNMENT.message).walk(message)
    except RecursionError:
        return (Finding(code="too-deep", message="too many levels inside each other"),)


def examined(message: Message, body: bytes) -> Findings:
    """Return the same, from memory where the same content was examined before.

    Args:
        message: The message.
        body: Its bytes. Messages of equal content whose bytes differ are examined once each.
    """
    return _memory.recall(message, body, lambda it: tuple(examine(it)))


class _Plan:
    """What is looked at in messages of one type, or in those that stand in an assignment which is delivered itself."""

    __slots__ = ("_delivered", "_descriptor", "walk")

    def __init__(self, descriptor: Descriptor, *, delivered: bool) -> None:
        self._descriptor = descriptor
        self._delivered = delivered
        self.walk: Check = self._first
        """Return what is wrong with a message, with paths that begin at it."""

    def _first(self, message: Any) -> Findings:
        # Not in __init__: a message type can hold itself.
        self.walk = self._prepared()
        return self.walk(message)

    def _prepared(self) -> Check:
        rules = compiled(self._descriptor)
        steps: dict[FieldDescriptor, Check] = {}
        for field in self._descriptor.fields:
            own = rules.fields.get(field)
            inner = None if field.full_name in unasked.UNREAD else _into(field, delivered=self._delivered)
            if inner and (field in rules.skipped or field.full_name in unasked.FOR_OTHERS):
                inner = _lowered(inner)
            if own and inner:
                steps[field] = _both(own, inner)
            elif step := own or inner:
                steps[field] = step
        name = self._descriptor.full_name
        lints = (*LINTS.get(name, ()), *(DELIVERED.get(name, ()) if self._delivered else ()))
        return _walk(rules.musts, steps, lints)


def _walk(musts: tuple[Must, ...], steps: Mapping[FieldDescriptor, Check], lints: tuple[Lint, ...]) -> Check:
    # What is set says of most messages that they lack nothing: so nothing has to be asked of them.
    bits = {field: 1 << at for at, must in enumerate(musts) for field in must.fields}
    every = (1 << len(musts)) - 1
    row_of = {field: (steps.get(field, _fine), bits.get(field, 0)) for field in (*steps, *bits)}.get

    def walk(message: Any) -> Findings:
        found: list[Finding] = []
        met = 0
        for field, value in message.ListFields():
            row = row_of(field)
            if row is not None:
                step, bit = row
                met |= bit
                if wrong := step(value):
                    found += wrong
        if met != every:
            lacking = [must.finding for must in musts if must.missing(message)]
            found = [*unasked.missed(message, lacking), *found] if lacking else found
        for lint in lints:
            found += lint(message)
        return found

    return walk


def _fine(_: object) -> Findings:
    return NONE


class _AnyPlan(_Plan):
    """What is looked at in an `Any`: the message in it, whose fields stand beside its type."""

    __slots__ = ()

    def _prepared(self) -> Check:
        return _walk_any


def _walk_any(message: Any) -> Findings:
    read, plan, sure = _extension(message.type_url)
    try:
        if plan is not None:
            wrong = plan.walk(read(message.value))
            return wrong if not wrong or sure else unasked.lowered(wrong)
        inner = understood(message)
    except DecodeError:
        return NONE
    if inner is None:
        return NONE
    # Of a TypedStruct only a part may be understood; `softening` knows what a rule may miss for that.
    wrong = _plan(inner.DESCRIPTOR).walk(inner)
    return wrong if not wrong or unasked.is_asked(inner.DESCRIPTOR.full_name) else unasked.lowered(wrong)


@lru_cache(maxsize=4096)
def _extension(url: str) -> tuple[Callable[[bytes], Message], _Plan | None, bool]:
    """Return what reads the message in an `Any`, what is looked at in it, and whether Envoy asks its rules."""
    name = types.type_name(url)
    descriptor = None if name in typed_structs.NAMES else types.find(name)
    if descriptor is None:
        return any_pb2.Any.FromString, None, False
    return types.message_class(name).FromString, _plan(descriptor), unasked.is_asked(name)


class _EndpointPlan(_Plan):
    """What is looked at in an endpoint. Assignments are made anew all the time, with nearly the same endpoints."""

    __slots__ = ()

    def _prepared(self) -> Check:
        walk = super()._prepared()
        fine: set[bytes] = set()

        def walk_unknown(message: Any) -> Findings:
            body = message.SerializeToString()
            if body in fine:
                return NONE
            wrong = walk(message)
            if not wrong:
                if len(fine) >= _REMEMBERED:
                    fine.clear()
                fine.add(body)
            return wrong

        return walk_unknown


_PLANS: Mapping[str, type[_Plan]] = {types.ANY: _AnyPlan, LB_ENDPOINT.message: _EndpointPlan}


@cache
def _plan(descriptor: Descriptor, *, delivered: bool = False) -> _Plan:
    return _PLANS.get(descriptor.full_name, _Plan)(descriptor, delivered=delivered)


def _both(first: Check, second: Check) -> Check:
    return lambda value: (*first(value), *second(value))


def _into(field: Any, *, delivered: bool) -> Check | None:
    """Return the walk over what a field holds; None: there is nothing that could be wrong."""
    inner = field.message_type
    if inner is None:
        return None
    name = field.name
    if inner.GetOptions().map_entry:
        value_type = inner.fields_by_name["value"].message_type
        if value_type is None or _is_barren(value_type):
            return None
        return _into_map(name, _plan(value_type, delivered=delivered))
    if _is_barren(inner):
        return None
    plan = _plan(inner, delivered=delivered)
    return _into_list(name, plan) if field.is_repeated else _into_one(name, plan)


def _lowered(step: Check) -> Check:
    return lambda value: unasked.lowered(step(value))


def _into_one(name: str, plan: _Plan) -> Check:
    def step(value: Any) -> Findings:
        wrong = plan.walk(value)
        return _below(wrong, name) if wrong else NONE

    return step


def _into_list(name: str, plan: _Plan) -> Check:
    def step(values: Any) -> Findings:
        found: list[Finding] = []
        for index, value in enumerate(values):
            if wrong := plan.walk(value):
                found += _below(wrong, name, index)
        return found

    return step


def _into_map(name: str, plan: _Plan) -> Check:
    def step(values: Any) -> Findings:
        found: list[Finding] = []
        for key in values:
            if wrong := plan.walk(values[key]):
                found += _below(wrong, name, str(key))
        return found

    return step


def _below(wrong: Iterable[Finding], *path: str | int) -> list[Finding]:
    return [replace(each, path=(*path, *each.path)) for each in wrong]


@cache
def _is_barren(descriptor: Descriptor) -> bool:
    """Say whether nothing can be wrong in messages of that type."""
    seen: set[str] = set()
    left = [descriptor]
    while left:
        each = left.pop()
        if each.full_name in seen:
            continue
        seen.add(each.full_name)
        if each.full_name == types.ANY or each.full_name in LINTS:
            return False
        rules = compiled(each)
        if rules.musts or rules.fields:
            return False
        left += anys.within(each)
    return True
