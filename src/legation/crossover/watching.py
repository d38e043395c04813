"""All objects that are read, each by its name: followed as they change, or asked for once.

It knows whom to ask, and asks with the verbs get and watch alone. It refuses to know what an object means.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from typing import TypeAlias

from legation.clock import Clock
from legation.crossover.keeper import Heard
from legation.crossover.objects import CONFIG_MAP, Kept, reader, route_group, traffic_split
from legation.crossover.options import Options
from legation.crossover.splits import Seen
from legation.errors import KubeError, KubeUnreachable
from legation.kube.hearing import Api
from legation.kube.named_object import NamedObject
from legation.kube.watch_words import Missing
from legation.model.api_kinds import ApiKind

_HURRY = 1.0
"""Seconds in which all are asked for again when the API server is back."""

_Objects: TypeAlias = dict[str, NamedObject[Kept]]


class Watching:
    """The objects that the options name, and those that these name."""

    def __init__(self, client: Api, options: Options, *, changed: Callable[[], None], clock: Clock) -> None:
        """Ask nothing yet.

        Args:
            client: Who speaks to the API server.
            options: What there is.
            changed: Is told that something was heard.
            clock: What pauses are measured by.
        """
        self._client = client
        self._options = options
        self._changed = changed
        self._clock = clock
        splits = dict.fromkeys(name for names in options.splits.values() for name in names)
        self._config_maps = {name: self._object(CONFIG_MAP, name) for name in options.config_maps}
        self._splits = {name: self._object(traffic_split(options.split_version), name) for name in splits}
        self._groups: _Objects = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._together: asyncio.TaskGroup | None = None
        self._away: set[NamedObject[Kept]] = set()

    def heard(self) -> Heard:
        """Return what was heard by now."""
        return Heard(
            config_maps={name: _seen(each) for name, each in self._config_maps.items()},
            splits={name: _seen(each) for name, each in self._splits.items()},
            groups={name: _seen(each) for name, each in self._groups.items()},
        )

    def missing(self) -> Iterable[Missing]:
        """Yield why something is not followed as it should be."""
        for each in self._every():
            for missing in (each.missing, each.not_watched):
                if missing is not None:
                    yield missing

    async def look(self) -> list[str]:
        """Ask for each once, and return what went wrong, in words."""
        return await self._look(self._every())

    async def look_for_groups(self, names: Iterable[str]) -> list[str]:
        """Ask for these groups once, and return what went wrong."""
        self._groups = {name: self._group(name) for name in names}
        return await self._look(self._groups.values())

    async def run(self) -> None:
        """Follow all of them until cancelled."""
        async with asyncio.TaskGroup() as together:
            self._together = together
            for each in self._every():
                together.create_task(each.run())

    def follow(self, groups: Iterable[str]) -> None:
        """Follow these groups from now on, and no others; while `run` goes on."""
        if self._together is None:
            return
        wanted = set(groups)
        for name in self._groups.keys() - wanted:
            del self._groups[name]
            self._running.pop(name).cancel()
        for name in wanted - self._groups.keys():
            self._groups[name] = self._group(name)
            self._running[name] = self._together.create_task(self._groups[name].run())

    def hurry(self) -> None:
        """When one was answered again, have the others not wait any longer."""
        away = {each for each in self._every() if each.missing is not None and each.missing.unreachable}
        if any(each.current for each in self._away - away):
            for each in away:
                each.hurry(within=_HURRY)
        self._away = away

    async def _look(self, objects: Iterable[NamedObject[Kept]]) -> list[str]:
        found = await asyncio.gather(*(_look(each) for each in objects))
        return [each for each in found if each]

    def _every(self) -> tuple[NamedObject[Kept], ...]:
        return (*self._config_maps.values(), *self._splits.values(), *self._groups.values())

    def _group(self, name: str) -> NamedObject[Kept]:
        return self._object(route_group(self._options.split_version), name)

    def _object(self, kind: ApiKind, name: str) -> NamedObject[Kept]:
        return NamedObject(
            self._client,
            kind,
            namespace=self._options.namespace,
            name=name,
            decode=reader(kind),
            changed=self._changed,
            clock=self._clock,
            chance=random.random,
            watch=self._options.watch,
            interval=self._options.interval,
        )


async def _look(each: NamedObject[Kept]) -> str:
    try:
        await each.look()
    except (KubeError, KubeUnreachable) as error:
        return str(each.missing or error)
    return ""


def _seen(each: NamedObject[Kept]) -> Seen:
    return Seen(kept=each.object, answered=each.asked, unreadable=each.unreadable)
