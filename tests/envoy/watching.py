"""Waiting until real requests, or Envoy's own pages, show what was to come; with a load that notices every failure."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import partial
from typing import Any

from demo.load import Load
from demo.proxy import Envoy

PATIENCE = 20.0
"""Seconds for what takes tenths of one."""
TOLERANCE = 0.15
"""How far the shares of recent answers may be from the weights: four standard deviations."""


class Watching:
    """One who looks at an Envoy from outside; `until` says how long, and what is told when it was in vain."""

    envoy: Envoy

    async def until(self, look: Any, what: str) -> Any:
        """Wait until the look finds something."""
        raise NotImplementedError

    @contextlib.asynccontextmanager
    async def load(self, listener: str = "front") -> AsyncIterator[Load]:
        """Send requests to a listener as long as the block lasts; at its end none may have failed."""
        port = await self.until(partial(self.envoy.listener_port, listener), f"listener {listener}")
        assert port
        async with Load(port) as load:
            yield load
        assert load.answers.total() > 0
        assert not load.failures, load.failures

    async def shares(self, load: Load, **expected: float) -> None:
        """Wait until the backends answer these parts of the requests."""

        async def agree() -> bool:
            seen = load.shares()
            return all(abs(seen.get(name, 0) - part) <= TOLERANCE * (0 < part < 1) for name, part in expected.items())

        await self.until(agree, f"shares {expected}, failures {load.failures}")

    async def more_answers(self, load: Load, count: int = 200) -> None:
        """Wait until that many more requests have been answered."""
        goal = load.answers.total() + count

        async def answered() -> bool:
            return load.answers.total() >= goal

        await self.until(answered, f"{count} more answers")

    async def count_to(self, least: Mapping[str, int]) -> None:
        """Wait until these counters of Envoy have come that far.

        Who compares the counts of updates waits so before every change: an answer has the newest in it, and what
        changes before it is given is no update of its own.
        """
        pattern = f"^({'|'.join(map(re.escape, least))})$"

        async def there() -> bool:
            found = await self.envoy.statistics(pattern)
            return all(found.get(name, 0) >= count for name, count in least.items())

        await self.until(there, f"counters {dict(least)}")

    async def clusters(self, *, has: Iterable[str] = (), lacks: Iterable[str] = ()) -> None:
        """Wait until Envoy has these clusters in use, and those no more."""

        async def right() -> bool:
            dumped = json.loads(await self.envoy.ask("/config_dump?resource=dynamic_active_clusters"))
            names = {each["cluster"]["name"] for each in dumped.get("configs", [])}
            return names.issuperset(has) and names.isdisjoint(lacks)

        await self.until(right, f"clusters {has} without {lacks}")
