"""The commands that ask a running server: `diff`, `blame`, `config`, `proxies --watch`, `render --admin`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from legation.model.node import Node
from legation.testing import FakeEnvoy
from tests.features.stage import SHOP, bootes, cluster
from tests.features.test_cli_serve import _LEGATION, serving

_PASSWORD = "open sesame"


def secret(word: str) -> dict[str, Any]:
    """Return an object with a password in it."""
    config = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
        "name": "word",
        "generic_secret": {"secret": {"inline_string": word}},
    }
    return {
        "apiVersion": "legation.dev/v1alpha1",
        "kind": "EnvoyResources",
        "metadata": {"name": "word"},
        "spec": {"resources": [config]},
    }


EDGE_ONLY = cluster("edge", labels={"app": "edge"})
"""For some Envoys alone."""


class Place:
    """A server on a folder, and what is asked of it."""

    def __init__(self, folder: Path, ready: dict[str, Any]) -> None:
        self.folder = folder
        self.xds = ready["xds"]
        self.admin = urlsplit(ready["admin"]).netloc

    def save(self, file: str, *objects: dict[str, Any], folder: Path | None = None) -> None:
        text = yaml.safe_dump_all(objects, sort_keys=False)
        fresh = self.folder.parent / file
        fresh.write_text(text, encoding="utf-8")
        fresh.rename((folder or self.folder) / file)

    async def run(self, command: str, *options: str | Path) -> tuple[int, str]:
        """Return the exit status of a command that asks the server, and what it prints."""
        done = await asyncio.to_thread(
            subprocess.run,
            (_LEGATION, command, *map(str, options), "--admin", self.admin),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr

    async def until(self, words: str, command: str, *options: str | Path) -> str:
        """Run a command again until it prints these words."""
        async with asyncio.timeout(30):
            while True:
                _, printed = await self.run(command, *options)
                if re.search(words, printed):
                    return printed


@asynccontextmanager
async def placed(folder: Path) -> AsyncIterator[Place]:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(folder))
        ready = await asyncio.to_thread(server.wait_event, "ready")
        yield Place(folder, ready)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    folder = tmp_path / "manifests"
    folder.mkdir()
    for number, each in enumerate((*SHOP, EDGE_ONLY, secret(_PASSWORD))):
        (folder / f"{number}-{each['kind'].lower()}.yaml").write_text(yaml.safe_dump(each, sort_keys=False))
    async with placed(folder) as made:
        yield made


def edge() -> Node:
    return Node(id="edge-1", metadata={"labels": {"app": "edge"}}, user_agent="envoy")


async def test_blame_leads_from_a_resource_to_its_object_and_to_the_envoys_that_have_it(place: Place) -> None:
    """There and back."""
    status, printed = await place.run("blame", "cluster/web")
    assert (status, printed.splitlines()[1]) == (0, "  no Envoy asks for it")

    async with FakeEnvoy(place.xds, node="one", delta=True) as one, FakeEnvoy(place.xds, node="two") as two:
        await one.has("clusters", {"web"})
        await two.has("clusters", {"web"})
        printed = await place.until("2 of 2 Envoys have it", "blame", "cluster", "web")
        line = re.escape(f"{place.folder}/2-cluster.yaml")
        assert re.match(rf'cluster "web" -> Cluster default/web \({line}:\d+\); version [0-9a-f]{{8}}\n', printed)

        two.refuse("clusters", "web", "too blue")
        changed = cluster("web", seconds=2)
        place.save("2-cluster.yaml", changed)
        printed = await place.until("1 refuses it", "blame", "Cluster default/web")
        assert "  1 of 2 Envoys have it; 1 refuses it\n" in printed.replace("    ", "  ")
        assert "refused by two: " in printed
        assert re.search("1 Envoy still has version [0-9a-f]{8}\n", printed)

        status, printed = await place.run("blame", "cluster/web", "-o", "json")
        (found,) = json.loads(printed)["blame"]
        assert (found["object"], found["envoys"]["concerned"], found["envoys"]["refused"]) == (
            "Cluster default/web",
            2,
            1,
        )

    status, printed = await place.run("blame", "cluster/none")
    assert (status, printed) == (1, "nobody has cluster none\n")


async def test_diff_tells_objects_resources_and_envoys(place: Place, tmp_path: Path) -> None:
    """What runs, and files that are to come."""
    status, printed = await place.run("diff", place.folder)
    assert (status, printed) == (0, "no difference\n")

    new = tmp_path / "new"
    new.mkdir()
    for file in place.folder.iterdir():
        (new / file.name).write_bytes(file.read_bytes())
    (new / "4-cluster.yaml").unlink()
    place.save("2-cluster.yaml", cluster("web", seconds=3), folder=new)
    place.save("9-new.yaml", cluster("new"), folder=new)
    async with FakeEnvoy(place.xds, node=edge()) as one, FakeEnvoy(place.xds, node="two") as two:
        await one.has("clusters", {"web", "edge"})
        await two.has("clusters", {"web"})
        status, printed = await place.run("diff", new)
        assert status == 1
        lines = printed.splitlines()
        assert f"- Cluster default/edge removed ({place.folder}/4-cluster.yaml:1)" in lines
        assert f"+ Cluster default/new added ({new}/9-new.yaml:1)" in lines
        assert f"~ Cluster default/web changed ({new}/2-cluster.yaml:1)" in lines
        assert any(re.match(r"    spec\.config\.connect_timeout: 1s -> 3s \(.*:\d+\)", each) for each in lines)
        assert '    -connect_timeout: "1s"' in lines
        assert "  for 2 Envoys (edge-1, two)" in lines
        assert any(re.fullmatch(r"~ 1 Envoy \(edge-1\) of default/app=edge: .*1 cluster removed.*", x) for x in lines)
        assert lines[-1].endswith("2 of 2 Envoys would get something else")

        status, printed = await place.run("diff", new, "-o", "json")
        told = json.loads(printed)
        assert (status, told["differs"], told["connected"]) == (1, True, 2)
        assert {each["node"] for each in told["envoys"]} == {"edge-1", "two"}


async def test_a_secret_that_is_another_is_told_and_never_shown(place: Place, tmp_path: Path) -> None:
    """Not in a diff, not on any page."""
    new = tmp_path / "new"
    new.mkdir()
    for file in place.folder.iterdir():
        (new / file.name).write_text(file.read_text().replace(_PASSWORD, "hush hush"))
    status, printed = await place.run("diff", new)
    assert status == 1
    assert "    a value in it is another that is not shown" in printed
    assert "  only values differ that are not shown" in printed
    for command in (
        ("diff", new, "-o", "json"),
        ("diff", new, "-o", "yaml"),
        ("blame", "secret/word", "-o", "json"),
        ("render", "--node", "two"),
    ):
        _, more = await place.run(*command)
        printed += more
    assert _PASSWORD not in printed
    assert "hush hush" not in printed


async def test_a_broken_object_and_a_server_that_is_not_there_are_errors(place: Place, tmp_path: Path) -> None:
    """Exit status 2: nobody can say what differs."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(yaml.safe_dump(bootes("Cluster", "web", {"name": "web", "conect_timeout": "1s"})))
    status, printed = await place.run("diff", bad)
    assert status == 2
    assert "conect_timeout" in printed
    place.admin = "localhost:1"
    status, printed = await place.run("diff", place.folder)
    assert status == 2
    assert "no server answers at localhost:1" in printed


