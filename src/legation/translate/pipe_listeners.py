"""The listener of a pipe as Envoy JSON. Pure.

Its one hash policy is a key that is the same for all that comes in: with the hash keys of the hosts
(`pipe_assignments.py`) it says to which of them.
"""

from __future__ import annotations

from typing import Any

from legation.model.node import Scope
from legation.model.resource_types import LISTENER, TYPE_URL_PREFIX
from legation.translate.base import Draft
from legation.translate.pipe import Carrier, Pipe
from legation.translate.pipe_clusters import duration

_UDP = f"{TYPE_URL_PREFIX}envoy.extensions.filters.udp.udp_proxy.v3"
_NETWORK = f"{TYPE_URL_PREFIX}envoy.extensions.filters.network"
_ANY = "::"
"""Every address: Envoy takes it for those of IPv6 alone if it is not told otherwise."""
_STATE = "legation.hash_key"
"""What the key is called among the things that Envoy knows of a connection."""


def listener_draft(pipe: Pipe, scope: Scope) -> Draft:
    """Return the listener."""
    socket: dict[str, Any] = {"protocol": pipe.carrier.value, "address": pipe.address, "port_value": pipe.port}
    if pipe.address == _ANY:
        socket["ipv4_compat"] = True
    json = {
        "@type": LISTENER.url,
        "name": pipe.name,
        "address": {"socket_address": socket},
        **(_udp(pipe) if pipe.carrier is Carrier.UDP else _tcp(pipe)),
    }
    return Draft(json=json, scope=scope, path=pipe.path)


def _udp(pipe: Pipe) -> dict[str, Any]:
    route = _extension("route", f"{_UDP}.Route", {"cluster": pipe.cluster.name})
    proxy = {
        "stat_prefix": pipe.name,
        "matcher": {"on_no_match": {"action": route}},
        "hash_policies": [{"key": pipe.hash_key}],
        **_idle_timeout(pipe),
    }
    filters = [_extension("envoy.filters.udp_listener.udp_proxy", f"{_UDP}.UdpProxyConfig", proxy)]
    # So each of Envoy's threads reads datagrams, which are not handed from one to another.
    return {"enable_reuse_port": True, "listener_filters": filters}


def _tcp(pipe: Pipe) -> dict[str, Any]:
    # A TCP proxy takes no key as it stands. It hashes what a filter before it says of the connection.
    text = pipe.hash_key.replace("%", "%%")
    value = {
        "object_key": _STATE,
        "factory_key": "envoy.hashable_string",
        "format_string": {"text_format_source": {"inline_string": text}},
    }
    proxy = {
        "stat_prefix": pipe.name,
        "cluster": pipe.cluster.name,
        "hash_policy": [{"filter_state": {"key": _STATE}}],
        **_idle_timeout(pipe),
    }
    set_state = _extension(
        "envoy.filters.network.set_filter_state",
        f"{_NETWORK}.set_filter_state.v3.Config",
        {"on_new_connection": [value]},
    )
    tcp_proxy = _extension("envoy.filters.network.tcp_proxy", f"{_NETWORK}.tcp_proxy.v3.TcpProxy", proxy)
    return {"filter_chains": [{"filters": [set_state, tcp_proxy]}]}


def _idle_timeout(pipe: Pipe) -> dict[str, str]:
    return {} if pipe.idle_timeout is None else {"idle_timeout": duration(pipe.idle_timeout)}


def _extension(name: str, url: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": url, **config}}
