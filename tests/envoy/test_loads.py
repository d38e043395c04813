"""A real Envoy reports the load of its clusters."""

from __future__ import annotations

import re

from tests.envoy.world import World


async def test_the_load_of_an_envoy_stands_in_the_metrics_and_in_the_table(world: World, variant: str) -> None:
    """What went through it is what is told; clusters that did not come from us count as one."""
    await world.serve("--load-interval", "1s")
    await world.start_envoy(await world.bootstrap(variant, "--loads"))

    async def counted() -> float:
        found = re.search(
            r'^legation_upstream_requests_total\{cluster="blue",group="default"\} (\S+)',
            await world.metrics(),
            re.MULTILINE,
        )
        return float(found[1]) if found else 0.0

    async def busy() -> bool:
        return re.search(r"\bblue +[1-9]", await world.proxies("--loads")) is not None

    async with world.load() as load:
        await world.until(counted, "the first requests")
        before = await counted()
        await world.more_answers(load)
        await world.until(busy, "requests of a second in the table")
    sent = load.answers.total()

    async def all_told() -> bool:
        return await counted() >= before + 200

    await world.until(all_told, "the requests since")
    assert await counted() <= sent
    assert 'cluster="(others)"' in await world.metrics()
