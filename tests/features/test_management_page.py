"""docs/management.md as its readers use it: what it shows is run, against a real server with an Envoy."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from legation.testing import FakeEnvoy
from tests.features.test_cli_serve import _LEGATION, Server, serving

PAGE = (Path(__file__).parents[2] / "docs" / "management.md").read_text()
GRPC, HTTP = "localhost:18005", "localhost:18006"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def commands(block: str) -> list[tuple[str, str]]:
    """Return the commands of a transcript, each with what it prints."""
    return [(command, printed) for command, printed in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)]


def same(printed: str, shown: str) -> bool:
    """Say whether it is what the page shows: ages and versions, and the widths that follow from them, may differ."""
    return varied(printed).split() == varied(shown).split()


def varied(text: str) -> str:
    """Return a text without ages, and with a word in place of each version: the first follows from the time."""
    return re.sub(r"\b\d{13}\b", "VERSION", re.sub(r"\b\d+s\b|[ ]+", " ", text))


class Stage:
    """A folder, and a server that is found at the addresses of the page."""

    def __init__(self, folder: Path, grpc: str, http: str) -> None:
        self.folder = folder
        self._found = {GRPC: grpc, HTTP: http}

    def here(self, text: str) -> str:
        for shown, real in self._found.items():
            text = text.replace(shown, real)
        return text

    async def run(self, *command: str) -> tuple[int, str]:
        """Return the exit status, and what is printed."""
        path = f"{Path(_LEGATION).parent}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path, "LEGATION_SERVER": self._found[GRPC]}
        done = await asyncio.to_thread(
            subprocess.run,
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr

    async def shell(self, command: str) -> tuple[int, str]:
        return await self.run("sh", "-c", self.here(command))


def asks_for_clusters(server: Server, admin: str) -> bool:
    _, page = server.get(f"{admin}/proxies", accept="application/json")
    return any(row["type"] == "Cluster" for each in json.loads(page)["proxies"] for row in each["types"])


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    ports = ("--management-port", "0", "--management-http-port", "0")
    with serving(manifests, "--state-dir", str(tmp_path / "state"), *ports) as server:
        ready = await asyncio.to_thread(server.wait_event, "ready")
        grpc, http = ready["management"]
        async with FakeEnvoy(ready["xds"], node="edge"):
            async with asyncio.timeout(30):
                while not await asyncio.to_thread(asks_for_clusters, server, ready["admin"]):
                    pass
            yield Stage(tmp_path, grpc, http.removeprefix("http://"))


async def test_the_transcripts_are_what_the_commands_print(stage: Stage) -> None:
    manifest = blocks("yaml")[0]
    (stage.folder / "web.yaml").write_text(manifest)
    (stage.folder / "broken.yaml").write_text(manifest.replace("timeout: 1s", "timeout: soon"))
    first, broken, *others = [each for each in blocks("text") if each.startswith("$ legation")]
    for command, shown in (*commands(first), *commands(broken)):
        status, printed = await stage.shell(command)
        assert same(printed, shown), f"{command}:\n{printed}"
        assert status == ("broken" in command)
    for block in others:
        for command, shown in commands(block):
            if "watch" not in command:
                status, printed = await stage.shell(command)
                assert (status, printed) == (0, shown)


async def test_the_programs_run(stage: Stage) -> None:
    one, other = blocks("python")
    done = await stage.run(sys.executable, "-c", stage.here(one))
    assert done == (0, "cluster.bootes.io/api created\naccepted by edge\napi 1s\n")
    status, printed = await stage.run(sys.executable, "-c", stage.here(other))
    assert status == 0, printed
    assert "upstream.legation.dev/api-v3 is there" in printed


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
async def test_curl_is_answered(stage: Stage) -> None:
    manifest = blocks("yaml")[0]
    (stage.folder / "web.yaml").write_text(manifest)
    shown = [line for each in blocks("sh") for line in each.splitlines() if line.startswith("curl ")]
    assert len(shown) > 5
    for command in shown:
        status, printed = await stage.shell(command.replace("curl ", "curl --silent --show-error --fail-with-body ", 1))
        assert status == 0, f"{command}:\n{printed}"
        assert isinstance(json.loads(printed), dict)


async def test_changes_are_told_in_words(stage: Stage) -> None:
    manifest = blocks("yaml")[0]
    (stage.folder / "web.yaml").write_text(manifest)
    assert (await stage.run("legation", "apply", "-f", "web.yaml", "--wait"))[0] == 0
    (block,) = [each for each in blocks("text") if each.startswith("$ legation watch")]
    ((command, shown),) = commands(block)
    server = stage.here(GRPC)
    watching = await asyncio.create_subprocess_exec(
        _LEGATION, *command.split()[1:], "--server", server, stdout=asyncio.subprocess.PIPE
    )
    assert watching.stdout is not None
    try:
        async with asyncio.timeout(30):
            for line in shown.splitlines():
                told = (await watching.stdout.readline()).decode()
                assert varied(told.partition(" ")[2]) == varied(line.partition(" ")[2]) + "\n"
    finally:
        watching.kill()
        await watching.wait()
