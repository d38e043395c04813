"""What is in ConfigMaps of a real API server becomes files, however much it is and whatever comes in the way."""

from __future__ import annotations

import random
import string
from pathlib import Path

import pytest

from tests.cluster.admin import Admin, Object, Refused, reference
from tests.cluster.own_disk import OwnDisk
from tests.cluster.sidecars import FILES, SHOP, Sidecar, Sidecars, config_map, split
from tests.cluster.stage import Stage

pytestmark = pytest.mark.timeout(90)

MOST = 1024 * 1024
"""Bytes of all values of a ConfigMap, for the API server."""
CHANGES = 5
ROUTES = """\
resources:   # one
- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
  name: all
  virtual_hosts:
  - name: shop
    domains: ['*']
    routes:
    - {match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: blue, weight: 1}, {name: green, weight: 0}]}}}
"""


def large(seed: int) -> str:
    """Return as much as a ConfigMap may hold, with whatever a text may hold; no two seeds are alike anywhere."""
    words = random.Random(seed).choices([*string.printable, "é", "☂", "𝄞", '"', "\\", "\u2028", "\x7f"], k=4000)
    block = "".join(words)
    size = len(block.encode())
    text = f"{seed}" + block * ((MOST - 1) // size)
    return text + "#" * (MOST - len(text.encode()))


async def begin(sidecars: Sidecars, program: str, data: dict[str, str]) -> Sidecar:
    """Have the ConfigMap and a program that follows it; its files stand there."""
    await sidecars.allow()
    # Not by `apply`: the API server then takes the request for YAML, which knows fewer characters.
    sidecars.admin.create(config_map(sidecars.namespace, data))
    if program == "sync":
        sidecars.allow_sync()
        sidecar = sidecars.sync()
    else:
        sidecar = sidecars.crossover() if program == "crossover" else sidecars.loader("--watch")
    await sidecar.stands(data)
    return sidecar


EVERY = pytest.mark.parametrize("program", ["crossover", "loader", "sync"])


@EVERY
async def test_of_the_largest_config_map_every_change_arrives_byte_for_byte(sidecars: Sidecars, program: str) -> None:
    sidecar = await begin(sidecars, program, {"notes.txt": large(0)})
    for seed in range(1, 1 + CHANGES):
        data = {"notes.txt": large(seed)}
        sidecars.admin.patch(config_map(sidecars.namespace, data))
        await sidecar.stands(data)
    assert await sidecar.stop() == 0


@EVERY
async def test_of_two_hundred_keys_the_one_that_changed_is_written(sidecars: Sidecars, program: str) -> None:
    data = {f"note-{number:03}.txt": f"{number}\n" for number in range(200)}
    sidecar = await begin(sidecars, program, data)
    before = sidecar.numbers()
    sidecars.admin.patch(config_map(sidecars.namespace, {"note-117.txt": "other\n"}))
    await sidecar.stands({**data, "note-117.txt": "other\n"})
    assert {name for name, number in sidecar.numbers().items() if number != before[name]} == {"note-117.txt"}


@EVERY
async def test_a_config_map_that_is_deleted_leaves_its_files_and_may_come_back(
    sidecars: Sidecars, program: str
) -> None:
    data = {"notes.txt": "one\n", "rds.yaml": ROUTES}
    sidecar = await begin(sidecars, program, data)
    before = sidecar.numbers()
    sidecars.admin.delete(config_map(sidecars.namespace, {}))
    await sidecar.said(FILES, "stay")
    assert sidecar.numbers() == before
    fresh = {"notes.txt": "two\n", "rds.yaml": ROUTES}
    sidecars.stage.apply(config_map(sidecars.namespace, fresh))
    await sidecar.stands(fresh)
    assert sidecar.numbers()["rds.yaml"] == before["rds.yaml"]


@pytest.mark.parametrize("program", ["crossover", "sync"])
async def test_a_full_disk_changes_nothing_and_when_there_is_room_the_newest_is_written(
    sidecars: Sidecars, stage: Stage, program: str
) -> None:
    await sidecars.allow()
    sidecars.allow_sync()
    before = {"a.txt": "a" * 50_000, "b.txt": "b" * 50_000}
    stage.apply(config_map(stage.namespace, before))
    disk = OwnDisk(sidecars.fresh(), size="256k")
    start = sidecars.sync if program == "sync" else sidecars.crossover
    sidecar = start(output=disk.folder, disk=disk)
    await sidecar.stands(before)
    filler = sidecar.output / "filler"
    fill(filler)
    numbers = sidecar.numbers()
    for name in ("c", "d"):
        stage.apply(config_map(stage.namespace, dict.fromkeys(before, name * 50000)))
    await sidecar.said("the disk is full")
    assert sidecar.numbers() == numbers
    assert sidecar.files() == {name: text.encode() for name, text in before.items()}
    filler.unlink()
    await sidecar.stands(dict.fromkeys(before, "d" * 50000))
    assert not list((sidecar.output / "new").iterdir())
    assert await sidecar.stop() == 0


def fill(path: Path) -> None:
    """Fill a disk to the last page."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            return


# -------------------------------------------------------------------------------------------------------------- rights


@pytest.mark.parametrize("program", ["crossover", "loader"])
async def test_get_and_watch_of_two_names_are_enough(sidecars: Sidecars, stage: Stage, program: str) -> None:
    """An init container writes the files, and who comes after it finds them as they should be."""
    data = {"rds.yaml": ROUTES}
    await sidecars.allow()
    refused(stage, sidecars.token)
    stage.apply(config_map(stage.namespace, data), split(stage.namespace, blue=3, green=1))
    wanted = {"rds.yaml": ROUTES.replace("weight: 1", "weight: 3").replace("weight: 0", "weight: 1")}
    if program == "loader":
        follows = sidecars.loader("--watch")
        await follows.stands(data)
        stage.apply(config_map(stage.namespace, {"rds.yaml": "other\n"}))
        await follows.stands({"rds.yaml": "other\n"})
        return
    output = sidecars.fresh()
    once = sidecars.crossover("--onetime", output=output, watch=False)
    assert await once.ends() == 0
    assert once.files() == {name: text.encode() for name, text in wanted.items()}
    numbers = once.numbers()
    follows = sidecars.crossover(output=output)
    await follows.ready()
    assert follows.numbers() == numbers
    stage.apply(split(stage.namespace, blue=0, green=5))
    await follows.stands({"rds.yaml": ROUTES.replace("weight: 0", "weight: 5").replace("weight: 1", "weight: 0")})
    assert not [each for each in follows.lines() if each["level"] in {"warning", "error"}]


def refused(stage: Stage, token: str) -> None:
    """Look that the account may do nothing else: neither list, nor write, nor see what is called otherwise."""
    name: Object = config_map(stage.namespace, {})
    with Admin(stage.house.api, token) as account:
        for ask in (
            lambda: account.list("v1", "ConfigMap", stage.namespace),
            lambda: account.list("split.smi-spec.io/v1alpha2", "TrafficSplit", stage.namespace),
            lambda: account.get(reference("v1", "ConfigMap", "other", stage.namespace)),
            lambda: account.create(name),
            lambda: account.patch(name | {"data": {"a": "b"}}),
            lambda: account.delete(reference("split.smi-spec.io/v1alpha2", "TrafficSplit", SHOP, stage.namespace)),
        ):
            with pytest.raises(Refused, match="Forbidden"):
                ask()
