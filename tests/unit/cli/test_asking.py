"""`legation proxies` and `legation problems` against a real admin port."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import CliRunner, Result

from legation.cli import main
from legation.http_server import HttpServer
from legation.model.events import WhyParked
from legation.model.problems import Problem
from legation.model.proxy_status import ProxyStatus, RefusedResource, TypeStatus
from legation.model.resource_types import CLUSTER
from legation.ops.admin import admin_app
from tests.unit.ops.records import DANGLING, REFUSED, REFUSING, UNKNOWN_FIELD

if TYPE_CHECKING:
    from starlette.types import ASGIApp


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application and yield its address."""
    server = HttpServer(app, bind="localhost", port=0, setting="--admin-port")
    started = asyncio.Event()
    task = asyncio.create_task(server.run(started=started.set))
    async with asyncio.timeout(10):
        await started.wait()
    yield f"localhost:{server.port}"
    task.cancel()
    await asyncio.wait([task])


async def ask(
    *args: str,
    proxies: tuple[ProxyStatus, ...] = (),
    problems: tuple[Problem, ...] = (),
    env: dict[str, str] | None = None,
) -> Result:
    """Run the command against an admin port that shows these."""
    app = admin_app(proxies=lambda: proxies, problems=lambda: problems, turned_away=tuple, bind="localhost")
    async with serving(app) as address:
        where = ["--admin", address] if env is None else []
        environ = {name: value.format(port=address.rpartition(":")[2]) for name, value in (env or {}).items()}
        return await asyncio.to_thread(CliRunner(env=environ).invoke, main, [*args, *where])


def refusing(*refused: RefusedResource) -> ProxyStatus:
    """Return an Envoy that refuses these clusters."""
    return replace(REFUSING, types=(TypeStatus(type=CLUSTER, sent="c0ffee", accepted="beef", refused=refused),))


async def test_the_table_shows_what_was_sent_accepted_and_refused_and_why() -> None:
    """One Envoy that refuses a cluster."""
    result = await ask("proxies", proxies=(REFUSING,))
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert result.exit_code == 0
    assert "Envoy group type sent accepted since refused and why" in lines
    assert (
        "test-id default Cluster c0ffee beef (waiting 2 s) edge c0ffee of Cluster default/edge: malformed IP address"
    ) in lines
    assert "Listener c0ffee beef" in lines


async def test_it_is_told_for_how_long_an_envoy_has_what_it_has() -> None:
    """In the unit that people would use."""
    known = replace(REFUSING, types=(TypeStatus(type=CLUSTER, sent="c0ffee", accepted="c0ffee", since=300.0),))
    output = (await ask("proxies", proxies=(known,))).output
    assert "test-id default Cluster c0ffee c0ffee 5 min" in [" ".join(line.split()) for line in output.splitlines()]
    told = yaml.safe_load((await ask("proxies", "-o", "yaml", proxies=(known,))).output)
    assert told["proxies"][0]["types"][0]["since"] == 300.0


@pytest.mark.parametrize("other", [("-o", "json"), ("--loads",)])
async def test_watching_shows_a_table_or_lines_and_nothing_else(other: tuple[str, ...]) -> None:
    result = await ask("proxies", "--watch", *other)
    assert result.exit_code == 2


async def test_loads_are_a_table_of_their_own() -> None:
    """By Envoy and cluster."""
    output = (await ask("proxies", "--loads", proxies=(REFUSING,))).output
    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert "Envoy group cluster requests/s errors/s dropped/s in progress" in lines
    assert "test-id default web 4.5 1.0 0.5 3" in lines


async def test_no_load_is_said_in_words() -> None:
    """With the way to get it."""
    output = (await ask("proxies", "--loads", proxies=(replace(REFUSING, loads=()),))).output
    assert output.startswith("no Envoy reports its load; `legation bootstrap --loads`")


