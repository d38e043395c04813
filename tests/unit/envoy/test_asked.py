"""What messages ask of config sources."""

from __future__ import annotations

from typing import Any

from legation.envoy import types
from legation.envoy.asked import SOURCES, asked, asks_by_name
from legation.model.resource import EVERY
from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT, EXTENSION_CONFIG, ROUTE_CONFIGURATION, SCOPED_ROUTE
from tests.unit.envoy.protos import every_message

MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3"


def message(full_name: str, **fields: Any) -> Any:
    return types.message_class(full_name)(**fields)


def test_what_a_message_asks_for_has_a_name() -> None:
    source: dict[str, Any] = {"ads": {}}
    eds = message("envoy.config.cluster.v3.Cluster", name="a", type="EDS", eds_cluster_config={"eds_config": source})
    plugin = message(f"{MANAGER}.HttpFilter", name="b", config_discovery={"config_source": source})

    assert [name for _, name in asked(eds)] == [(CLUSTER_LOAD_ASSIGNMENT, "a")]
    assert [name for _, name in asked(plugin)] == [(EXTENSION_CONFIG, "b")]
    assert [each.WhichOneof("config_source_specifier") for each, _ in [*asked(eds), *asked(plugin)]] == ["ads", "ads"]


def test_what_is_found_by_a_scope_may_have_any_name() -> None:
    scoped = message(f"{MANAGER}.ScopedRoutes", scoped_rds={})

    assert [name for _, name in asked(scoped)] == [(ROUTE_CONFIGURATION, EVERY), (SCOPED_ROUTE, EVERY)]
    assert not asks_by_name(scoped.DESCRIPTOR)
    assert asks_by_name(message(f"{MANAGER}.Rds").DESCRIPTOR)
    assert asks_by_name(message(f"{MANAGER}.HttpFilter").DESCRIPTOR)
    assert not asks_by_name(message("envoy.config.core.v3.Address").DESCRIPTOR)


def test_every_table_entry_is_a_message_of_the_protos() -> None:
    assert all(types.find(name) for name in SOURCES)


OF_OTHERS = {
    "envoy.config.core.v3.ExtensionConfigSource": "looked at as `config_discovery`",
    "envoy.config.route.v3.Vhds": "looked at in a RouteConfiguration",
    "envoy.config.cluster.v3.Cluster.EdsClusterConfig": "looked at in a Cluster",
    "envoy.extensions.filters.network.http_connection_manager.v3.ScopedRds": "looked at in ScopedRoutes",
    "envoy.extensions.clusters.aggregate.v3.AggregateClusterResource": "clusters by name, which come by no file",
    "envoy.extensions.filters.http.on_demand.v3.OnDemandCds": "clusters by name, which come by no file",
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.OnDemand": "clusters by name, which come by no file",
    "envoy.config.listener.v3.Listener.FcdsConfig": "filter chains, which nobody serves",
    "envoy.extensions.access_loggers.filters.process_ratelimit.v3.DynamicTokenBucket": "limits, which nobody serves",
    "envoy.extensions.filters.network.dubbo_proxy.v3.Drds": "routes of another protocol, which nobody serves",
    "envoy.extensions.filters.network.generic_proxy.v3.GenericRds": "routes of any protocol, which nobody serves",
    "envoy.extensions.filters.network.thrift_proxy.v3.Trds": "routes of another protocol, which nobody serves",
}
"""Messages with config sources that are no entry of the table, and why."""


def test_every_message_with_config_sources_is_known() -> None:
    holders = {
        message.full_name
        for message in every_message()
        if not message.full_name.startswith("envoy.config.bootstrap.")
        for field in message.fields
        if field.message_type is not None and field.message_type.full_name == "envoy.config.core.v3.ConfigSource"
    }
    assert holders - SOURCES.keys() == OF_OTHERS.keys()
