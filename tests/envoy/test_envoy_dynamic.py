"""The bootstrap of envoy-dynamic, unchanged, against the manifests of the example; its tutorial, command by command."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from demo import web
from demo.backends import backend
from demo.load import Load
from demo.programs import Program, free_ports
from demo.proxy import BINARY, Envoy
from demo.stage import LEGATION, edit
from tests.cluster import interfaces
from tests.cluster.go_programs import Missing, built
from tests.cluster.network import Namespace
from tests.envoy import grpcurl
from tests.envoy.console import Console, entries

EXAMPLE = Path(__file__).parents[2] / "examples" / "envoy-dynamic"
PAGE = EXAMPLE / "README.md"
GRPCURL = Path(__file__).parents[1] / "cluster" / "grpcurl"
XDS_PORT, ADMIN_PORT = 18000, 19000
"""What that bootstrap says."""
TUTORIAL_PORTS = (8081, 8082, 8083, 10000, XDS_PORT, 18001, 18002, 18005, 18006, ADMIN_PORT)
SOON = 10.0
"""Seconds; without an answer for its runtime layer Envoy would wait 15."""


@pytest.fixture
def its_ports() -> None:
    """Say it clearly when somebody else has the two ports."""
    see_that_nobody_has(XDS_PORT, ADMIN_PORT)


def see_that_nobody_has(*ports: int) -> None:
    for port in ports:
        with contextlib.ExitStack() as stack:
            try:
                # Like a server does: a port whose connections have just ended is free.
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                pytest.fail(f"port {port} of this machine is taken, and the example of envoy-dynamic demands it")


@pytest.mark.usefixtures("its_ports")
async def test_its_bootstrap_works_unchanged_and_a_request_goes_through(tmp_path: Path) -> None:
    """Clusters and listeners on one stream, routes and the runtime layer on others."""
    admin, health = free_ports(2)
    log = tmp_path / "legation.log"
    manifests = shutil.copytree(EXAMPLE / "manifests", tmp_path / "manifests")
    async with backend("upstream") as upstream:
        edit(manifests / "cluster.yaml", "127.0.0.1, port_value: 8081", f"127.0.0.1, port_value: {upstream}")
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


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    """A terminal of somebody who reads the tutorial, with all ports free, beside a copy of the example."""
    if not shutil.which("curl"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("the tutorial takes curl")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "legation").symlink_to(LEGATION)
    # One who reads has no other Envoy on his machine, and more than one processor.
    quiet = "--concurrency 1 --disable-hot-restart --log-level warn"
    (programs / "envoy").write_text(f'#!/bin/sh\nexec {BINARY} "$@" {quiet}\n')
    (programs / "envoy").chmod(0o755)
    (programs / "grpcurl").write_text(f'#!/bin/sh\nexec {grpcurl_command()} "$@"\n')
    (programs / "grpcurl").chmod(0o755)
    shutil.copytree(EXAMPLE, tmp_path / "examples" / "envoy-dynamic")
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    with contextlib.ExitStack() as stack:
        try:
            network = stack.enter_context(Namespace(partial(interfaces.bring_up, interfaces.LOOPBACK)))
            stack.enter_context(network.entered())
        except Missing:
            see_that_nobody_has(*TUTORIAL_PORTS)
        yield stack.enter_context(Console(tmp_path, environment))


def grpcurl_command() -> str:
    """Return the real one where it can be built; else as much of it as the tutorial takes."""
    try:
        return str(built(GRPCURL, "github.com/fullstorydev/grpcurl/cmd/grpcurl"))
    except (Missing, RuntimeError):
        return f"{sys.executable} {grpcurl.__file__}"


# The first time it is built.
@pytest.mark.timeout(1200, func_only=True)
async def test_each_command_of_the_tutorial_prints_what_is_shown(console: Console) -> None:
    """And while upstreams come and go, requests run of which none fails."""
    page = PAGE.read_text()
    begin, end = (
        page.count("\n", 0, page.index(f"\n{heading}\n")) + 1
        for heading in ("## 4. Upstreams at run time", "### The end")
    )
    steps = list(entries(page))
    for step in steps:
        if step.line < begin:
            await console.do(step)
    async with Load(10000) as load:
        for step in steps:
            if begin < step.line < end:
                await console.do(step)
    assert load.answers.keys() == {"blue\n", "green\n", "red\n"}
    assert not load.failures
    for step in steps:
        if step.line > end:
            await console.do(step)


def test_nothing_on_the_page_of_the_tutorial_is_left_undone() -> None:
    """What looks like something to type is in a block that is done."""
    page = PAGE.read_text()
    assert "```sh" not in page
    assert page.count("\n$ ") == len(list(entries(page))) > 30
