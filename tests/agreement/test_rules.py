"""The real Envoy asks each rule that its protos carry, but for those that are known not to be asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import json_format

from tests.agreement.broken_rules import broken
from tests.agreement.real_envoy import RealEnvoy

PREFIX = "type.googleapis.com/"
EXTENSIONS = "envoy.extensions"
CLUSTER = {"@type": f"{PREFIX}envoy.config.cluster.v3.Cluster", "name": "web", "type": "STATIC"}
ADDRESS = {"socket_address": {"address": "127.0.0.1", "port_value": 10_000}}
LISTENER = {"@type": f"{PREFIX}envoy.config.listener.v3.Listener", "name": "edge", "address": ADDRESS}
MANAGER = f"{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager"
OPTIONS = f"{EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions"
UPSTREAM, DOWNSTREAM = (
    f"{EXTENSIONS}.transport_sockets.tls.v3.{side}TlsContext" for side in ("Upstream", "Downstream")
)
HTTP_FILTERS = (
    "buffer.v3.Buffer",
    "compressor.v3.Compressor",
    "ext_authz.v3.ExtAuthz",
    "ext_proc.v3.ExternalProcessor",
    "fault.v3.HTTPFault",
    "jwt_authn.v3.JwtAuthentication",
    "local_ratelimit.v3.LocalRateLimit",
    "oauth2.v3.OAuth2",
    "ratelimit.v3.RateLimit",
    "rbac.v3.RBAC",
    "router.v3.Router",
)
OTHER_RULES = ("Invalid duration", "has unknown fields", "deprecated")
"""What Envoy says where it asks a rule by code of its own."""
LEAST = 9
"""So many are refused for the rule, for one that is refused for something else; else the place is no good."""
Json = dict[str, Any]
Place = Callable[[Json], Json]


def extension(config: Json) -> Json:
    return {"name": "of-a-test", "typed_config": config}


def in_chain(config: Json) -> Json:
    return {**LISTENER, "filter_chains": [{"filters": [extension(config)]}]}


def in_manager(config: Json) -> Json:
    return in_chain(
        {
            "@type": f"{PREFIX}{MANAGER}",
            "stat_prefix": "http",
            "route_config": {"name": "routes"},
            "http_filters": [extension(config), *([] if config["@type"].endswith("Router") else [ROUTER])],
        }
    )


ROUTER = {"name": "router", "typed_config": {"@type": f"{PREFIX}{EXTENSIONS}.filters.http.router.v3.Router"}}
PLACES: dict[str, Place] = {
    "envoy.config.cluster.v3.Cluster": lambda config: {"type": "STATIC", **config},
    "envoy.config.listener.v3.Listener": lambda config: {"address": ADDRESS, **config},
    MANAGER: in_chain,
    OPTIONS: lambda config: {**CLUSTER, "typed_extension_protocol_options": {OPTIONS: config}},
    UPSTREAM: lambda config: {**CLUSTER, "transport_socket": extension(config)},
    DOWNSTREAM: lambda config: {**LISTENER, "filter_chains": [{"transport_socket": extension(config)}]},
    f"{EXTENSIONS}.filters.network.tcp_proxy.v3.TcpProxy": in_chain,
    **{f"{EXTENSIONS}.filters.http.{name}": in_manager for name in HTTP_FILTERS},
}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", PLACES)
def test_envoy_asks_every_rule_that_is_asked_here(name: str, real_envoy: RealEnvoy) -> None:
    """So what legation refuses for a rule of the protos is refused by Envoy as well."""
    accepted, by_rule, otherwise = [], 0, []
    for words, message in broken(name):
        config = {"@type": f"{PREFIX}{name}", **json_format.MessageToDict(message, preserving_proto_field_name=True)}
        said = real_envoy.judge([PLACES[name](config)])
        if said.accepts:
            accepted.append(words)
        elif said.way == "rule" or any(each in said.words for each in OTHER_RULES):
            by_rule += 1
        else:
            otherwise.append((words, said.words))
    assert accepted == []
    assert by_rule > LEAST * len(otherwise), otherwise