async def test_a_refusal_that_names_nobody_shows_some_of_those_that_it_may_mean() -> None:
    """Envoy's words do not always hold a name."""
    meant = replace(REFUSED, together=8, origin=None, parked=WhyParked.UNTOLD)
    suspects = tuple(replace(meant, name=f"c{number}") for number in range(8))
    output = (await ask("proxies", proxies=(refusing(*suspects),))).output
    assert "perhaps c0 c0ffee: malformed" in output
    assert "(parked: it does not say which" in " ".join(output.split())
    assert "and 3 more" in output
    assert "c5" not in output


async def test_an_envoy_that_asked_for_nothing_yet_is_shown() -> None:
    """It is connected all the same."""
    assert "test-id" in (await ask("proxies", proxies=(replace(REFUSING, types=()),))).output


async def test_what_an_envoy_says_cannot_steer_the_terminal() -> None:
    """Escape sequences and markup are shown, not obeyed."""
    proxy = refusing(replace(REFUSED, words="\x1b[2J[red]no[/red]\x07"))
    output = (await ask("proxies", proxies=(proxy,))).output
    assert "\x1b" not in output
    assert "[red]no[/red]" in output


async def test_no_envoy_and_no_problem_are_said_in_words() -> None:
    """An empty table would look like a mistake."""
    assert (await ask("proxies")).output == "no Envoy is connected\n"
    assert (await ask("problems")).output == "no problems\n"


async def test_problems_are_a_line_each() -> None:
    """The same words as in the log."""
    result = await ask("problems", problems=(UNKNOWN_FIELD, DANGLING))
    assert result.output == f"error: {UNKNOWN_FIELD}\nwarning: {DANGLING}\n"


async def test_json_is_what_the_server_said() -> None:
    """For programs."""
    assert (
        json.loads((await ask("proxies", "-o", "json", proxies=(replace(REFUSING, types=()),))).output)["proxies"][0][
            "node"
        ]
        == "test-id"
    )
    assert json.loads((await ask("problems", "-o", "json")).output) == {"problems": []}
    assert yaml.safe_load((await ask("problems", "-o", "yaml")).output) == {"problems": []}


async def test_the_port_is_that_of_the_settings_when_no_flag_says_another() -> None:
    """LEGATION_ADMIN_PORT moves the server and those who ask it."""
    assert (await ask("problems", env={"LEGATION_ADMIN_PORT": "{port}"})).output == "no problems\n"


async def test_a_server_that_is_not_there_is_told_with_the_mend() -> None:
    """Exit 2, one line."""
    async with serving(admin_app(proxies=tuple, problems=tuple, turned_away=tuple, bind="localhost")) as address:
        pass
    result = await asyncio.to_thread(CliRunner().invoke, main, ["proxies", "--admin", address])
    assert result.exit_code == 2
    assert result.stderr == (
        f"legation: no server answers at {address} (Connection refused): "
        "start `legation serve`, or say where it is with --admin HOST:PORT\n"
    )


async def test_another_server_at_that_port_is_told() -> None:
    """The health port, say."""
    from starlette.applications import Starlette  # noqa: PLC0415 - only this test needs another application
    from starlette.responses import PlainTextResponse  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    async with serving(Starlette()) as address:
        result = await asyncio.to_thread(CliRunner().invoke, main, ["proxies", "--admin", address])
    assert (result.exit_code, result.stderr) == (
        2,
        f"legation: {address} answers 404 Not Found: is it the admin port of legation?\n",
    )
    async with serving(Starlette(routes=[Route("/proxies", PlainTextResponse("hello"))])) as address:
        result = await asyncio.to_thread(CliRunner().invoke, main, ["proxies", "--admin", address])
    assert "does not speak as legation does" in result.stderr


@pytest.mark.parametrize("address", ["localhost", ":1", "localhost:http", "localhost:65536"])
def test_an_address_that_is_none_is_wrong_usage(address: str) -> None:
    """Exit 2, and how it is written."""
    result = CliRunner().invoke(main, ["proxies", "--admin", address])
    assert result.exit_code == 2
    assert "is not HOST:PORT, such as localhost:18000" in result.stderr
