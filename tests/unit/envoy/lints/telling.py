"""What the lints say of a resource, in one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legation.envoy import types
from legation.envoy.examining import examine
from legation.envoy.reader import read
from legation.model.objects import show_path
from legation.model.problems import Level

TYPE = "type.googleapis.com/"
_RULES = "constraint"


def told(resource: Mapping[str, Any]) -> list[str]:
    """Return the level, the code and the place of each finding of a lint, in a resource with its `@type`."""
    message: Any = types.message_class(types.type_name(str(resource["@type"])))()
    _, misfits = read(message, {name: value for name, value in resource.items() if name != "@type"})
    assert not [str(each) for each in misfits if each.level is Level.ERROR]
    found = [each for each in examine(message) if each.code != _RULES]
    for each in found:
        assert each.message, each
        assert each.mend, each
        assert not each.message.endswith("."), each
    return [f"{each.level} {each.code} {show_path(each.path)}".strip() for each in found]


def routes(*hosts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "@type": f"{TYPE}envoy.config.route.v3.RouteConfiguration",
        "name": "web",
        "virtual_hosts": list(hosts),
        **fields,
    }


def host(*each: dict[str, Any], name: str = "all", domains: tuple[str, ...] = ("*",), **fields: Any) -> dict[str, Any]:
    return {"name": name, "domains": list(domains), "routes": list(each), **fields}


def route(match: dict[str, Any] | None = None, **action: Any) -> dict[str, Any]:
    """Return a route to the cluster `web`, or with the action that is given."""
    return {"match": match or {"prefix": "/"}, **(action or {"route": {"cluster": "web"}})}


def routed(**action: Any) -> dict[str, Any]:
    """Return a RouteConfiguration with one route that has these fields in its action."""
    return routes(host(route(route={"cluster": "web", **action})))


def cluster(**fields: Any) -> dict[str, Any]:
    found = {"@type": f"{TYPE}envoy.config.cluster.v3.Cluster", "name": "web", "connect_timeout": "1s", **fields}
    if "type" not in found and "cluster_type" not in found:
        found |= {"type": "STATIC"}
    if found.get("type") in {"STATIC", "STRICT_DNS"}:
        found.setdefault("load_assignment", assignment(endpoint()))
    return found


def assignment(*endpoints: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"cluster_name": "web", "endpoints": [{"lb_endpoints": list(endpoints)}], **fields}


def endpoint(address: str = "192.0.2.1", **fields: Any) -> dict[str, Any]:
    return {"endpoint": {"address": {"socket_address": {"address": address, "port_value": 80, **fields}}}}


TCP = {"socket_address": {"address": "192.0.2.1", "port_value": 443}}
UDP = {"socket_address": {"address": "192.0.2.1", "port_value": 53, "protocol": "UDP"}}


def extension(message: str, **fields: Any) -> dict[str, Any]:
    return {"name": "of-a-test", "typed_config": {"@type": TYPE + message, **fields}}


def network_filter(message: str, **fields: Any) -> dict[str, Any]:
    return extension(f"envoy.extensions.filters.network.{message}", **fields)


def http_filter(message: str, **fields: Any) -> dict[str, Any]:
    return extension(f"envoy.extensions.filters.http.{message}", **fields)


def inspector(message: str = "tls_inspector.v3.TlsInspector") -> dict[str, Any]:
    return extension(f"envoy.extensions.filters.listener.{message}")


TCP_PROXY = network_filter("tcp_proxy.v3.TcpProxy", stat_prefix="tcp", cluster="web")
ROUTER = http_filter("router.v3.Router")


def listener(*chains: dict[str, Any], **fields: Any) -> dict[str, Any]:
    found = {
        "@type": f"{TYPE}envoy.config.listener.v3.Listener",
        "name": "edge",
        "address": TCP,
        "filter_chains": list(chains),
        **fields,
    }
    return {name: value for name, value in found.items() if value is not None}


def chain(*filters: dict[str, Any], match: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    matching = {} if match is None else {"filter_chain_match": match}
    return {"filters": list(filters) or [TCP_PROXY], **matching, **fields}


def manager(*filters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an HTTP connection manager; the router at its end where no filters are given."""
    return network_filter(
        "http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="http",
        http_filters=list(filters) or [ROUTER],
        route_config={"name": "none"},
        **fields,
    )
