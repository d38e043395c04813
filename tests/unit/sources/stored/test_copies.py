"""Readable files of what is stored."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest
import yaml

from legation.model.objects import ObjectKey
from legation.model.stored import NO_PRECONDITION
from legation.sources.stored.copies import path_of, text_of
from legation.sources.stored.store import StoredObjects
from tests.unit.sources.rig import codes
from tests.unit.sources.stored.stored_things import FakeDisk, a_store, key, soon, stored, thing


class AtOnce:
    """A clock that everything is due at."""

    def now(self) -> float:
        return 0.0

    async def sleep_until(self, moment: float) -> None:
        await asyncio.sleep(0)


def files(folder: Path) -> dict[str, object]:
    """Return what the specs of all files say, by their paths."""
    objects = folder / "objects"
    found = {}
    for path in objects.rglob("*"):
        try:
            if path.is_file():
                found[str(path.relative_to(objects))] = path.read_text()
        except FileNotFoundError:  # it was being put in its place
            continue
    return {path: yaml.safe_load(text)["spec"] for path, text in found.items() if path.endswith(".yaml")}


async def put(store: StoredObjects, name: str, spec: object, namespace: str = "default") -> None:
    await store.apply([thing(name, spec, namespace=namespace)], manager="me")


async def test_there_is_a_file_for_each_object_that_says_it_as_it_is(tmp_path: Path) -> None:
    async with a_store(tmp_path, clock=AtOnce()) as (store, _):
        await put(store, "a", {"x": [1, "yes"]})
        await put(store, "b", 1, "other")
        one, two = "default/Thing.bootes.io/a.yaml", "other/Thing.bootes.io/b.yaml"
        await soon(lambda: files(tmp_path) == {one: {"x": [1, "yes"]}, two: 1})
        await put(store, "a", 2)
        await soon(lambda: files(tmp_path) == {one: 2, two: 1})
        await store.delete([(key("a"), NO_PRECONDITION)])
        await soon(lambda: files(tmp_path) == {two: 1})
        text = (tmp_path / "objects" / two).read_text()
        assert text.startswith("# version 2, written for people to read: what is changed here is lost\napiVersion: ")
        assert yaml.safe_load(text) == (await store.get(key("b", "other"))).body


async def test_only_their_owner_can_read_them(tmp_path: Path) -> None:
    async with a_store(tmp_path, clock=AtOnce()) as (store, _):
        await put(store, "a", 1)
        await soon(lambda: len(files(tmp_path)) == 1)
    modes = {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "objects").rglob("*.yaml")}
    assert modes == {"0o600"}
    assert oct((tmp_path / "objects").stat().st_mode & 0o777) == "0o700"
    assert {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "objects").rglob("*") if path.is_dir()} == {
        "0o700"
    }


async def test_after_a_restart_they_are_what_the_journal_says_whatever_they_were(tmp_path: Path) -> None:
    async with a_store(tmp_path, clock=AtOnce()) as (store, _):
        await put(store, "a", 1)
        await put(store, "b", 1)
        await soon(lambda: len(files(tmp_path)) == 2)
    folder = tmp_path / "objects" / "default" / "Thing.bootes.io"
    (folder / "a.yaml").unlink()
    (folder / "b.yaml").write_text("spec: 7\n")
    (folder / "gone.yaml").write_text("spec: 7\n")
    async with a_store(tmp_path, clock=AtOnce()):
        await soon(
            lambda: files(tmp_path) == {"default/Thing.bootes.io/a.yaml": 1, "default/Thing.bootes.io/b.yaml": 1}
        )


async def test_what_stands_there_already_is_not_written_again(tmp_path: Path) -> None:
    async with a_store(tmp_path, clock=AtOnce()) as (store, _):
        await put(store, "a", 1)
        await soon(lambda: len(files(tmp_path)) == 1)
    path = tmp_path / "objects" / "default" / "Thing.bootes.io" / "a.yaml"
    before = path.stat().st_ino
    async with a_store(tmp_path, clock=AtOnce()) as (store, _):
        await put(store, "b", 1)
        await soon(lambda: len(files(tmp_path)) == 2)
        assert path.stat().st_ino == before


async def test_that_they_cannot_be_written_is_a_problem_and_keeps_nobody_from_putting_in_more(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("in the way")
    async with a_store(tmp_path, clock=AtOnce()) as (store, recorder):
        await put(store, "a", 1)
        await recorder.until(lambda state: codes(state) == {"stored-files-stale"})
        (tmp_path / "objects").unlink()
        await put(store, "b", 1)
        await recorder.until(lambda state: codes(state) == set())
        await soon(lambda: len(files(tmp_path)) == 2)


async def test_they_leave_room_for_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = 4000
    room = os.statvfs(tmp_path)
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((1, 1, 9999, free, free, *room[5:])))
    async with a_store(tmp_path, clock=AtOnce()) as (store, recorder):
        await put(store, "a", "x" * 500)
        await soon(lambda: len(files(tmp_path)) == 1)
        await put(store, "b", "x" * 2000)
        await recorder.until(lambda state: codes(state) == {"stored-files-stale"})
        assert "No space left" in str(recorder.newest.problems)
        assert len(files(tmp_path)) == 1
        free = 10_000
        await recorder.until(lambda state: codes(state) == set())
        await soon(lambda: len(files(tmp_path)) == 2)


async def test_what_is_written_half_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, _target: Path) -> Path:
        raise OSError(errno.ENOSPC, f"No space left on device for {path.name}")

    folder = tmp_path / "objects" / "default" / "Thing.bootes.io"
    folder.mkdir(parents=True)
    (folder / ".crashed.yaml.new").write_text("half")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        async with a_store(tmp_path, clock=AtOnce(), disk=FakeDisk()) as (store, recorder):
            await put(store, "a", 1)
            await recorder.until(lambda state: codes(state) == {"stored-files-stale"})
    assert [*folder.iterdir()] == []


@pytest.mark.parametrize(
    ("which", "path"),
    [
        (ObjectKey("bootes.io", "Cluster", "default", "a.b"), "default/Cluster.bootes.io/a.b.yaml"),
        (ObjectKey("", "Service", "web", "a"), "web/Service/a.yaml"),
    ],
)
def test_paths(which: ObjectKey, path: str) -> None:
    assert str(path_of(which)) == path


def test_long_names_make_paths_that_a_disk_takes_and_no_two_the_same() -> None:
    one, two = (path_of(ObjectKey("g" * 253, "K" * 63, "n" * 63, "a" * 250 + end)) for end in ("x", "y"))
    assert one != two
    assert all(len(part) < 250 for part in one.parts)


def test_text_is_as_people_write_it() -> None:
    shared = {"x": 1}
    text = text_of(stored("a", 7, {"one": shared, "two": shared, "ö": "ä"}))
    assert "&" not in text
    assert "ö: ä" in text
