"""A resource as a question that Envoy can be asked: as a cluster, or as a listener with it inside. No I/O.

Envoy refuses these two one by one and says which; it says so of nothing else. Names and addresses are others than those
of the resource, so that nothing clashes with what is asked beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from legation.envoy import types
from legation.judging.pretence import Pretence, has_files, is_elsewhere, is_ip
from legation.judging.scaffold import (
    ROUTER,
    TCP_PROXY,
    Setting,
    http_listener,
    new_cluster,
    new_listener,
    new_manager,
    tcp_proxy,
)
from legation.judging.structs import TYPED_STRUCTS
from legation.judging.verdict import Verdict, undecided, unjudged
from legation.model.resource import Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LISTENER,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE,
    SECRET,
    VIRTUAL_HOST,
    ResourceType,
)

_RESPONSE = "envoy.service.discovery.v3.DiscoveryResponse"
_UPSTREAM_TLS = f"{types.TLS}.UpstreamTlsContext"
_DOWNSTREAM_TLS = f"{types.TLS}.DownstreamTlsContext"
_DNS = "envoy.extensions.clusters.dns.v3.DnsCluster"
_UDP = 1

MOST_TOGETHER = 500
"""So many questions are asked together at most: each listener needs an address of its own, and Envoy memory."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What is asked instead of one resource. Compared by identity."""

    resource: Resource
    token: str
    """The name that it has in front of Envoy."""
    row: ResourceType
    """As what it is asked: a cluster or a listener."""
    body: bytes = field(repr=False)
    elsewhere: str
    """What it names that only the machine of the real Envoy has: then a refusal says nothing."""
    unknown: bool
    """It has an extension that is not known here: of that, Envoy is only asked whether it has such a one."""
    secrets: frozenset[str] = field(repr=False)
    """Texts that must not be shown."""


def pose(resource: Resource, *, number: int, token: str, alone: bool) -> Question | Verdict:
    """Return the question for a resource, or why there is none.

    Args:
        resource: What is to be judged.
        number: Of those that are asked together, each has another one.
        token: A name that nothing else has.
        alone: Envoy has a network of its own: what it binds is nobody's.
    """
    posing = _POSINGS.get(resource.type)
    if posing is None:
        return unjudged(f"an Envoy checks nothing of a {resource.type.name} by itself")
    message = types.message_of(resource)
    if message is None:
        return undecided(f"its bytes are not a readable {resource.type.message}")
    pretence = Pretence(token)
    posed = posing(message, Setting(number=number, token=token, alone=alone))
    if isinstance(posed, Verdict):
        return posed
    pretence.make_harmless(posed)
    if pretence.unsafe:
        return undecided(pretence.unsafe)
    return Question(
        resource=resource,
        token=token,
        row=CLUSTER if posed.DESCRIPTOR.full_name == CLUSTER.message else LISTENER,
        body=posed.SerializeToString(deterministic=True),
        elsewhere=pretence.elsewhere,
        unknown=pretence.unknown,
        secrets=frozenset(pretence.secrets),
    )


def _pose_cluster(cluster: Any, setting: Setting) -> Any | Verdict:
    cluster.name = setting.token
    cluster.ClearField("lrs_server")
    if cluster.HasField("cluster_type") or cluster.type in {1, 2}:  # STRICT_DNS, LOGICAL_DNS
        for address in _host_addresses(cluster.load_assignment):
            if not is_ip(address.address):
                address.address = "127.0.0.1"
            address.port_value = min(address.port_value, 1)
    return cluster


def _host_addresses(assignment: Any) -> list[Any]:
    hosts = [host for locality in assignment.endpoints for host in locality.lb_endpoints]
    addresses = [host.endpoint.address for host in hosts if host.endpoint.HasField("address")]
    return [each.socket_address for each in addresses if each.HasField("socket_address")]


def _pose_assignment(assignment: Any, setting: Setting) -> Any | Verdict:
    if any(each.HasField("leds_cluster_locality_config") for each in assignment.endpoints):
        return unjudged("hosts that come one by one can only be judged where they come")
    cluster = new_cluster(setting)
    assignment.ClearField("named_endpoints")
    if assignment.HasField("policy"):
        assignment.policy.ClearField("endpoint_stale_after")
    cluster.load_assignment.CopyFrom(assignment)
    return cluster


def _pose_secret(secret: Any, setting: Setting) -> Any | Verdict:
    context: Any
    match secret.WhichOneof("type"):
        case "tls_certificate":
            if has_files(secret.tls_certificate):
                return undecided("its files are on the machine of the Envoy that gets it")
            context = types.message_class(_UPSTREAM_TLS)()
            context.common_tls_context.tls_certificates.add().CopyFrom(secret.tls_certificate)
        case "validation_context":
            if is_elsewhere(secret.validation_context.trusted_ca):
                return undecided("its files are on the machine of the Envoy that gets it")
            context = types.message_class(_UPSTREAM_TLS)()
            context.common_tls_context.validation_context.CopyFrom(secret.validation_context)
        case "session_ticket_keys":
            if any(map(is_elsewhere, secret.session_ticket_keys.keys)):
                return undecided("its files are on the machine of the Envoy that gets it")
            return _ticket_keys(secret.session_ticket_keys, setting)
        case _:
            return unjudged("an Envoy checks nothing of such a secret by itself")
    cluster = new_cluster(setting)
    cluster.transport_socket.name = "tls"
    cluster.transport_socket.typed_config.Pack(context)
    return cluster