async def test_config_tells_what_one_envoy_was_sent_and_what_became_of_it(place: Place) -> None:
    """By type and name, with the object of each."""
    status, printed = await place.run("config", "one")
    assert status == 1
    assert "no Envoy with the node id one is connected" in printed
    async with FakeEnvoy(place.xds, node="one") as one:
        one.refuse("clusters", "web", "too blue")
        await one.nacked("clusters")
        printed = await place.until("too blue", "config", "one", "--type", "cluster")
        (row,) = [line.split() for line in printed.splitlines() if " web " in line]
        assert row[:2] == ["Cluster", "web"]
        assert "refuses" in row
        one.accept("clusters", "web")
        place.save("2-cluster.yaml", cluster("web", seconds=4))
        await place.until("accepted", "config", "one", "--type", "cluster")
        status, printed = await place.run("config", "one", "--show", "web", "--type", "cluster")
        assert status == 0
        assert yaml.safe_load(printed)["connect_timeout"] == "4s"


@contextlib.contextmanager
def watching(place: Place, **options: Any) -> Iterator[subprocess.Popen[str]]:
    command = (_LEGATION, "proxies", "--watch", "--admin", place.admin)
    with subprocess.Popen(command, text=True, **options) as process:
        try:
            yield process
        finally:
            process.terminate()


async def test_in_a_pipe_watching_tells_each_change_in_a_line(place: Place) -> None:
    """With the time, for who reads it later."""
    with watching(place, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        async with FakeEnvoy(place.xds, node="one") as one:
            await one.has("clusters", {"web"})
            lines = []
            while "accepted" not in (line := await asyncio.to_thread(process.stdout.readline)):
                lines.append(line)
            assert re.match(r"\d{4}-\d\d-\d\dT[\d:]{8}\S* one at ipv\S+: Cluster accepted [0-9a-f]{8}\n", line)
            assert any(each.endswith("connected, of default\n") for each in lines)
        while not (line := await asyncio.to_thread(process.stdout.readline)).endswith(": gone\n"):
            assert line


async def test_on_a_terminal_watching_draws_a_table_over_and_over(place: Place) -> None:
    """In its place: the cursor goes up, the screen is not cleared."""
    ours, theirs = pty.openpty()
    try:
        with watching(place, stdout=theirs, env={**os.environ, "TERM": "xterm", "COLUMNS": "200"}):
            async with FakeEnvoy(place.xds, node="one") as one:
                await one.has("clusters", {"web"})
                shown = ""
                while shown.count("Cluster") < 2 or "\x1b[1A" not in shown:
                    shown += (await asyncio.to_thread(os.read, ours, 65536)).decode()
                assert "\x1b[2J" not in shown
    finally:
        os.close(ours)
        os.close(theirs)
