"""examples/udp-pipes as its page says it: a real Envoy, two workers, and the calls that are shown there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from demo import web
from demo.programs import Program, free_ports
from demo.proxy import Envoy
from demo.stage import LEGATION, edit

EXAMPLE = Path(__file__).parents[2] / "examples" / "udp-pipes"
CALLS = re.compile(r"^\$ python3 examples/udp-pipes/call\.py ([\d ]+)\n((?:\d.*\n)+)", re.MULTILINE)


def call(*ports: str) -> str:
    """Return what the example's caller prints."""
    command = [sys.executable, str(EXAMPLE / "call.py"), *ports]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


async def _prints(ports: list[str], shown: str) -> bool:
    """Say whether the caller prints it by now: a health check takes its time, and so does a saved file."""
    return call(*ports) == shown


def _each(ports: list[str], answer: str) -> str:
    return "".join(f"{port}{answer}\n" for port in ports)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the workers are at 127.0.0.2 and 127.0.0.3")
async def test_the_calls_of_the_page_reach_the_workers_that_it_shows(tmp_path: Path) -> None:
    """Each call keeps together; a dead worker's call moves, the other does not; what is deleted is closed."""
    xds, admin, health, envoys = free_ports(4)
    manifests = shutil.copytree(EXAMPLE / "manifests", tmp_path / "manifests")
    bootstrap = Path(shutil.copy(EXAMPLE / "bootstrap.yaml", tmp_path))
    edit(bootstrap, "port_value: 18000", f"port_value: {xds}")
    edit(bootstrap, "port_value: 19000", f"port_value: {envoys}")
    (alice, alices), (bob, bobs) = (
        (ports.split(), shown) for ports, shown in CALLS.findall((EXAMPLE / "README.md").read_text())
    )
    log = tmp_path / "legation.log"
    ports = ("--xds-port", str(xds), "--admin-port", str(admin), "--health-port", str(health))
    one, two = (
        Program("worker", sys.executable, EXAMPLE / "worker.py", address, log=tmp_path / f"{address}.log")
        for address in ("127.0.0.2", "127.0.0.3")
    )
    with one, two, Program("legation serve", LEGATION, "serve", manifests, *ports, log=log) as serve:
        await serve.until(partial(web.get, f"localhost:{health}", "/readyz"))
        with Envoy(bootstrap, folder=tmp_path) as envoy:
            await envoy.until(partial(envoy.listener_port, "bob-callee-rtcp"))
            await envoy.until(partial(_prints, alice, alices))
            assert call(*bob) == bobs
            one.kill()
            await envoy.until(partial(_prints, bob, _each(bob, " -> 127.0.0.3")))
            assert call(*alice) == alices
            (manifests / "bob.yaml").unlink()
            await envoy.until(partial(_prints, bob, _each(bob, ": no answer")))
            assert call(*alice) == alices
