"""A certificate that somebody else keeps, in a folder as a kubelet writes it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from legation.pki import certificates
from legation.pki.certificates import Pair
from legation.testing import ManualClock
from legation.tls import shown as tls_shown
from legation.tls.files import PairFiles
from legation.tls.material import Material


class Shown(tls_shown.Shown):
    def __init__(self) -> None:
        super().__init__()
        self.certificates: list[bytes] = []

    def show(self, material: Material) -> None:
        super().show(material)
        self.certificates.append(material.certificate)


class World:
    """A folder whose files are links into another one, which is replaced as a whole."""

    def __init__(self, root: Path) -> None:
        self.root, self.shown, self.clock = root, Shown(), ManualClock()
        self.folder = PairFiles(root / "mount", shown=self.shown, clock=self.clock, code="webhook-certificate")
        self.authority = certificates.authority(now=time.time(), seconds=3600)
        self._count = 0
        (root / "mount").mkdir()

    def issue(self) -> Pair:
        return certificates.issue(self.authority, names=["a"], now=time.time(), seconds=3600)

    def mount(self, pair: Pair) -> Pair:
        self._count += 1
        data, link = self.root / f"data-{self._count}", self.root / "mount" / "..data"
        data.mkdir()
        (data / "tls.crt").write_bytes(pair.certificate)
        (data / "tls.key").write_bytes(pair.key)
        fresh = self.root / "mount" / "..fresh"
        fresh.symlink_to(data)
        fresh.rename(link)
        for name in ("tls.crt", "tls.key"):
            if not (self.root / "mount" / name).is_symlink():
                (self.root / "mount" / name).symlink_to(Path("..data") / name)
        return pair

    def words(self) -> list[str]:
        return [str(each) for each in self.folder.problems()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_is_there_is_shown_once(world: World) -> None:
    pair = world.mount(world.issue())
    world.folder.look()
    world.folder.look()
    assert world.shown.certificates == [pair.certificate]
    assert world.words() == []


def test_another_one_is_shown_when_the_link_is_swapped(world: World) -> None:
    pairs = [world.issue() for _ in range(2)]
    for each in pairs:
        world.mount(each)
        world.folder.look()
    assert world.shown.certificates == [each.certificate for each in pairs]


def test_before_anybody_has_made_one_that_is_told(world: World) -> None:
    world.folder.look()
    (words,) = world.words()
    assert words.endswith(
        "tls.crt cannot be read: no such file or directory; until then nobody can connect (put a certificate and its"
        " private key there as tls.crt and tls.key)"
    )
    world.mount(world.issue())
    world.folder.look()
    assert (world.words(), len(world.shown.certificates)) == ([], 1)


def test_a_pair_that_does_not_fit_is_told_and_the_one_before_stays(world: World) -> None:
    good, other = world.issue(), world.issue()
    world.mount(good)
    world.folder.look()
    world.mount(Pair(certificate=other.certificate, key=good.key))
    world.folder.look()
    assert "cannot be used together" in world.words()[0]
    assert world.shown.certificates == [good.certificate]
    world.mount(other)
    world.folder.look()
    assert (world.words(), world.shown.certificates[-1]) == ([], other.certificate)


async def test_it_is_looked_at_again_and_again(world: World) -> None:
    task = asyncio.create_task(world.folder.run())
    try:
        async with asyncio.timeout(20):
            for _ in range(2):
                pair = world.mount(world.issue())
                while world.shown.certificates[-1:] != [pair.certificate]:
                    await world.clock.advance(5)
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_that_it_ends_soon_is_told_as_long_as_nobody_renews_it(world: World) -> None:
    made = time.time()
    world.mount(certificates.issue(world.authority, names=["a"], now=made - 3000, seconds=3600))
    world.folder.look()
    (words,) = world.words()
    assert "the certificate that is shown expires on " in words
    assert words.endswith("nobody has put a newer one there (look at what renews it)")
    world.mount(world.issue())
    world.folder.look()
    assert world.words() == []


def test_files_that_change_while_they_are_read_are_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = world.mount(world.issue())
    moments = iter(range(100))
    monkeypatch.setattr("legation.tls.files.stamps", lambda paths: (next(moments), *paths))
    world.folder.look()
    assert "the files change all the time" in world.words()[0]
    assert world.shown.certificates == []
    # At first others are there than a moment later.
    changing = iter((1, 2, 2))
    monkeypatch.setattr("legation.tls.files.stamps", lambda paths: (next(changing), *paths))
    world.folder.look()
    assert (world.words(), world.shown.certificates) == ([], [pair.certificate])


def test_a_pipe_in_place_of_a_file_is_told_and_what_was_there_stays(world: World) -> None:
    pair = world.mount(world.issue())
    world.folder.look()
    (world.root / "mount" / "tls.crt").unlink()
    os.mkfifo(world.root / "mount" / "tls.crt")
    world.folder.look()
    assert "tls.crt cannot be read: it is no regular file; what was there before goes on" in world.words()[0]
    assert world.shown.certificates == [pair.certificate]


async def test_a_look_that_hangs_is_told_and_keeps_nobody_from_ending(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, mended = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def hang(_: Path) -> bytes:
        threads.append(threading.current_thread())
        hanging.set()
        mended.wait(20)
        return b""

    monkeypatch.setattr("legation.tls.files.read_small", hang)
    task = asyncio.create_task(world.folder.run())
    try:
        assert await asyncio.to_thread(hanging.wait, 20)
        assert world.words() == []
        monkeypatch.setattr("legation.tls.files.SLOW", 0.0)
        assert "cannot be read: it takes longer than 0 s; until then nobody can connect" in world.words()[0]
        task.cancel()
        await asyncio.wait([task], timeout=20)
        assert (task.cancelled(), world.words()) == (True, [])
        # The interpreter waits for others at its end.
        assert threads[0].daemon
    finally:
        mended.set()
