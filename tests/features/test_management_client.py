"""`legation.client` against a real server: what its caller sees of conflicts, of restarts and of who has what."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from legation.client import (
    ApplyRefused,
    AsyncClient,
    Client,
    ClientError,
    Event,
    FieldConflict,
    Host,
    KeptElsewhere,
    NotFound,
    ObjectChange,
    Outcome,
    ProblemChange,
    Reference,
    Refused,
    Route,
    Synced,
    VersionConflict,
)
from legation.testing import FakeEnvoy
from tests.features.test_cli_serve import Server, serving

PATIENCE = 30


def cluster(name: str, *, seconds: int = 1, **metadata: Any) -> dict[str, Any]:
    config = {"name": name, "type": "STATIC", "connect_timeout": f"{seconds}s"}
    return {
        "apiVersion": "bootes.io/v1",
        "kind": "Cluster",
        "metadata": {"name": name, **metadata},
        "spec": {"config": config},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "manifests").mkdir()
    return tmp_path


def options(folder: Path) -> tuple[str, ...]:
    return ("--state-dir", str(folder / "state"), "--management-port", "0")


def at_socket(folder: Path, path: Path) -> tuple[str, ...]:
    return ("--state-dir", str(folder / "state"), "--management-socket", str(path))


@pytest.fixture
def server(folder: Path) -> Iterator[tuple[Server, str, str]]:
    """A server, its management API and its port for Envoys."""
    with serving(folder / "manifests", *options(folder)) as made:
        ready = made.wait_event("ready")
        yield made, ready["management"][0], ready["xds"]


@pytest.fixture
def client(server: tuple[Server, str, str]) -> Iterator[Client]:
    with Client(server[1], timeout=PATIENCE) as made:
        yield made


def test_fields_have_owners(client: Client) -> None:
    (made,) = client.apply(cluster("web"), field_manager="one")
    assert made.outcome is Outcome.CREATED
    (again,) = client.apply(cluster("web"), field_manager="one")
    assert (again.outcome, again.object) == (Outcome.UNCHANGED, made.object)
    with pytest.raises(FieldConflict) as conflict:
        client.apply(cluster("web", seconds=2), field_manager="two")
    assert conflict.value.managers == ("one",)
    assert [(each.item, each.path) for each in conflict.value.conflicts] == [(0, "spec.config.connect_timeout")]
    (forced,) = client.apply(cluster("web", seconds=2), field_manager="two", force=True, dry_run=True)
    assert forced.outcome is Outcome.CHANGED
    assert client.get("Cluster", "web").manifest["spec"]["config"]["connect_timeout"] == "1s"
    owners = client.get("Cluster", "web", managed_fields=True).manifest["metadata"]["managedFields"]
    assert [each["manager"] for each in owners] == ["one"]


def test_all_of_it_is_stored_or_nothing(client: Client) -> None:
    broken = cluster("broken")
    broken["spec"]["config"]["connect_timeout"] = "soon"
    with pytest.raises(ApplyRefused) as refused:
        client.apply(cluster("web"), broken)
    assert [(each.item, each.path) for each in refused.value.violations] == [(1, "spec.config.connect_timeout")]
    assert list(client.list()) == []


def test_what_a_file_has_is_kept_there(folder: Path) -> None:
    (folder / "manifests" / "web.json").write_text(json.dumps(cluster("web")))
    with (
        serving(folder / "manifests", *options(folder)) as server,
        Client(server.wait_event("ready")["management"][0], timeout=PATIENCE) as client,
    ):
        with pytest.raises(KeptElsewhere, match=r"web\.json") as kept:
            client.apply(cluster("api"), cluster("web", seconds=2))
        assert [each.item for each in kept.value.violations] == [1]
        assert list(client.list()) == []


def test_versions_are_checked(client: Client) -> None:
    (made,) = client.apply(cluster("web"))
    client.apply(cluster("web", seconds=2))
    with pytest.raises(VersionConflict):
        client.delete(made.object)
    with pytest.raises(VersionConflict):
        client.apply(cluster("web", seconds=3, resourceVersion=made.object.resource_version))
    assert [str(each) for each in client.delete(Reference("Cluster", "web"))] == ["cluster.bootes.io/web"]
    with pytest.raises(NotFound):
        client.get("Cluster", "web")
    with pytest.raises(NotFound):
        client.delete(Reference("Cluster", "web"))
    assert client.delete(Reference("Cluster", "web"), missing_ok=True) == ()
    with pytest.raises(Refused, match="socket"):
        client.get("Cluster", "web", secrets=True)


def test_pages_have_all_objects_and_labels_select_some(client: Client) -> None:
    client.apply(*(cluster(f"c{number}", labels={"odd": str(number % 2)}) for number in range(7)))
    assert [each.object.name for each in client.list(page_size=3)] == [f"c{number}" for number in range(7)]
    assert [each.object.name for each in client.list("Cluster", label_selector="odd=1")] == ["c1", "c3", "c5"]
    assert list(client.list("Cluster", namespace="shop")) == []


async def test_who_has_it_is_told(server: tuple[Server, str, str]) -> None:
    _, target, xds = server
    async with AsyncClient(target, timeout=PATIENCE) as client, FakeEnvoy(xds, node="edge") as envoy:
        (web,) = await client.apply(cluster("web"))
        found = await client.wait_accepted(web.object, at_least=1, timeout=PATIENCE)
        assert (bool(found), found.accepted_by) == (True, ("edge",))
        envoy.refuse("clusters", "web", "too blue")
        (web,) = await client.apply(cluster("web", seconds=2))
        found = await client.wait_accepted(web.object, at_least=1, timeout=PATIENCE)
        assert not found
        assert [(each.node, each.type, each.name) for each in found.refusals] == [("edge", "Cluster", "web")]
        await client.add_upstream("web-v2", hosts=[Host("10.0.0.1", 80)], weight=1, routes=[Route("none")])
        stored = await client.get("Upstream", "web-v2")
        assert all(each.level == "warning" for each in stored.problems)
        await client.remove_upstream("web-v2")
        await envoy.has("clusters", {"web"})


async def test_a_watch_outlives_its_server(folder: Path) -> None:
    lost: list[ClientError] = []
    path = folder / "api"
    with serving(folder / "manifests", *at_socket(folder, path)) as first:
        await asyncio.to_thread(first.wait_event, "ready")
        client = AsyncClient(str(path), timeout=PATIENCE)
        await client.apply(cluster("a"), cluster("b"))
        watch = client.watch("objects", lost=lost.append)
        said = await until_synced(watch)
        assert changes(said) == [("a", False), ("b", False)]
        await client.delete(Reference("Cluster", "a"))
        assert changes([await soon(watch)]) == [("a", True)]
        following = asyncio.ensure_future(soon(watch))
        await asyncio.to_thread(first.stop, signal.SIGKILL)
    with serving(folder / "manifests", *at_socket(folder, path)) as second:
        await asyncio.to_thread(second.wait_event, "ready")
        await client.apply(cluster("c"))
        found = [await following]
        while not changes(found):
            found.append(await soon(watch))
        assert changes(found) == [("c", False)]
        assert any(isinstance(each, Synced) for each in found)
        assert lost
        assert [each.object.name async for each in client.list()] == ["b", "c"]
        await watch.aclose()
        await client.close()


async def test_problems_come_and_go(server: tuple[Server, str, str]) -> None:
    async with AsyncClient(server[1], timeout=PATIENCE) as client:
        watch = client.watch("problems")
        await until_synced(watch)
        await client.add_upstream("lonely", hosts=[Host("10.0.0.1", 80)], weight=1, routes=[Route("none")])
        said = await soon(watch)
        assert isinstance(said, ProblemChange)
        assert (said.is_there, said.problem.object) == (True, Reference("Upstream", "lonely", group="legation.dev"))
        await client.remove_upstream("lonely")
        said = await soon(watch)
        assert isinstance(said, ProblemChange)
        assert not said.is_there


async def soon(watch: Any) -> Event:
    async with asyncio.timeout(PATIENCE):
        event: Event = await anext(watch)
        return event


async def until_synced(watch: Any) -> list[Event]:
    found = [await soon(watch)]
    while not isinstance(found[-1], Synced):
        found.append(await soon(watch))
    return found


def changes(events: list[Event]) -> list[tuple[str, bool]]:
    return [(each.stored.object.name, each.deleted) for each in events if isinstance(each, ObjectChange)]
