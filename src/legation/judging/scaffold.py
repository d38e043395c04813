"""What stands around that which is judged: a cluster or a listener that is as plain as can be. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from legation.envoy import types
from legation.model.resource_types import CLUSTER, LISTENER

ROUTER = "envoy.extensions.filters.http.router.v3.Router"
TCP_PROXY = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"

_LAST_PORT = 65_535
_PORTS_EACH = 128
"""So many ports one listener can have that no other question has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What tells a question from those that are asked beside it."""

    number: int
    """Among those that are asked together."""
    token: str
    """A name that nothing else has."""
    alone: bool
    """Envoy has a network of its own."""

    def port(self, which: int = 0) -> int:
        """Return a port that no other question has."""
        return _LAST_PORT - self.number * _PORTS_EACH - which % _PORTS_EACH


def new_cluster(setting: Setting) -> Any:
    """Return a cluster that does nothing."""
    cluster: Any = types.message_class(CLUSTER.message)(name=setting.token)
    cluster.connect_timeout.FromSeconds(1)
    return cluster


def new_listener(setting: Setting) -> Any:
    """Return a listener without filters."""
    listener: Any = types.message_class(LISTENER.message)(name=setting.token)
    listener.bind_to_port.value = False
    listener.address.socket_address.address = "127.0.0.1"
    listener.address.socket_address.port_value = setting.port()
    return listener


def new_manager() -> Any:
    """Return a connection manager that routes."""
    manager: Any = types.message_class(types.HTTP_MANAGER)(stat_prefix="judge")
    manager.http_filters.add(name="router").typed_config.Pack(types.message_class(ROUTER)())
    return manager


def tcp_proxy() -> Any:
    """Return a network filter that can be the last one."""
    listener: Any = types.message_class(LISTENER.message)()
    last = listener.filter_chains.add().filters.add(name="last")
    last.typed_config.Pack(types.message_class(TCP_PROXY)(stat_prefix="judge", cluster="nobody"))
    return last


def http_listener(manager: Any, setting: Setting) -> Any:
    """Return a listener with that connection manager."""
    listener = new_listener(setting)
    listener.filter_chains.add().filters.add(name="http").typed_config.Pack(manager)
    return listener
