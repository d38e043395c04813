"""What a server tells of TLS handshakes that come to nothing."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from legation.cli.handshakes_side import CODE, QUIET, HandshakesSide, Port
from legation.model.problems import Level
from legation.testing import ManualClock


class World:
    """A server at whose ports many knock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.side = HandshakesSide(self.clock)

    async def knock(self, port: Port, count: int) -> None:
        """Begin so many, none of which comes to anything."""
        for _ in range(count):
            self.side.of(port, asks=True).begin(now=self.clock.now())
        await self.clock.advance(40)


@pytest.fixture
def world() -> World:
    return World()


async def test_where_all_fail_it_is_a_problem_with_what_is_likely(world: World) -> None:
    for port in Port:
        world.side.of(port)
    await world.knock(Port.XDS, 40)
    (problem,) = world.side.problems()
    assert (problem.code, problem.level, problem.subject) == (CODE, Level.WARNING, "--xds-port")
    assert "--xds-port: 40 connections of the last 5 minutes ended" in problem.message
    for likely in ("do not trust", "another name", "no certificate", "--client-ca", "no TLS"):
        assert likely in problem.message
    assert "log of an Envoy" in problem.mend
    assert "load balancer" in problem.mend
    assert world.side.counts() == {"xds": (40, 0), "rest": (0, 0), "management": (0, 0), "management-http": (0, 0)}


async def test_an_http_port_speaks_of_no_probes_and_the_management_api_of_its_own_authorities(world: World) -> None:
    await world.knock(Port.MANAGEMENT_HTTP, 40)
    (problem,) = world.side.problems()
    assert "--management-client-ca" in problem.message
    assert "load balancer" not in problem.mend


async def test_where_no_certificate_is_asked_for_none_is_spoken_of(world: World) -> None:
    for _ in range(40):
        world.side.of(Port.XDS).begin(now=world.clock.now())
    await world.clock.advance(40)
    (problem,) = world.side.problems()
    assert "--client-ca" not in problem.message
    assert "no TLS" in problem.message


async def test_beside_connected_envoys_a_few_are_no_problem(world: World) -> None:
    """A load balancer looks whether the port is open."""
    world.side.clients = lambda: 3
    await world.knock(Port.XDS, 60)
    assert world.side.problems() == ()
    await world.knock(Port.XDS, 300)
    assert len(world.side.problems()) == 1


async def test_it_ends_when_envoys_are_there_or_nobody_knocks_any_more(world: World) -> None:
    await world.knock(Port.REST, 40)
    world.side.clients = lambda: 1
    assert world.side.problems() == ()
    world.side.clients = lambda: 0
    assert world.side.problems() != ()
    await world.clock.advance(400)
    assert world.side.problems() == ()


async def test_the_log_says_so_once_in_ten_minutes(world: World) -> None:
    with capture_logs() as logs:
        run = asyncio.create_task(world.side.run())
        try:
            for _ in range(10):
                await world.knock(Port.XDS, 1000)
            assert [(each["event"], each["port"]) for each in logs] == [("tls handshakes fail", "--xds-port")]
            assert "--client-ca" in logs[0]["reason"]
            assert "log of an Envoy" in logs[0]["mend"]
            for _ in range(round(QUIET / 40)):
                await world.knock(Port.XDS, 1000)
            assert len(logs) == 2
        finally:
            run.cancel()
            await asyncio.wait([run])
