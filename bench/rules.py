"""What Envoy's own rules and the lints cost for a thousand clusters: processor time of this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.saved import Row
from legation.envoy import examining, types
from legation.envoy.reader import read
from legation.model.resource_types import CLUSTER

if TYPE_CHECKING:
    from google.protobuf.message import Message

CLUSTERS = 1000
ROUNDS = 9
_TYPE = "type.googleapis.com/envoy.extensions"
_OPTIONS = "upstreams.http.v3.HttpProtocolOptions"


async def measure(_: Path) -> None:
    """Print a row for what is new and one for what is known."""
    for row in rows(CLUSTERS):
        print(f"{row.what:<75}{row.measured:>22}{row.target:>12}", flush=True)


def rows(count: int) -> list[Row]:
    """Return the shortest of some rounds each: nothing here waits for anything."""
    rounds = [_messages(count, mark=mark) for mark in range(ROUNDS)]
    remaining = iter(rounds)
    new = _shortest(lambda: _examine(next(remaining)))
    known = _shortest(lambda: _examine(rounds[-1]))
    return [
        Row(what=f"{count:,} new clusters examined", measured=f"{new * 1000:.1f} ms", target="50 ms"),
        Row(what=f"{count:,} known clusters examined", measured=f"{known * 1000:.1f} ms"),
    ]


def _shortest(act: Callable[[], None]) -> float:
    took = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        act()
        took.append(time.process_time() - begun)
    return min(took)


def _examine(given: list[tuple[Message, bytes]]) -> None:
    for message, body in given:
        examining.examined(message, body)


def _messages(count: int, *, mark: int) -> list[tuple[Message, bytes]]:
    """Return ordinary clusters that are like no others: with endpoints, TLS and HTTP/2."""
    filled = []
    for number in range(count):
        message = types.message_class(CLUSTER.message)()
        body, _ = read(message, _cluster(f"cluster-{mark}-{number}"))
        filled.append((message, body))
    return filled


def _cluster(name: str) -> dict[str, Any]:
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": f"{name}.{zone}.example", "port_value": 8443}}}}
        for zone in ("a", "b")
    ]
    tls = {"sni": f"{name}.example", "common_tls_context": {"validation_context": {"trusted_ca": {"filename": "/ca"}}}}
    http = {"explicit_http_config": {"http2_protocol_options": {"max_concurrent_streams": 100}}}
    return {
        "name": name,
        "type": "STRICT_DNS",
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        "transport_socket": {
            "name": "tls",
            "typed_config": {"@type": f"{_TYPE}.transport_sockets.tls.v3.UpstreamTlsContext", **tls},
        },
        "typed_extension_protocol_options": {
            f"envoy.extensions.{_OPTIONS}": {"@type": f"{_TYPE}.{_OPTIONS}", **http},
        },
    }
