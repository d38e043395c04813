"""Doorkeeper: ends connections of a gRPC port: those that are too many of one address, and those it is told to end.

gRPC shows no connection before it has a stream, and ends none when it is asked to. So it looks at the sockets of the
process, and only when so many are open that some of them could be too many. Who goes first: on whose connection nothing
is asked, and of these who has been there longest. The one invariant: a connection whose client is known is never one
too many.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

from legation.clock import Clock
from legation.listening import most_connections
from legation.model.limits import Limits
from legation.model.node import Peer, address_block
from legation.transports import open_sockets
from legation.transports.conduct import Conduct, Wrong
from legation.transports.crowd import Crowd, Standing
from legation.transports.open_sockets import Remote, remote_of

INTERVAL = 1.0
"""Seconds between two looks."""
_TOO_MANY = "too many connections of one address are open on which nothing is served"


class Doorkeeper:
    """Looks after the connections of some ports."""

    def __init__(
        self,
        clock: Clock,
        conduct: Conduct,
        *,
        limits: Limits,
        crowd: Callable[[], Crowd],
        ports: Callable[[], Collection[int]],
    ) -> None:
        """Take whom to ask.

        Args:
            clock: What the time between two looks is measured by.
            conduct: Who is told of those that are too many.
            limits: How many may be there.
            crowd: Returns who has streams.
            ports: Returns where connections come in.
        """
        self._clock = clock
        self._conduct = conduct
        self._limits = limits
        self._crowd = crowd
        self._ports = ports
        self._to_end: set[Remote] = set()
        self._seen: dict[Remote, float] = {}
        """Connections whose client is not known, and when they were seen first."""

    def hang_up(self, peer: Peer) -> None:
        """End the connection of a peer at the next look."""
        self._to_end.add(remote_of(peer.address))

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._clock.sleep_until(self._clock.now() + INTERVAL)
            await self.look()

    async def look(self) -> None:
        """End those that have to go."""
        strangers: list[Remote] = []
        if self._crowded():
            strangers = self._too_many(open_sockets.remotes(self._ports()))
        ending, self._to_end = self._to_end.union(strangers), set()
        if ending:
            open_sockets.hang_up(self._ports(), when=ending.__contains__)
        # Others have the turn first where there are thousands.
        await asyncio.sleep(0)

    def _crowded(self) -> bool:
        """Say whether there can be too many at all: whatever else is open counts too, for that costs little."""
        most = min(self._limits.strange_connections, most_connections())
        open_now = open_sockets.count()
        if open_now <= most:
            return False
        crowd = self._crowd()
        return open_now - sum(crowd.standing(each) is Standing.KNOWN for each in crowd.connections) > most

    def _too_many(self, connections: Iterable[Remote]) -> list[Remote]:
        crowd, now = self._crowd(), self._clock.now()
        standings = {remote_of(each): crowd.standing(each) for each in crowd.connections}
        strange = [each for each in connections if standings.get(each, Standing.SILENT) is not Standing.KNOWN]
        self._seen = {each: self._seen.get(each, now) for each in strange}
        strange.sort(key=lambda each: (standings.get(each, Standing.SILENT), self._seen[each]))
        by_origin: dict[str, list[Remote]] = defaultdict(list)
        for each in strange:
            by_origin[address_block(each[0])].append(each)
        ending: list[Remote] = []
        for group in by_origin.values():
            if over := group[: max(0, len(group) - self._limits.strange_connections)]:
                host, port = over[0]
                peer = Peer(address=f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}", transport="grpc")
                self._conduct.note(Wrong.CROWD, peer, "", _TOO_MANY)
                ending += over
        going = set(ending)
        staying = [each for each in strange if each not in going]
        # However many addresses they come from: others need descriptors too.
        return ending + staying[: max(0, len(staying) - most_connections())]
