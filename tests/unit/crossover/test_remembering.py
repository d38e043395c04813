"""The last splits on a disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from legation.crossover.remembering import Remembering
from legation.model.objects import ManifestObject
from tests.unit.crossover.objects import split


def manifest(a: int) -> ManifestObject:
    """Return a split."""
    kept = split(a=a, b=1).kept
    assert kept is not None
    return kept.manifest


def remembering(folder: Path, *, writes: bool = True) -> Remembering:
    return Remembering(folder / "new", namespace="shop", writes=writes)


async def recalled(folder: Path) -> list[int]:
    """Return the weights that whoever comes next finds."""
    found = await remembering(folder).recall()
    return [each.body["spec"]["backends"][0]["weight"] for each in found]


async def test_what_one_keeps_the_next_recalls(tmp_path: Path) -> None:
    assert await recalled(tmp_path) == []
    one = remembering(tmp_path)
    for weight in (1, 2):
        await one.keep([manifest(weight)])
        assert await recalled(tmp_path) == [weight]
    assert [each.name for each in (tmp_path / "new").iterdir()] == [".last-splits.json"]


async def test_what_is_the_same_is_not_written_again(tmp_path: Path) -> None:
    one = remembering(tmp_path)
    await one.keep([manifest(1)])
    (file,) = (tmp_path / "new").iterdir()
    before = file.stat()
    again = remembering(tmp_path)
    await again.recall()
    for each in (one, again):
        await each.keep([manifest(1)])
    assert file.stat() == before


@pytest.mark.parametrize("writes", [True, False])
async def test_where_there_is_nothing_to_keep_nothing_is_made(tmp_path: Path, *, writes: bool) -> None:
    one = remembering(tmp_path, writes=writes)
    await one.keep([] if writes else [manifest(1)])
    assert await recalled(tmp_path) == []
    assert not (tmp_path / "new").exists()


async def test_a_disk_that_does_not_take_it_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "new").write_text("a file")
    one = remembering(tmp_path)
    assert await one.recall() == ()
    await one.keep([manifest(1)])
    assert "the last splits are not kept for a restart" in caplog.text
    (tmp_path / "new").unlink()
    await one.keep([manifest(1)])
    assert await recalled(tmp_path) == [1]


async def test_a_file_that_cannot_be_read_is_told_and_as_if_there_were_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "new" / ".last-splits.json").mkdir(parents=True)
    assert await recalled(tmp_path) == []
    assert "the last splits cannot be read" in caplog.text
