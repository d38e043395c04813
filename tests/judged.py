"""Resources for a judge, also those that legation itself would refuse."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from legation.envoy import codec, types
from legation.model.objects import ObjectKey
from legation.model.resource import Resource
from legation.model.resource_types import (
    CLUSTER,
    EXTENSION_CONFIG,
    LISTENER,
    ROUTE_CONFIGURATION,
    SECRET,
    ResourceType,
)

PREFIX = "type.googleapis.com/"
HTTP = PREFIX + "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
LUA = PREFIX + "envoy.extensions.filters.http.lua.v3.Lua"
ROUTER: dict[str, Any] = {
    "name": "router",
    "typed_config": {"@type": PREFIX + "envoy.extensions.filters.http.router.v3.Router"},
}
ADS = {"ads": {}, "resource_api_version": "V3"}
BAD_LUA: dict[str, Any] = {"@type": LUA, "default_source_code": {"inline_string": "function ("}}
"""Only Envoy knows that this is no script."""


@contextmanager
def temporary_folder(setattr_: Callable[[object, str, object], None]) -> Iterator[Path]:
    """Have temporary files made in a folder whose path is short enough for a socket, and remove it.

    Args:
        setattr_: That of pytest's monkeypatch.
    """
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    setattr_(tempfile, "tempdir", str(folder))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def resource(row: ResourceType, *, origin: ObjectKey | None = None, **fields: Any) -> Resource:
    """Return the resource with these fields, whatever rules it breaks."""
    _load(fields)
    message = json_format.ParseDict(fields, types.message_class(row.message)())
    return codec.from_message(message, check=False, origin=origin)


def cluster(name: str = "backend", *, host: str = "192.0.2.1", **fields: Any) -> Resource:
    """Return a static cluster with one host."""
    given = {"connect_timeout": "1s", "load_assignment": hosts(host), **fields}
    return resource(CLUSTER, name=name, **given)


def hosts(host: str, port: int = 80) -> dict[str, Any]:
    """Return an assignment with one host."""
    endpoint = {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}}
    return {"cluster_name": "any", "endpoints": [{"lb_endpoints": [endpoint]}]}


def listener(name: str = "front", *, port: int = 80, **http: Any) -> Resource:
    """Return a listener for HTTP, whose connection manager has these fields."""
    return resource(LISTENER, name=name, address=address(port), filter_chains=[chain(**http)])


def address(port: int = 80, host: str = "0.0.0.0", **more: Any) -> dict[str, Any]:
    """Return an address."""
    return {"socket_address": {"address": host, "port_value": port, **more}}


def chain(**http: Any) -> dict[str, Any]:
    """Return a filter chain with a connection manager that has these fields."""
    given = {"stat_prefix": "http", "http_filters": [ROUTER], "route_config": {"name": "inline"}, **http}
    return {"filters": [{"name": "http", "typed_config": {"@type": HTTP, **given}}]}


def routes(name: str = "routes", *domains: str, **fields: Any) -> Resource:
    """Return routes of one virtual host with these domains."""
    host = {"name": "host", "domains": domains or ["*"]}
    return resource(ROUTE_CONFIGURATION, name=name, virtual_hosts=[host], **fields)


def secret(name: str = "certificate", **fields: Any) -> Resource:
    """Return a secret."""
    return resource(SECRET, name=name, **fields)


def extension(name: str = "filter", **config: Any) -> Resource:
    """Return an extension configuration."""
    return resource(EXTENSION_CONFIG, name=name, typed_config=config)


def message_of(row: ResourceType, body: bytes) -> Any:
    """Return the message in bytes of that type."""
    return types.message_class(row.message).FromString(body)


def _load(value: object) -> None:
    """Have the protos loaded of all that stands in an `Any`."""
    if isinstance(value, Mapping):
        if isinstance(url := value.get("@type"), str):
            types.find(types.type_name(url))
        for each in value.values():
            _load(each)
    elif isinstance(value, list):
        for each in value:
            _load(each)
