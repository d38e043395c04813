"""The table of xDS resource types: one row a type, and everything that differs between types is a column.

gRPC methods, REST paths, the order of delivery, metrics labels and file names follow from a row. A new type is a new
row; no other file tells types apart. Sources: the xDS REST and gRPC protocol page of Envoy's documentation (services,
ordering, warming) and the protos of `envoy.service.*.v3`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

TYPE_URL_PREFIX = "type.googleapis.com/"


class Absence(Enum):
    """What a client is told that asks by name for a resource that does not exist."""

    REMOVED = "removed"
    """Delta: `removed_resources`; state of the world cannot say it and stays silent."""
    EMPTY = "empty"
    """An empty resource of that name."""
    EMPTY_IF_REFERRED = "empty if referred"
    """An empty resource if something that the client gets refers to the name, else as REMOVED."""
    BODILESS = "bodiless"
    """A resource of that name without a body: what waits for it goes on without."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResourceType:
    """One row. Compared by identity: there is one object for each type."""

    name: str
    """The short name of logs, metrics, tables and file names: the message's own name."""
    message: str
    """The full name of the proto message."""
    service: str
    """The full name of the gRPC service that serves this type alone."""
    sotw_method: str = ""
    """The state of the world method of that service; empty where the type is delta only."""
    delta_method: str
    rest_path: str = ""
    """Path of REST-JSON discovery; empty where the type has none."""
    name_field: str
    """The field that holds a resource's name."""
    order: int
    """The place in the order of delivery (make before break): lower goes first."""
    refers: tuple[str, ...] = ()
    """Short names of the types of which a resource of this type can name single resources."""
    forces: tuple[str, ...] = ()
    """What a client throws away with a changed resource of this type: resources of these types that it names, singly or
    by a glob, are sent again."""
    full_state: bool = False
    """In state of the world every response holds all resources, and absence means deletion."""
    wildcard: bool = False
    """An empty first subscription means all resources (the legacy wildcard)."""
    awaited_warm: bool = False
    """A new resource of this type must be warm before something that names it is sent: a route to a cluster that is
    not there fails requests. Envoy holds back the ACK until it is; so newer responses may follow unanswered ones."""
    drains: bool = False
    """A replaced or removed resource of this type goes on serving old connections for Envoy's drain time."""
    absence: Absence = Absence.REMOVED
    aliased: bool = False
    """A client asks by names that are not the resources' own: by the host of a request."""
    secret: bool = False
    """The content must not be shown to anyone."""
    taken_unseen: bool = False
    """Envoy remembers by its hash what it was offered last: what it refused it takes at the second time, and goes on
    with what it had."""

    @property
    def url(self) -> str:
        """The type URL, `type.googleapis.com/` before the message's name."""
        return TYPE_URL_PREFIX + self.message

    def __repr__(self) -> str:
        return f"<{self.name}>"


