"""The API server goes away and comes back: no file is touched, nobody ends, and what changes right after arrives."""

from __future__ import annotations

import asyncio

import pytest

from tests.cluster.sidecars import Sidecars, config_map, split
from tests.cluster.stage import Stage
from tests.cluster.test_files_contents import ROUTES

pytestmark = pytest.mark.timeout(90)


async def test_an_api_server_that_is_away_touches_no_file(sidecars: Sidecars, stage: Stage) -> None:
    """Who is told to end meanwhile does so in time; who is started meanwhile waits for it."""
    data = {"notes.txt": "one\n", "rds.yaml": ROUTES}
    await sidecars.allow()
    sidecars.allow_sync()
    stage.apply(config_map(stage.namespace, data), split(stage.namespace, blue=1, green=0))
    follow = [sidecars.crossover(), sidecars.sync(), sidecars.loader("--watch")]
    leave = [sidecars.crossover(), sidecars.sync()]
    for each in (*follow, *leave):
        await each.stands(data)
    before = [each.numbers() for each in follow]
    async with stage.without_api(crash=True):
        late = sidecars.crossover()
        for each in (*follow, *leave):
            await each.said("API server", '"level": "warning"')
        assert await asyncio.gather(*(each.stop() for each in leave)) == [0, 0]
        assert [each.numbers() for each in follow] == before
        assert not late.files()
    changed = {"notes.txt": "two\n", "rds.yaml": ROUTES.replace("# one", "# two")}
    stage.apply(config_map(stage.namespace, changed), split(stage.namespace, blue=2, green=1))
    weighed = changed["rds.yaml"].replace("weight: 1", "weight: 2").replace("weight: 0", "weight: 1")
    crossover, sync, loader = follow
    for each in (crossover, sync, late):
        await each.stands({**changed, "rds.yaml": weighed})
    await loader.stands(changed)
    assert await asyncio.gather(*(each.stop() for each in (*follow, late))) == [0, 0, 0, 0]
