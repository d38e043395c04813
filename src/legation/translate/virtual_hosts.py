"""Finds virtual hosts, of some names or all, wherever they stand in a JSON value. Pure.

They stand in RouteConfigurations, in the inline `route_config` of a listener, in a DiscoveryResponse of either, and by
themselves. Nobody has checked the value: what is of another shape holds none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from legation.model.objects import FieldPath
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LB_ENDPOINT, RUNTIME, SECRET
from legation.translate.envoy_fields import field, items

_HOSTS = "virtual_hosts"
_NONE_WITHIN = frozenset(each.url for each in (CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LB_ENDPOINT, SECRET, RUNTIME))
_SCALARS = frozenset((str, int, float, bool, type(None)))
"""What a large value mostly consists of, passed over as fast as it can be."""


class VirtualHost(NamedTuple):
    """One that was found."""

    name: str
    """The one that was asked for; of all hosts, empty where it has none."""
    path: FieldPath
    """Where it stands."""
    json: Mapping[str, Any]
    configuration: str = ""
    """The name of the RouteConfiguration that it is of; empty where that has none."""


def every_virtual_host(value: object) -> Iterator[VirtualHost]:
    """Yield each virtual host, in the order of the text."""
    return _found(value, None)


def virtual_hosts(value: object, names: Collection[str]) -> Iterator[VirtualHost]:
    """Yield each virtual host that has one of the names, in the order of the text."""
    return _found(value, names) if names else iter(())


def _found(value: object, names: Collection[str] | None) -> Iterator[VirtualHost]:
    left: list[tuple[FieldPath, Any]] = [((), value)]
    while left:
        path, json = left.pop()
        if isinstance(json, Mapping):
            kind = json.get("@type")
            if kind in _NONE_WITHIN:
                continue
            if isinstance(kind, str) and kind.endswith(".VirtualHost"):
                # Where virtual hosts are asked for one by one their names begin with that of the RouteConfiguration:
                # https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/vhds
                configuration, _, called = _text(json.get("name")).rpartition("/")
                if names is None or called in names:
                    yield VirtualHost(called, path, json, configuration)
                continue
            hosts = field(json, _HOSTS)
            if hosts is not None:
                for part, host in items(json, _HOSTS):
                    name = _text(host.get("name"))
                    if names is None or name in names:
                        yield VirtualHost(name, (*path, *part), host, _text(json.get("name")))
                json = {key: each for key, each in json.items() if key != hosts.key}
            inner = [((*path, key), each) for key, each in json.items() if type(each) not in _SCALARS]
        elif isinstance(json, list):
            inner = [((*path, index), each) for index, each in enumerate(json) if type(each) not in _SCALARS]
        else:
            continue
        inner.reverse()
        left += inner


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
