"""Conduct: what one client may ask of the server, and who asks for more. The one place that knows and tells it.

A client spends tokens: many for a connection, one for a request that answers nothing. They grow back. A client that
has none left is not read from until it has; it is named once in the log, and counted. An answer to a response costs
nothing, so a client that is told much may say as much. All clients of one host together have the tokens of many.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Mapping
from enum import Enum
from typing import TypeAlias

import structlog

from legation.clock import Clock
from legation.errors import RemoteProtocolError
from legation.model.node import Peer

MOST_NAMES = 50_000
"""Names that one client may ask for, all types and streams together: several times what a large Envoy asks for by name.
Each turn looks through those of a type. An Envoy that asks for everything by a wildcard needs none."""
MOST_STREAMS = 20_000
"""Streams of one connection. An Envoy without ADS has one for each of its clusters and routes (A1.12)."""
REQUEST_LIMIT = 16 << 20
"""Bytes of one request. A client that reconnects lists all that it holds (A1.13): ten thousand names and their versions
are one MiB, and the most that are read, with 300 characters each, fit."""
NODE_LIMIT = 1 << 20
"""Bytes of a node: its metadata stays in memory as long as the client is connected. Large ones have some 50 KiB."""
LONGEST_ID = 1024
"""Characters of a node id: it stands in every line about the client."""

BURST = 20_000
"""Tokens of a client that was quiet: an Envoy without ADS opens all of its streams at once."""
RATE = 500
"""Tokens that come back in a second. A request costs a tenth of a millisecond or two."""
CONNECTION = 50
"""Tokens of a connection: four hundred of them at once, then ten a second. Several Envoys may share a node id."""
MANY = 50
"""So many times the tokens of a client has a host, for there may be thousands behind one address."""
A_TOKEN_OF_BYTES, A_TOKEN_OF_NAMES = 16 << 10, 100
"""What costs one more token: bytes that have to be read, names that are asked for or taken back."""
PATIENCE = 5.0
"""Seconds that a connection waits for its tokens; one that would wait longer is turned away."""

LINES, LINE_RATE = 20, 0.1
"""Lines of the log that may be about refused requests of one host, at once and in a second."""
QUIET = 600.0
"""Seconds without anything wrong after which a peer is named anew."""
MOST_NAMED = 1000
"""Peers that are remembered as named. Beyond that they are counted and not named."""
_LONGEST_SHOWN = 200
"""Characters of what a client says that stand in the log."""

_PORT = re.compile(r":\d+$")
_FEW = 1024
"""So many accounts are not worth a look at which are full again."""

_Named: TypeAlias = tuple[str, str, str]
"""Host, node id, what."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Wrong(Enum):
    """What a client does that it should not: the label of the metric."""

    CONNECTIONS = "connections"
    """It connects again and again."""
    REQUESTS = "requests"
    """It asks more than anybody needs to ask."""
    NAMES = "names"
    """It asks for too many names."""
    SIZE = "size"
    """Its request is too large."""
    NODE = "node"
    """What it says of itself is too large."""
    UNREAD = "unread"
    """It does not read what is written to it."""
    UNANSWERED = "unanswered"
    """It answers neither with ACK nor NACK."""
    STREAMS = "streams"
    """Its own circuit breaker keeps it from asking for all that it needs."""
    CROWD = "crowd"
    """More streams or connections of its address are open than may be."""
    SILENT = "silent"
    """It opens streams and asks nothing."""
    NONSENSE = "nonsense"
    """Many of its requests are refused, or are about types that do not exist."""


_TOO_OFTEN = {
    Wrong.CONNECTIONS: "the client connects again and again; its connections are slowed down",
    Wrong.REQUESTS: "the client asks again and again; its requests are read slowly",
}


def _cost(size: int) -> int:
    return 1 + size // A_TOKEN_OF_BYTES


def shown(text: str) -> str:
    """Return words of a client as they may stand in the log."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}... ({len(text)} characters)"


class _Account:
    """Tokens, or lines."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, burst: float, rate: float, now: float) -> None:
        self._burst, self._rate = burst, rate
        self._left, self._at = burst, now

    def left(self, now: float) -> float:
        return min(self._burst, self._left + (now - self._at) * self._rate)

    def full(self, now: float) -> bool:
        return self.left(now) >= self._burst

    def spend(self, cost: float, now: float) -> float:
        """Take so many, and return in how many seconds they will be there."""
        self._left, self._at = self.left(now) - cost, now
        return max(0.0, -self._left / self._rate)

    def wait(self, cost: float, now: float) -> float:
        """Return what `spend` would."""
        return max(0.0, (cost - self.left(now)) / self._rate)


