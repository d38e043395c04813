"""The bootstrap of envoy-dynamic, unchanged, against the manifests of the example."""

from __future__ import annotations

import contextlib
import shutil
import socket
from functools import partial
from pathlib import Path

import pytest

from demo import web
from demo.backends import backend
from demo.load import Load
from demo.programs import Program, free_ports
from demo.proxy import Envoy
from demo.stage import LEGATION, edit

EXAMPLE = Path(__file__).parents[2] / "examples" / "envoy-dynamic"
XDS_PORT, ADMIN_PORT = 18000, 19000
"""What that bootstrap says."""
SOON = 10.0
"""Seconds; without an answer for its runtime layer Envoy would wait 15."""


@pytest.fixture
def its_ports() -> None:
    """Say it clearly when somebody else has the two ports."""
    for port in (XDS_PORT, ADMIN_PORT):
        with contextlib.ExitStack() as stack:
            try:
                # Like a server does: a port whose connections have just ended is free.
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                pytest.fail(f"port {port} of this machine is taken, and the bootstrap of envoy-dynamic demands it")


@pytest.mark.usefixtures("its_ports")
async def test_its_bootstrap_works_unchanged_and_a_request_goes_through(tmp_path: Path) -> None:
    """Clusters and listeners on one stream, routes and the runtime layer on others."""
    admin, health = free_ports(2)
    log = tmp_path / "legation.log"
    manifests = shutil.copytree(EXAMPLE / "manifests", tmp_path / "manifests")
    async with backend("upstream") as upstream:
        edit(manifests / "cluster.yaml", "www.envoyproxy.io, port_value: 80", f"127.0.0.1, port_value: {upstream}")
        edit(manifests / "listener.yaml", "0.0.0.0, port_value: 10000", "127.0.0.1, port_value: 0")
        ports = ("--xds-port", str(XDS_PORT), "--admin-port", str(admin), "--health-port", str(health))
        with Program("legation serve", LEGATION, "serve", manifests, *ports, log=log) as serve:
            await serve.until(partial(web.get, f"localhost:{health}", "/readyz"))
            with Envoy(EXAMPLE / "bootstrap.yaml", folder=tmp_path) as envoy:
                await envoy.until(envoy.ready, within=SOON)
                port = await envoy.until(partial(envoy.listener_port, "listener_0"))
                assert port
                async with Load(port) as load:
                    await envoy.until(partial(_answered, load))
                assert load.answers.keys() == {"upstream"}
                assert not load.failures
                seen = await envoy.statistics(r"^runtime\.")
                assert seen["runtime.load_success"] > 0
                assert seen["runtime.update_success"] == 1
                assert seen["runtime.init_fetch_timeout"] == 0


async def _answered(load: Load) -> bool:
    return load.requests >= 50
