"""The tables of fields that name clusters are complete: newer protos cannot bring one unnoticed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import FieldDescriptor

from legation.envoy import types
from legation.envoy.cluster_names import CODE, LUA, NAMES, NO_CLUSTERS, SOURCES, UNKNOWABLE
from tests.unit.envoy.protos import every_message

# Fields of messages named after clusters that hold no name of a cluster.
OTHER_TEXT = {
    "alt_stat_name",
    "header_name",
    "named_endpoints",
    "typed_per_filter_config",
    "host_rewrite_literal",
    "path",
    "request_headers_to_remove",
    "response_headers_to_remove",
    "runtime_key_prefix",
}
OTHER_MESSAGES = (
    "envoy.config.cluster.v3.Cluster.",  # the resource itself
    "envoy.config.endpoint.v3.LedsClusterLocalityConfig.",  # a collection of endpoints
    "envoy.config.route.v3.VirtualCluster.",  # a part of a virtual host's statistics
    "envoy.extensions.clusters.reverse_connection.v3.",  # formats of node names
)


def holds_text(field: FieldDescriptor) -> bool:
    """Say whether a field is text, a list of texts, or a map with text for keys."""
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return field.message_type.fields_by_name["key"].type == FieldDescriptor.TYPE_STRING
    return field.type == FieldDescriptor.TYPE_STRING


def cluster_like() -> Iterator[str]:
    """Yield the fields that may name a cluster: they are called so, or stand in a message that is."""
    for message in every_message():
        for field in filter(holds_text, message.fields):
            if "cluster" in field.name or ("Cluster" in message.name and field.name not in OTHER_TEXT):
                yield field.full_name


def test_every_field_that_may_name_a_cluster_is_in_a_table() -> None:
    tabled = NAMES | UNKNOWABLE
    unknown = [
        name for name in cluster_like() if name not in tabled and not name.startswith((*NO_CLUSTERS, *OTHER_MESSAGES))
    ]
    assert unknown == [], "say in cluster_names.py what these fields name"


@pytest.mark.parametrize("name", sorted(NAMES | UNKNOWABLE))
def test_every_field_of_a_table_exists(name: str) -> None:
    message, _, field = name.rpartition(".")
    descriptor = types.find(message)
    assert descriptor is not None
    assert field in descriptor.fields_by_name
    assert holds_text(descriptor.fields_by_name[field]) or name in UNKNOWABLE


@pytest.mark.parametrize("name", sorted(CODE | LUA | SOURCES))
def test_every_message_of_a_table_exists(name: str) -> None:
    assert types.find(name) is not None


def test_every_reason_has_its_field() -> None:
    fields = [field.full_name for message in every_message() for field in message.fields]
    assert [prefix for prefix in NO_CLUSTERS if not any(field.startswith(prefix) for field in fields)] == []
