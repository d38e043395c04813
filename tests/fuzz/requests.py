"""What a client may say, sensible or not: requests as bytes, most of them nearly right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from envoy.service.discovery.v3 import discovery_pb2

from legation.model.resource import Resource
from legation.model.resource_types import (
    BY_NAME,
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LISTENER,
    RESOURCE_TYPES,
    ROUTE_CONFIGURATION,
    RUNTIME,
    ResourceType,
)
from tests.small_world import resource

REAL = ("a", "b", "c", "ä☃", "a/b")
"""The names that are published now and then."""

LONG, MANY = "one very long name", "many names"
"""What these stand for is put in at last: failures are to be read by people."""

_MEANT = {LONG: ["x" * 70_000], MANY: [f"n{number}" for number in range(2_000)]}

_ODD = (
    "*",
    "",
    "a/*",
    "/*",
    "missing",
    "\x00",
    LONG,
    "xdstp://authority/envoy.config.cluster.v3.Cluster/a?k=v",
    "xdstp://authority/envoy.config.endpoint.v3.LbEndpoint/group/*",
    "xdstp://[",
)
_USUAL = (CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION, RUNTIME, EXTENSION_CONFIG)
_ERRORS = ("", "a is bad", "b: no", 'name: "c"\n{', LONG)
_URLS = ("", "nonsense", "type.googleapis.com/envoy.api.v2.Cluster")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request that is finished when it is known what was said before."""

    type: str
    """Its short name."""
    url: str | None = None
    """In place of the type's."""
    names: Sequence[str] = ()
    less: Sequence[str] = ()
    held: dict[str, str] = field(default_factory=dict)
    nonce: str = ""
    """`last` and `first` stand for those of the stream."""
    error: str | None = None
    node: str | None = "auto"
    """`auto`: as an Envoy says it, in the first request of a stream."""
    flip: tuple[int, int] | None = None
    """A byte to change, by its place and its bits."""

    def data(self, *, delta: bool, first: bool, nonces: Sequence[str]) -> bytes:
        """Return its bytes."""
        message: Any
        if delta:
            message = discovery_pb2.DeltaDiscoveryRequest(
                resource_names_subscribe=_meant(self.names),
                resource_names_unsubscribe=_meant(self.less),
                initial_resource_versions=self.held,
            )
        else:
            message = discovery_pb2.DiscoveryRequest(
                resource_names=_meant(self.names), version_info=next(iter(self.held.values()), "")
            )
        message.type_url = BY_NAME[self.type].url if self.url is None else self.url
        known = {"last": nonces[-1], "first": nonces[0]} if nonces else {"last": "", "first": ""}
        message.response_nonce = known.get(self.nonce, self.nonce)
        if self.error is not None:
            message.error_detail.message = "".join(_meant([self.error]))
        node = ("node" if first else None) if self.node == "auto" else self.node
        if node is not None:
            message.node.id = node
        data = bytearray(message.SerializeToString())
        if self.flip is not None and data:
            data[self.flip[0] % len(data)] ^= self.flip[1]
        return bytes(data)


def _meant(names: Sequence[str]) -> list[str]:
    return [each for name in names for each in _MEANT.get(name, [name])]


def some_type(draw: Random) -> ResourceType:
    """Return a type, mostly one that is asked for often."""
    return draw.choice(_USUAL if draw.random() < 0.7 else RESOURCE_TYPES)


def ask(draw: Random) -> Ask:
    """Return a request that is nearly right in most cases."""
    return Ask(
        type=some_type(draw).name,
        url=draw.choice(_URLS) if draw.random() < 0.02 else None,
        names=[MANY] if draw.random() < 0.02 else _names(draw, 4),
        less=_names(draw, 3) if draw.random() < 0.3 else [],
        held={name: draw.choice(("1", "2", "nonsense", "")) for name in _names(draw, 3)} if draw.random() < 0.2 else {},
        nonce=draw.choice(("", "", "last", "last", "last", "first", "77", "nonsense")),
        error=draw.choice(_ERRORS) if draw.random() < 0.2 else None,
        node=draw.choice((None, "", "other", "node")) if draw.random() < 0.02 else "auto",
        flip=(draw.randrange(500), draw.randrange(1, 256)) if draw.random() < 0.02 else None,
    )


def _names(draw: Random, most: int) -> list[str]:
    return [draw.choice(_ODD if draw.random() < 0.15 else REAL) for _ in range(draw.randint(0, most))]


def contents(draw: Random) -> list[Resource]:
    """Return some resources, which may name others that are there or not."""
    made = {}
    for row in dict.fromkeys(some_type(draw) for _ in range(6)):
        for name in draw.sample(REAL, draw.randint(0, len(REAL))):
            used = draw.choice((None, *row.refers))
            refers = () if used is None else ((BY_NAME[used], (draw.choice(REAL),)),)
            made[row, name] = resource(row, name, draw.randint(1, 3), refers)
    return sorted(made.values(), key=lambda each: (each.type.order, each.name))
