"""What a server tells of TLS handshakes that come to nothing: figures, a problem for each port, and a line in the log.

Nobody else does: the other side closes the connection, and what is wrong stands in the logs of clients alone. The one
invariant: a flood of them makes one line in ten minutes, and nothing of what clients send is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

import structlog

from legation.clock import Clock
from legation.model.problems import Level, Problem
from legation.tls.handshakes import MINUTES, Handshakes

CODE = "tls-handshakes"
"""Of the problem that many of them fail."""
INTERVAL = 15.0
"""Seconds between two looks."""
QUIET = 600.0
"""Seconds in which the log says the same of a port once."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Port(Enum):
    """The ports whose handshakes are counted, by the word that figures have."""

    XDS = "xds"
    REST = "rest"
    MANAGEMENT = "management"
    MANAGEMENT_HTTP = "management-http"

    @property
    def envoys(self) -> bool:
        """Whether Envoys come there."""
        return self in (Port.XDS, Port.REST)

    @property
    def shows_probes(self) -> bool:
        """Whether one counts there who opens the port and sends nothing: gRPC does not tell of that."""
        return self in (Port.XDS, Port.MANAGEMENT)


class HandshakesSide:
    """The handshakes of a server."""

    def __init__(self, clock: Clock) -> None:
        """Begin with none; `clock`: what counts as of late."""
        self._clock = clock
        self._of: dict[Port, Handshakes] = {}
        self._asking: set[Port] = set()
        self._said: dict[Port, float] = {}
        """When the log told of a port last."""
        self.clients: Callable[[], int] = lambda: 0
        """How many Envoys are connected."""

    def of(self, port: Port, *, asks: bool = False) -> Handshakes:
        """Return those of a port, which is counted from now on; `asks`: whether clients are asked for certificates."""
        if asks:
            self._asking.add(port)
        return self._of.setdefault(port, Handshakes())

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return how many connections began at each port, and how many of them came to ask anything."""
        return {port.value: each.counts for port, each in self._of.items()}

    def problems(self) -> tuple[Problem, ...]:
        """Return where many fail, or all: one for each port at most."""
        return tuple(problem for _, problem in self._failing())

    def look(self) -> None:
        """Tell the log of each port where they fail, if it has not been told of late."""
        now = self._clock.now()
        for port, problem in self._failing():
            if now - self._said.get(port, -QUIET) >= QUIET:
                self._said[port] = now
                _log.warning("tls handshakes fail", port=problem.subject, reason=problem.message, mend=problem.mend)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._clock.sleep_until(self._clock.now() + INTERVAL)
            self.look()

    def _failing(self) -> Iterator[tuple[Port, Problem]]:
        for port, handshakes in tuple(self._of.items()):
            alone = not self.clients() if port.envoys else None
            if failed := handshakes.failed(now=self._clock.now(), alone=alone):
                yield port, _problem(port, failed, asks=port in self._asking)


def _problem(port: Port, failed: int, *, asks: bool) -> Problem:
    authorities, whose = ("--client-ca", "an Envoy") if port.envoys else ("--management-client-ca", "a client")
    words = (
        f"{failed} connections of the last {MINUTES} minutes ended in the TLS handshake, or before anything was asked"
    )
    asked = f" they show no certificate, or one that has ended or that {authorities} does not trust;" if asks else ""
    likely = (
        f"they do not trust who signed the certificate that is shown, or look for another name in it;{asked}"
        " or they speak no TLS"
    )
    probes = (
        "; if all of them connect, it is something that only opens the port, such as a load balancer: have it ask"
        " /readyz, or grpc.health.v1, in place of that"
    )
    return Problem(
        code=CODE,
        level=Level.WARNING,
        message=f"--{port.value}-port: {words}: {likely}",
        mend=f"look at the log of {whose} that does not connect{probes if port.shows_probes else ''}",
        subject=f"--{port.value}-port",
    )
