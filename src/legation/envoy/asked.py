"""What a message asks of a config source: the source, and the name that comes from it. Whose source it is: no matter.

Which messages do so stands in `SOURCES`, and each has its own rule; a test holds them against the descriptors. Clusters
that are named where they are used come from no config source: they stand in `cluster_names`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from legation.envoy import types
from legation.model.resource import EVERY, Name
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LB_ENDPOINT,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE,
    SECRET,
    VIRTUAL_HOST,
)

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

_BY_WILDCARD = f"{types.HTTP_MANAGERS}.ScopedRoutes"
_DISCOVERY = "config_discovery"
"""A field that stands in many messages, beside the name of the ExtensionConfig."""


def asked(message: Any) -> Iterator[tuple[Any, Name]]:
    """Yield each config source that stands in a message itself, and what comes from it, with its name as it is written.

    EVERY in place of a name: any of that type. A source that is not set is yielded too.
    """
    found = SOURCES.get(message.DESCRIPTOR.full_name)
    if found is not None:
        yield from found(message)
    elif _DISCOVERY in message.DESCRIPTOR.fields_by_name and message.HasField(_DISCOVERY):
        yield message.config_discovery.config_source, (EXTENSION_CONFIG, message.name)


def asks_by_name(descriptor: Descriptor) -> bool:
    """Say whether messages of a type may ask for something that they name."""
    if descriptor.full_name in SOURCES:
        return descriptor.full_name != _BY_WILDCARD
    return _DISCOVERY in descriptor.fields_by_name


def _cluster(message: Any) -> Iterator[tuple[Any, Name]]:
    eds = message.eds_cluster_config
    if message.type == message.EDS:
        yield eds.eds_config, (CLUSTER_LOAD_ASSIGNMENT, eds.service_name or message.name)


def _virtual_hosts(message: Any) -> Iterator[tuple[Any, Name]]:
    if message.HasField("vhds"):
        yield message.vhds.config_source, (VIRTUAL_HOST, f"{message.name}/*")


def _rds(message: Any) -> Iterator[tuple[Any, Name]]:
    yield message.config_source, (ROUTE_CONFIGURATION, message.route_config_name)


def _scoped_routes(message: Any) -> Iterator[tuple[Any, Name]]:
    yield message.rds_config_source, (ROUTE_CONFIGURATION, EVERY)
    if message.HasField("scoped_rds"):
        yield message.scoped_rds.scoped_rds_config_source, (SCOPED_ROUTE, EVERY)


def _secret(message: Any) -> Iterator[tuple[Any, Name]]:
    # Without a source it is a secret of the bootstrap.
    yield message.sds_config, (SECRET, message.name)


def _endpoints(message: Any) -> Iterator[tuple[Any, Name]]:
    yield message.leds_config, (LB_ENDPOINT, message.leds_collection_name)


SOURCES: Mapping[str, Callable[[Any], Iterator[tuple[Any, Name]]]] = MappingProxyType(
    {
        CLUSTER.message: _cluster,
        ROUTE_CONFIGURATION.message: _virtual_hosts,
        f"{types.HTTP_MANAGERS}.Rds": _rds,
        _BY_WILDCARD: _scoped_routes,
        "envoy.config.endpoint.v3.LedsClusterLocalityConfig": _endpoints,
        f"{types.TLS}.SdsSecretConfig": _secret,
    }
)
"""Full name of a message -> what yields its config sources."""