class Conduct:
    """How the clients of one transport behave. What it keeps of one that behaves is gone within a minute."""

    def __init__(self, clock: Clock) -> None:
        """Begin with nobody known."""
        self._clock = clock
        self._accounts: dict[Hashable, _Account] = {}
        self._room = _FEW
        self._named: dict[_Named, float] = {}
        """Who was named, and when they last did it; the longest ago first."""
        self._counts: Counter[str] = Counter()

    @property
    def known(self) -> int:
        """Of how many clients and hosts something is kept."""
        return len(self._accounts) + len(self._named)

    @property
    def counts(self) -> Mapping[str, int]:
        """How often a client began to misbehave since the start, by what it did."""
        return self._counts

    async def connect(self, peer: Peer, node_id: str) -> None:
        """Let a client connect, when it may.

        Raises:
            RemoteProtocolError: It would have to wait too long.
        """
        await self._admit(CONNECTION, Wrong.CONNECTIONS, peer, node_id)

    async def poll(self, peer: Peer, node_id: str, *, size: int) -> None:
        """Let a client poll, when it may: nothing else can hold it back.

        Raises:
            RemoteProtocolError: It would have to wait too long.
        """
        await self._admit(_cost(size), Wrong.REQUESTS, peer, node_id)

    async def _admit(self, cost: float, what: Wrong, peer: Peer, node_id: str) -> None:
        now, accounts = self._clock.now(), self._accounts_of(host_of(peer), node_id)
        wait = max(each.wait(cost, now) for each in accounts)
        if wait > 0:
            self.note(what, peer, node_id, _TOO_OFTEN[what])
        if wait > PATIENCE:
            # Not charged: who is turned away must not be kept out by that.
            raise RemoteProtocolError("RESOURCE_EXHAUSTED", f"{_TOO_OFTEN[what]}. Wait some seconds and try again")
        for each in accounts:
            each.spend(cost, now)
        if wait > 0:
            await self._clock.sleep_until(now + wait)

    def spend(self, peer: Peer, node_id: str, *, size: int, names: int = 0) -> float:
        """Take the tokens of a request that nobody asked for, and return how many seconds the next one has to wait.

        Args:
            peer: Whom it comes from.
            node_id: Which client.
            size: Bytes of the request.
            names: Names that it adds or takes back.
        """
        now, cost = self._clock.now(), _cost(size) + names // A_TOKEN_OF_NAMES
        wait = max(each.spend(cost, now) for each in self._accounts_of(host_of(peer), node_id))
        # Of one that connects all the time it is the connections that have cost the tokens; they were named.
        if wait > 0 and self.may_log_connection(peer, node_id):
            self.note(Wrong.REQUESTS, peer, node_id, _TOO_OFTEN[Wrong.REQUESTS])
        return wait

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await self._clock.sleep_until(self._clock.now() + seconds)

    # What is said of it

    def too_much(self, what: Wrong, peer: Peer, node_id: str, words: str) -> RemoteProtocolError:
        """Name a client that asks for too much, and return what its stream is closed with."""
        self.note(what, peer, node_id, words)
        return RemoteProtocolError("RESOURCE_EXHAUSTED", words)

    def check_request(self, peer: Peer, node_id: str, *, size: int) -> None:
        """Look at a message before it is read.

        Raises:
            RemoteProtocolError: It is too large.
        """
        if size > REQUEST_LIMIT:
            words = f"the request has {size} bytes, and may have {REQUEST_LIMIT}; ask for fewer names, or for `*`"
            raise self.too_much(Wrong.SIZE, peer, node_id, words)

    def check_node(self, peer: Peer, node_id: str, *, size: int) -> None:
        """Look at what a client says of itself, so many bytes, before it is kept.

        Raises:
            RemoteProtocolError: It is too large.
        """
        if len(node_id) > LONGEST_ID:
            words = f"node.id has {len(node_id)} characters; give it a name of at most {LONGEST_ID}"
            raise self.too_much(Wrong.NODE, peer, node_id, words)
        if size > NODE_LIMIT:
            words = f"the node is larger than {NODE_LIMIT} bytes; take out of node.metadata what nobody reads"
            raise self.too_much(Wrong.NODE, peer, node_id, words)

    def note(self, what: Wrong, peer: Peer, node_id: str, words: str) -> None:
        """Name and count a client that misbehaves, once for as long as it goes on."""
        now, key = self._clock.now(), (host_of(peer), shown(node_id), what.value)
        if self._named.pop(key, None) is None:
            self._forget(now)
            self._counts[what.value] += 1
            if len(self._named) >= MOST_NAMED:
                return
            _log.warning("misbehaving client", what=what.value, peer=peer.address, node=key[1], reason=words)
        self._named[key] = now

    def may_log_connection(self, peer: Peer, node_id: str) -> bool:
        """Say whether it is worth a line that the client came or went: not if it does so all the time."""
        return (host_of(peer), shown(node_id), Wrong.CONNECTIONS.value) not in self._named

    def may_log_refusal(self, peer: Peer) -> bool:
        """Say whether there may be one more line about what that host asks wrongly."""
        now, host = self._clock.now(), host_of(peer)
        account = self._account(("lines", host), LINES, LINE_RATE)
        if account.wait(1, now) > 0:
            self.note(Wrong.NONSENSE, peer, "", "many of its requests are refused; that is not logged for now")
            return False
        account.spend(1, now)
        return True

    def _forget(self, now: float) -> None:
        """Forget who was quiet for long."""
        while self._named:
            oldest = next(iter(self._named))
            if self._named[oldest] + QUIET > now:
                return
            del self._named[oldest]

    # Accounts

    def _accounts_of(self, host: str, node_id: str) -> tuple[_Account, _Account]:
        own = self._account((host, node_id), BURST, RATE)
        return own, self._account(host, BURST * MANY, RATE * MANY)

    def _account(self, key: Hashable, burst: float, rate: float) -> _Account:
        account = self._accounts.get(key)
        if account is None:
            now = self._clock.now()
            if len(self._accounts) >= self._room:
                self._accounts = {each: kept for each, kept in self._accounts.items() if not kept.full(now)}
                self._room = max(_FEW, 2 * len(self._accounts))
            account = self._accounts[key] = _Account(burst, rate, now)
        return account


def host_of(peer: Peer) -> str:
    """Return the address without its port: a client that comes back has another one."""
    return _PORT.sub("", peer.address)