CLUSTER = ResourceType(
    name="Cluster",
    message="envoy.config.cluster.v3.Cluster",
    service="envoy.service.cluster.v3.ClusterDiscoveryService",
    sotw_method="StreamClusters",
    delta_method="DeltaClusters",
    rest_path="/v3/discovery:clusters",
    name_field="name",
    order=10,
    refers=("ClusterLoadAssignment", "Secret", "ExtensionConfig"),
    forces=("ClusterLoadAssignment",),
    full_state=True,
    wildcard=True,
    awaited_warm=True,
)
CLUSTER_LOAD_ASSIGNMENT = ResourceType(
    name="ClusterLoadAssignment",
    message="envoy.config.endpoint.v3.ClusterLoadAssignment",
    service="envoy.service.endpoint.v3.EndpointDiscoveryService",
    sotw_method="StreamEndpoints",
    delta_method="DeltaEndpoints",
    rest_path="/v3/discovery:endpoints",
    name_field="cluster_name",
    order=20,
    forces=("LbEndpoint",),
    absence=Absence.EMPTY_IF_REFERRED,
)
LB_ENDPOINT = ResourceType(
    name="LbEndpoint",
    message="envoy.config.endpoint.v3.LbEndpoint",
    service="envoy.service.endpoint.v3.LocalityEndpointDiscoveryService",
    delta_method="DeltaLocalityEndpoints",
    name_field="",
    order=25,
)
SECRET = ResourceType(
    name="Secret",
    message="envoy.extensions.transport_sockets.tls.v3.Secret",
    service="envoy.service.secret.v3.SecretDiscoveryService",
    sotw_method="StreamSecrets",
    delta_method="DeltaSecrets",
    rest_path="/v3/discovery:secrets",
    name_field="name",
    order=30,
    secret=True,
    taken_unseen=True,
)
EXTENSION_CONFIG = ResourceType(
    name="ExtensionConfig",
    message="envoy.config.core.v3.TypedExtensionConfig",
    service="envoy.service.extension.v3.ExtensionConfigDiscoveryService",
    sotw_method="StreamExtensionConfigs",
    delta_method="DeltaExtensionConfigs",
    rest_path="/v3/discovery:extension_configs",
    name_field="name",
    order=30,
    refers=("Cluster", "Secret"),
    taken_unseen=True,
)
LISTENER = ResourceType(
    name="Listener",
    message="envoy.config.listener.v3.Listener",
    service="envoy.service.listener.v3.ListenerDiscoveryService",
    sotw_method="StreamListeners",
    delta_method="DeltaListeners",
    rest_path="/v3/discovery:listeners",
    name_field="name",
    order=40,
    refers=("Cluster", "Secret", "ExtensionConfig", "RouteConfiguration"),
    full_state=True,
    wildcard=True,
    drains=True,
)
ROUTE_CONFIGURATION = ResourceType(
    name="RouteConfiguration",
    message="envoy.config.route.v3.RouteConfiguration",
    service="envoy.service.route.v3.RouteDiscoveryService",
    sotw_method="StreamRoutes",
    delta_method="DeltaRoutes",
    rest_path="/v3/discovery:routes",
    name_field="name",
    order=50,
    refers=("Cluster", "ExtensionConfig"),
    forces=("VirtualHost",),
)
SCOPED_ROUTE = ResourceType(
    name="ScopedRoute",
    message="envoy.config.route.v3.ScopedRouteConfiguration",
    service="envoy.service.route.v3.ScopedRoutesDiscoveryService",
    sotw_method="StreamScopedRoutes",
    delta_method="DeltaScopedRoutes",
    rest_path="/v3/discovery:scoped-routes",
    name_field="name",
    order=60,
    refers=("Cluster", "RouteConfiguration"),
    full_state=True,
    wildcard=True,
)
VIRTUAL_HOST = ResourceType(
    name="VirtualHost",
    message="envoy.config.route.v3.VirtualHost",
    service="envoy.service.route.v3.VirtualHostDiscoveryService",
    delta_method="DeltaVirtualHosts",
    name_field="name",
    order=70,
    refers=("Cluster",),
    wildcard=True,
    absence=Absence.BODILESS,
    aliased=True,
)
RUNTIME = ResourceType(
    name="Runtime",
    message="envoy.service.runtime.v3.Runtime",
    service="envoy.service.runtime.v3.RuntimeDiscoveryService",
    sotw_method="StreamRuntime",
    delta_method="DeltaRuntime",
    rest_path="/v3/discovery:runtime",
    name_field="name",
    order=80,
    absence=Absence.EMPTY,
)

RESOURCE_TYPES: tuple[ResourceType, ...] = (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LB_ENDPOINT,
    SECRET,
    EXTENSION_CONFIG,
    LISTENER,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE,
    VIRTUAL_HOST,
    RUNTIME,
)
"""All rows, in the order of delivery."""

BY_NAME = {row.name: row for row in RESOURCE_TYPES}
BY_URL = {row.url: row for row in RESOURCE_TYPES}

_ALSO_CALLED = {
    "cds": CLUSTER,
    "eds": CLUSTER_LOAD_ASSIGNMENT,
    "endpoint": CLUSTER_LOAD_ASSIGNMENT,
    "endpoints": CLUSTER_LOAD_ASSIGNMENT,
    "assignment": CLUSTER_LOAD_ASSIGNMENT,
    "assignments": CLUSTER_LOAD_ASSIGNMENT,
    "leds": LB_ENDPOINT,
    "sds": SECRET,
    "ecds": EXTENSION_CONFIG,
    "extension": EXTENSION_CONFIG,
    "extensions": EXTENSION_CONFIG,
    "lds": LISTENER,
    "rds": ROUTE_CONFIGURATION,
    "route": ROUTE_CONFIGURATION,
    "routes": ROUTE_CONFIGURATION,
    "srds": SCOPED_ROUTE,
    "vhds": VIRTUAL_HOST,
    "rtds": RUNTIME,
}


def named(given: str) -> ResourceType | None:
    """Return the type that somebody means: `Cluster`, `clusters`, `route-configuration`, `eds`; None: it is none."""
    plain = given.replace("_", "").replace("-", "").replace(" ", "").casefold()
    found = (row for row in RESOURCE_TYPES if plain in {row.name.casefold(), f"{row.name.casefold()}s"})
    return _ALSO_CALLED.get(plain) or next(found, None)


REFERRERS: dict[ResourceType, tuple[ResourceType, ...]] = {
    row: tuple(other for other in RESOURCE_TYPES if row.name in other.refers) for row in RESOURCE_TYPES
}
"""For each type, the types whose resources can name it."""

ADS_SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
ADS_SOTW_METHOD = "StreamAggregatedResources"
ADS_DELTA_METHOD = "DeltaAggregatedResources"
