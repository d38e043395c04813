"""A folder that crossover has left is taken over while an Envoy reads it: no request fails, and Envoy loads nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cluster.files_for_envoy import BLUE, GREEN, NumberedLoad, backends, files, reader, routes
from tests.cluster.sidecars import FILES, Sidecars, config_map, split
from tests.cluster.test_files_traffic import loaded

pytestmark = pytest.mark.timeout(90)


def left_by_crossover(output: Path, data: dict[str, str]) -> str:
    """Write what stands in its folder when it ends in the midst of a write, and return its file of routes.

    It writes YAML anew: comments are lost, keys are in another order. What it has not moved yet lies in `new`.
    """
    text = yaml.safe_dump(yaml.safe_load(routes(blue=75, green=25)))
    for folder in ("current", "new"):
        (output / folder).mkdir()
    for name, content in {**data, "rds.yaml": text, "gone.yaml": "resources: []\n"}.items():
        (output / "current" / name).write_text(content)
    (output / "new" / "rds.yaml").write_text(text[:100])
    return text


async def test_what_crossover_has_left_is_taken_over(sidecars: Sidecars) -> None:
    """Its ConfigMap with what it wrote stays as it is, too."""
    stage, output = sidecars.stage, sidecars.fresh()
    await sidecars.allow()
    async with backends(stage.folder / "backends", http2=False) as ports:
        data = files(ports, output, http2=False)
        text = left_by_crossover(output, data)
        generated = config_map(stage.namespace, {"rds.yaml": text}, f"{FILES}-gen")
        stage.apply(config_map(stage.namespace, data), split(stage.namespace, **{BLUE: 75, GREEN: 25}), generated)
        version = stage.admin.get(generated)["metadata"]["resourceVersion"]
        folder = (output / "current").stat().st_ino
        async with reader(output, stage.folder / "envoy") as edge:
            port = await edge.until(lambda: edge.envoy.listener_port("front"), "its port")
            before = await loaded(edge)
            async with NumberedLoad(port) as load:
                crossover = sidecars.crossover(output=output)
                numbers = crossover.numbers()
                await crossover.ready()
                taken = {**data, "rds.yaml": routes(blue=75, green=25), "gone.yaml": "resources: []\n"}
                assert crossover.files() == {name: each.encode() for name, each in taken.items()}
                assert {name for name, each in crossover.numbers().items() if each != numbers[name]} == {"rds.yaml"}

                async def heard() -> bool:
                    found = await edge.envoy.statistics(r"^http\.front\.rds\.all\.update_attempt$")
                    return sum(found.values()) >= 2

                await edge.until(heard, "the move of the file")
                assert await loaded(edge) == before
                stage.apply(split(stage.namespace, **{BLUE: 25, GREEN: 75}))

                async def loaded_again() -> bool:
                    return await loaded(edge) == before + 1

                await edge.until(loaded_again, "the other weights")
                await edge.more_answers(load)
            assert not load.failures, load.failures
            assert set(load.answers) == {BLUE, GREEN}
        assert (output / "current").stat().st_ino == folder
        assert stage.admin.get(generated)["metadata"]["resourceVersion"] == version
        assert await crossover.stop() == 0
