"""Machines: all machines of one client, found by what they ask for and by whether there may be something to tell them.

An Envoy without ADS has a stream for each of its clusters and routes: thousands of machines of one type, with one name
each. Nothing may be asked of all of them at each turn, so those are a *crowd*: found by their name, and looked at only
since something happened that concerns them. The few machines of any other client are asked one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection, Snapshot
from legation.protocol.machine import Machine

FEW = 8
"""Machines of one type. To ask so many costs no more than to find the right one."""


class Machines:
    """The machines of one client."""

    __slots__ = ("_in_order", "_speaking", "_types")

    def __init__(self) -> None:
        self._in_order: tuple[Machine, ...] | None = ()
        """All of them, in the order of delivery; None where one type has a crowd."""
        self._types: dict[ResourceType, _OfType] = {}
        """In the order of delivery."""
        self._speaking: dict[object, int] = {}
        """How many types each stream speaks of."""

    def __repr__(self) -> str:
        return repr([*self])

    def __iter__(self) -> Iterator[Machine]:
        return chain.from_iterable(machines.all() for machines in self._types.values())

    def _arrange(self) -> None:
        self._in_order = None if any(machines.crowded for machines in self._types.values()) else tuple(self)

    def open(self, machine: Machine) -> None:
        """Take a machine in that has not been asked for anything yet."""
        row = machine.row
        if row not in self._types:
            self._types[row] = _OfType()
            self._types = {each: self._types[each] for each in sorted(self._types, key=lambda each: each.order)}
        self._types[row].take(machine)
        self._speaking[machine.owner] = self._speaking.get(machine.owner, 0) + 1
        self._arrange()

    def close(self, machine: Machine) -> None:
        """Let a machine go."""
        self._types[machine.row].drop(machine, machine.subscription.only)
        self._speaking[machine.owner] -= 1
        if not self._speaking[machine.owner]:
            del self._speaking[machine.owner]
        self._arrange()

    def heard(self, machine: Machine, before: str | None) -> None:
        """Take note that a machine took a request.

        Args:
            machine: Which one.
            before: The only name that it asked for until then (`Subscription.only`).
        """
        if self._in_order is None:
            self._types[machine.row].heard(machine, before)

    def wake(self, machine: Machine) -> None:
        """Have the machine asked at the next turn: it is owed something."""
        if self._in_order is None:
            self._types[machine.row].wake(machine)

    def rest(self, machine: Machine, target: Collection) -> None:
        """Take note that the machine has nothing to say now."""
        if self._in_order is None:
            self._types[machine.row].rest(machine, target)

    def retarget(self, before: Snapshot, now: Snapshot) -> None:
        """Take the newest snapshot; O(changed)."""
        for row, machines in self._types.items() if self._in_order is None else ():
            machines.retarget(before[row], now[row])

    def awake(self) -> Iterator[Machine]:
        """Return those who may have something to say, in the order of delivery.

        What is sent of one type can wake machines of later ones: they come as well.
        """
        return self._awake() if self._in_order is None else iter(self._in_order)

    def _awake(self) -> Iterator[Machine]:
        for machines in tuple(self._types.values()):
            yield from tuple(machines.awake())

    def speak_of(self, row: ResourceType) -> bool:
        """Say whether there is one of that type."""
        return row in self._types and next(self._types[row].all(), None) is not None

    def covering(self, row: ResourceType, name: str) -> Iterator[Machine]:
        """Return those whose client wants that resource."""
        return self._types[row].covering(name) if row in self._types else iter(())

    def among(self, row: ResourceType, names: frozenset[str]) -> Iterator[tuple[Machine, frozenset[str]]]:
        """Yield those who may want one of these names, and which names they may want."""
        return self._types[row].among(names) if row in self._types else iter(())

    def covers(self, row: ResourceType, name: str) -> bool:
        """Say whether any of them wants that resource."""
        return next(self.covering(row, name), None) is not None

    def unsettled(self, row: ResourceType) -> Iterator[Machine]:
        """Return those of a type whose client may hold something else than the snapshot has for it."""
        return self._types[row].unsettled() if row in self._types else iter(())

    def joined(self, machine: Machine) -> bool:
        """Say whether the machine's stream speaks of other types too: an ADS stream."""
        return self._speaking.get(machine.owner, 0) > 1


