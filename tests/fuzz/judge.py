"""Judge: reads what a stream carries, as bytes, and says what is not legal. It shares no code with what it judges.

Its one invariant: a legal answer, or a closed stream with a status, never anything else. What is legal are the rows of
the protocol that hold for every single message: A1.3, A1.5 to A1.8, A1.10, A2.8, A2.13, A2.15, A3 and A4.21.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf.message import DecodeError

from legation.model.resource import empty_resource
from legation.model.resource_types import BY_URL, VIRTUAL_HOST, Absence, ResourceType

WRAPPER = "type.googleapis.com/envoy.service.discovery.v3.Resource"


@dataclass(slots=True)
class _Wanted:
    """What a client wants of one type on one stream."""

    row: ResourceType
    strict: bool
    names: set[str] = field(default_factory=set)
    everything: bool = False
    begun: bool = False
    named: bool = False
    last_nonce: str = ""

    def sotw(self, message: Any) -> None:
        if self.strict and self.begun and message.response_nonce and message.response_nonce != self.last_nonce:
            return
        names = set(message.resource_names)
        everything = "*" in names or (self.row.wildcard and not names and not self.named)
        self.named |= bool(names)
        self._want(names - {"*"}, everything=everything)

    def delta(self, message: Any) -> None:
        more, less = set(message.resource_names_subscribe), set(message.resource_names_unsubscribe)
        legacy = self.row.wildcard and not self.begun and not more and not less
        everything = legacy or "*" in more or (self.everything and "*" not in less)
        self._want((self.names - less | more) - {"*"}, everything=everything)

    def _want(self, names: set[str], *, everything: bool) -> None:
        self.names = names if self.strict else names | self.names
        self.everything = everything or (self.everything and not self.strict)
        self.begun = True

    def covers(self, name: str) -> bool:
        return self.everything or name in self.names or any(_in_glob(name, each) for each in self.names)


def _in_glob(name: str, asked: str) -> bool:
    return asked.endswith("/*") and name.startswith(asked[:-1])


class Judge:
    """Judges one stream."""

    def __init__(
        self,
        *,
        delta: bool,
        row: ResourceType | None,
        published: dict[tuple[str, str], set[bytes]],
        strict: bool = True,
    ) -> None:
        """Make the judge of a stream that has not begun.

        Args:
            delta: Its variant.
            row: The type of its service; None for an aggregated one.
            published: The bodies of all that was ever published, by type URL and name; may grow.
            strict: Whether it hears everything in the order in which the server does it. Where messages cross on their
                way, a name that was ever asked for may be told.
        """
        self.delta = delta
        self.row = row
        self.published = published
        self.strict = strict
        self.faults: list[str] = []
        self.must_close = False
        """Whether the client has broken a rule: the stream is to be closed, and nothing more is read."""
        self.nonces: list[str] = []
        """In the order in which they came."""
        self._node: str | None = None
        self._wanted: dict[str, _Wanted] = {}

    def asked(self, data: bytes) -> None:
        """Take what the client said."""
        if self.must_close:
            return
        kind = discovery_pb2.DeltaDiscoveryRequest if self.delta else discovery_pb2.DiscoveryRequest
        try:
            message = kind.FromString(data)
        except DecodeError:
            self.must_close = True
            return
        url = message.type_url or (self.row.url if self.row else "")
        node = message.node.id if message.HasField("node") else None
        known = self._node is None or node is None or node == self._node
        if not url or (self.row and url != self.row.url) or not (node or self._node) or not known:
            self.must_close = True
        else:
            self._node = self._node or node
            row = BY_URL.get(url)
            if row is not None:
                wanted = self._wanted.setdefault(url, _Wanted(row, strict=self.strict))
                wanted.delta(message) if self.delta else wanted.sotw(message)

    def told(self, data: bytes) -> None:
        """Take what the server said."""
        kind = discovery_pb2.DeltaDiscoveryResponse if self.delta else discovery_pb2.DiscoveryResponse
        response = kind.FromString(data)
        wanted = self._wanted.get(response.type_url)
        if not response.nonce or response.nonce in self.nonces:
            self._fault(response, f"its nonce is {response.nonce!r}")
        self.nonces.append(response.nonce)
        if wanted is None:
            self._fault(response, "nobody asked for the type")
            return
        wanted.last_nonce = response.nonce
        removed = list(response.removed_resources) if self.delta else []
        names = [self._name(response, each, wanted) for each in response.resources]
        if len({*names, *removed}) < len(names) + len(removed):
            self._fault(response, "a name stands in it twice")
        for name in (*names, *removed):
            if not wanted.covers(name):
                self._fault(response, f"nobody asked for {name!r}")
        if not self.delta and not names and not wanted.row.full_state:
            self._fault(response, "it is empty, which says nothing for this type")
        if not self.delta and not response.version_info:
            self._fault(response, "it has no version")

    def closed(self, status: str, words: str) -> None:
        """Take the end of the stream."""
        if status == "INVALID_ARGUMENT" and (not words or not self.must_close):
            self.faults.append(f"closed without a reason: {words!r}")
        if status not in {"INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"}:
            self.faults.append(f"closed with {status}: {words}")

    def still_open(self) -> None:
        """Take note that the stream is open although everything has been read."""
        if self.must_close:
            self.faults.append("still open after a request that breaks a rule")

    def _name(self, response: Any, each: Any, wanted: _Wanted) -> str:
        """Return the name of a resource of a response; its content must be one that was published under it."""
        if self.delta:
            name, any_ = each.name, each.resource
            if not each.HasField("resource"):
                # That is how a virtual host is told that does not exist (A8.5).
                if wanted.row is not VIRTUAL_HOST:
                    self._fault(response, f"{name!r} has no body")
                return str(name)
            if not each.version:
                self._fault(response, f"{name!r} has no version")
        else:
            any_ = each
            name = self._named(any_.value, wanted)
        if any_.type_url != response.type_url:
            self._fault(response, f"{name!r} is of the type {any_.type_url}")
        published = self.published.get((response.type_url, name), ())
        if any_.value not in published and not _is_empty(any_.value, name, wanted):
            self._fault(response, f"{name!r} has a content that nobody published")
        return str(name)

    def _named(self, body: bytes, wanted: _Wanted) -> str:
        """Return the name of a body, which is `name@version`, or empty as the control plane makes it."""
        empty = next((name for name in wanted.names if _is_empty(body, name, wanted)), None)
        return empty if empty is not None else body.decode().rpartition("@")[0]

    def _fault(self, response: Any, words: str) -> None:
        self.faults.append(f"response {response.nonce} of {response.type_url}: {words}")


def _is_empty(body: bytes, name: str, wanted: _Wanted) -> bool:
    if wanted.row.absence is Absence.REMOVED or name not in wanted.names:
        return False
    return empty_resource(wanted.row, name).body == body
