"""The examples of the README run, with an Envoy that asks."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path
from typing import Any

import pytest

from legation.testing import FakeEnvoy
from tests.features.stage import SOON

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["control_plane", "snapshot_server"])
async def test_an_example_runs(name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legation.transports.grpc_server.Policy", lambda: SOON)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with FakeEnvoy(f"127.0.0.1:{port}", node="edge"):
        await load(name).main(port)
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("accepted")]
    assert said == ["accepted by edge", "accepted by edge"]


@pytest.mark.parametrize("name", ["control_plane", "snapshot_server"])
def test_an_example_is_short(name: str) -> None:
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) < 20