class _OfType:
    """The machines of one type."""

    __slots__ = ("_crowd", "_few")

    def __init__(self) -> None:
        self._few: list[Machine] = []
        """Those that are always asked."""
        self._crowd: _Crowd | None = None

    @property
    def crowded(self) -> bool:
        return self._crowd is not None

    def take(self, machine: Machine) -> None:
        if self._crowd is None and len(self._few) >= FEW:
            self._crowd = _Crowd()
            before, self._few = self._few, []
            for each in before:
                self._place(each)
        self._place(machine)

    def drop(self, machine: Machine, name: str | None) -> None:
        if self._crowd is None or name is None:
            self._few.remove(machine)
        else:
            self._crowd.drop(machine, name)

    def heard(self, machine: Machine, before: str | None) -> None:
        if self._crowd is None:
            return
        if before != machine.subscription.only:
            self.drop(machine, before)
            self._place(machine)
        self.wake(machine)

    def wake(self, machine: Machine) -> None:
        if self._crowd is not None and machine.subscription.only is not None:
            self._crowd.wake(machine)

    def rest(self, machine: Machine, target: Collection) -> None:
        if self._crowd is not None:
            self._crowd.rest(machine, target)

    def retarget(self, before: Collection, now: Collection) -> None:
        if self._crowd is not None and now is not before:
            difference = now.since(before)
            self._crowd.wake_named(chain(difference.changed, difference.removed))

    def awake(self) -> Iterator[Machine]:
        return iter(self._few) if self._crowd is None else chain(self._few, self._crowd.awake)

    def all(self) -> Iterator[Machine]:
        return iter(self._few) if self._crowd is None else chain(self._few, self._crowd)

    def covering(self, name: str) -> Iterator[Machine]:
        found = (machine for machine in self._few if machine.covers(name))
        return found if self._crowd is None else chain(found, self._crowd.of(name))

    def among(self, names: frozenset[str]) -> Iterator[tuple[Machine, frozenset[str]]]:
        for machine in self._few:
            yield machine, names
        if self._crowd is not None:
            for name in names:
                for machine in self._crowd.of(name):
                    yield machine, frozenset({name})

    def unsettled(self) -> Iterator[Machine]:
        return iter(self._few) if self._crowd is None else chain(self._few, self._crowd.unsettled)

    def _place(self, machine: Machine) -> None:
        name = machine.subscription.only
        machine.apart = self._crowd is not None and name is not None
        if self._crowd is None or name is None:
            self._few.append(machine)
        else:
            self._crowd.take(machine, name)


class _Crowd:
    """Machines that ask for one name each.

    One of them rests when its client was told all that the snapshot has for it and nothing else is owed: then only a
    request of its own, a change of that one resource, or what is sent of another type gives it anything to say.
    """

    __slots__ = ("_by_name", "awake", "unsettled")

    def __init__(self) -> None:
        self._by_name: dict[str, tuple[Machine, ...]] = {}
        self.awake: dict[Machine, None] = {}
        """Those who may have something to say."""
        self.unsettled: dict[Machine, None] = {}
        """Those, and who has not answered yet."""

    def __iter__(self) -> Iterator[Machine]:
        return chain.from_iterable(self._by_name.values())

    def take(self, machine: Machine, name: str) -> None:
        self._by_name[name] = (*self._by_name.get(name, ()), machine)
        self.wake(machine)

    def drop(self, machine: Machine, name: str) -> None:
        others = tuple(each for each in self._by_name.pop(name) if each is not machine)
        if others:
            self._by_name[name] = others
        self.awake.pop(machine, None)
        self.unsettled.pop(machine, None)

    def of(self, name: str) -> Iterator[Machine]:
        return iter(self._by_name.get(name, ()))

    def wake(self, machine: Machine) -> None:
        self.awake[machine] = self.unsettled[machine] = None

    def wake_named(self, names: Iterator[str]) -> None:
        for name in names:
            for machine in self._by_name.get(name, ()):
                self.wake(machine)

    def rest(self, machine: Machine, target: Collection) -> None:
        if machine.at_rest(target):
            self.awake.pop(machine, None)
            if machine.ledger.settled and not machine.claims:
                self.unsettled.pop(machine, None)
