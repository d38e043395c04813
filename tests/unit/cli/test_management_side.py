"""The management API of a server: where objects are kept, and what is served."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from legation.cli.management_side import ManagementSide, kept_in
from legation.errors import SettingsError
from legation.settings import Management
from tests.fakes import FakeSource
from tests.unit.api.management.stores import FakePlane, FakeStore


def side(**settings: object) -> ManagementSide:
    found = Management(**settings)  # type: ignore[arg-type]  # as a test says them
    return ManagementSide(found, store=FakeStore(), source=FakeSource(), grace=1.0)


def test_without_a_folder_nothing_can_be_kept() -> None:
    with pytest.raises(SettingsError, match="--kubernetes") as caught:
        kept_in(None, watched=None)
    assert caught.value.key == "--state-dir"


def test_the_folder_is_not_in_the_watched_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="which is watched"):
        kept_in(tmp_path / "state", watched=tmp_path)
    assert str(tmp_path / "state") in kept_in(tmp_path / "state", watched=tmp_path / "manifests").name


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"management_port": 0}, ["management"]),
        ({"management_socket": Path("api.sock")}, ["management"]),
        ({"management_http_port": 0}, ["management over HTTP"]),
        (
            {"management_port": 0, "management_http_port": 0, "management_http_socket": Path("http.sock")},
            ["management", "management over HTTP", "management over HTTP at its socket"],
        ),
    ],
)
def test_what_is_set_is_served(settings: dict[str, object], names: list[str]) -> None:
    assert Management(**settings).is_on  # type: ignore[arg-type]  # as a test says them
    assert [each.name for each in side(**settings).transports] == names
    assert not Management().is_on


async def test_all_of_it_listens_until_it_is_stopped(tmp_path: Path) -> None:
    it = side(
        management_port=0,
        management_socket=tmp_path / "grpc.sock",
        management_http_port=0,
        management_http_socket=tmp_path / "http.sock",
    )
    it.serve(FakePlane())
    started = [asyncio.Event() for _ in it.transports]
    feed: object = None
    running = [
        asyncio.create_task(each.run(feed, started=event.set))  # type: ignore[arg-type]  # they want none
        for each, event in zip(it.transports, started, strict=True)
    ]
    async with asyncio.timeout(30):
        for event in started:
            await event.wait()
    port, socket, http, http_socket = it.addresses
    assert port.startswith("localhost:")
    assert not port.endswith(":0")
    assert http.startswith("http://localhost:")
    assert (socket, http_socket) == (f"unix:{tmp_path}/grpc.sock", f"unix:{tmp_path}/http.sock")
    for each in running:
        each.cancel()
    async with asyncio.timeout(30):
        await asyncio.wait(running)
    assert not await asyncio.to_thread(lambda: list(tmp_path.iterdir()))


async def test_the_store_is_closed_at_the_end() -> None:
    closed = []

    async def close() -> None:
        closed.append(True)

    it = ManagementSide(Management(), store=FakeStore(), source=FakeSource(), grace=1.0, closed=close)
    await it.aclose()
    assert closed == [True]
    await side().aclose()