def _ticket_keys(keys: Any, setting: Setting) -> Any:
    context: Any = types.message_class(_DOWNSTREAM_TLS)()
    context.common_tls_context.tls_certificate_sds_secret_configs.add(name="any").sds_config.ads.SetInParent()
    context.session_ticket_keys.CopyFrom(keys)
    listener = new_listener(setting)
    chain = listener.filter_chains.add()
    chain.transport_socket.name = "tls"
    chain.transport_socket.typed_config.Pack(context)
    return listener


def _pose_listener(listener: Any, setting: Setting) -> Any | Verdict:
    if listener.HasField("api_listener"):
        return unjudged("it is for clients without an Envoy")
    listener.name = setting.token
    listener.enable_mptcp = False  # a machine may lack it
    bound = _moved(listener, setting)
    if bound and not setting.alone:
        return undecided("a listener for UDP can only be judged where Envoy may have a network of its own")
    if bound:
        listener.ClearField("bind_to_port")
    else:
        listener.bind_to_port.value = False
        listener.ClearField("transparent")  # Envoy crashes on one that it does not bind
    return listener


def _moved(listener: Any, setting: Setting) -> bool:
    """Give a listener addresses of its own. Returns whether Envoy has to bind them to judge it."""
    bound = False
    ports: dict[object, int] = {}
    for address in (listener.address, *(each.address for each in listener.additional_addresses)):
        place = address.socket_address
        match address.WhichOneof("address"):
            case "pipe":  # Envoy binds it whatever it is told
                known = address.pipe.path
                place.address = "127.0.0.1"
            case "socket_address":
                known = place.port_value
                bound |= place.protocol == _UDP
                if place.protocol == _UDP and is_ip(place.address):
                    place.address = "::" if ":" in place.address else "0.0.0.0"  # noqa: S104 - of a network of its own
            case _:
                continue
        place.port_value = setting.port(ports.setdefault(known, len(ports)))
    return bound


def _pose_routes(routes: Any, setting: Setting) -> Any | Verdict:
    manager = new_manager()
    manager.route_config.CopyFrom(routes)
    return http_listener(manager, setting)


def _pose_virtual_host(host: Any, setting: Setting) -> Any | Verdict:
    manager = new_manager()
    manager.route_config.virtual_hosts.add().CopyFrom(host)
    return http_listener(manager, setting)


def _pose_scope(scope: Any, setting: Setting) -> Any | Verdict:
    manager = new_manager()
    scopes = manager.scoped_routes
    scopes.name = "scopes"
    for _ in scope.key.fragments:
        scopes.scope_key_builder.fragments.add().header_value_extractor.name = "any"
        scopes.scope_key_builder.fragments[-1].header_value_extractor.index = 0
    scopes.rds_config_source.ads.SetInParent()
    asked = scopes.scoped_route_configurations_list.scoped_route_configurations.add()
    asked.CopyFrom(scope)
    asked.on_demand = False
    if asked.route_configuration_name:
        asked.ClearField("route_configuration_name")
        asked.route_configuration.name = "any"
    return http_listener(manager, setting)


def _pose_extension(extension: Any, setting: Setting) -> Any | Verdict:
    kind = _type_of(extension.typed_config)
    manager = new_manager()
    if ".filters.http." in kind:
        router = manager.http_filters.pop()
        manager.http_filters.add(name=extension.name).typed_config.CopyFrom(extension.typed_config)
        if kind != ROUTER:
            manager.http_filters.append(router)
        manager.route_config.name = "any"
        return http_listener(manager, setting)
    listener: Any = new_listener(setting)
    if ".filters.network." in kind:
        chain = listener.filter_chains.add()
        chain.filters.add(name=extension.name).typed_config.CopyFrom(extension.typed_config)
        if kind not in _TERMINAL:
            chain.filters.append(tcp_proxy())
        return listener
    if ".filters.listener." in kind:
        listener.filter_chains.add().filters.append(tcp_proxy())
        listener.listener_filters.add(name=extension.name).typed_config.CopyFrom(extension.typed_config)
        return listener
    return unjudged("it is not known where Envoy would use such an extension")


_TERMINAL = frozenset({
    types.HTTP_MANAGER,
    TCP_PROXY,
    "envoy.extensions.filters.network.direct_response.v3.Config",
    "envoy.extensions.filters.network.dubbo_proxy.v3.DubboProxy",
    "envoy.extensions.filters.network.echo.v3.Echo",
    "envoy.extensions.filters.network.generic_proxy.v3.GenericProxy",
    "envoy.extensions.filters.network.redis_proxy.v3.RedisProxy",
    "envoy.extensions.filters.network.thrift_proxy.v3.ThriftProxy",
})  # fmt: skip
"""Network filters that must be the last one."""


def _type_of(typed_config: Any) -> str:
    name = types.type_name(typed_config.type_url)
    if name in TYPED_STRUCTS:
        inner = types.message_class(name).FromString(typed_config.value)
        return types.type_name(inner.type_url)  # type: ignore[attr-defined] # both have it
    return name


_POSINGS: Mapping[ResourceType, Callable[[Any, Setting], Any | Verdict]] = {
    CLUSTER: _pose_cluster,
    CLUSTER_LOAD_ASSIGNMENT: _pose_assignment,
    SECRET: _pose_secret,
    LISTENER: _pose_listener,
    ROUTE_CONFIGURATION: _pose_routes,
    VIRTUAL_HOST: _pose_virtual_host,
    SCOPED_ROUTE: _pose_scope,
    EXTENSION_CONFIG: _pose_extension,
}


def as_response(row: ResourceType, questions: Iterable[Question]) -> bytes:
    """Return the discovery response that asks these questions, all as that type."""
    response: Any = types.message_class(_RESPONSE)()
    for each in questions:
        response.resources.add(type_url=row.url, value=each.body)
    return response.SerializeToString()  # type: ignore[no-any-return] # bytes
