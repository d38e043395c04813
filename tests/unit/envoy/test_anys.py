"""The messages inside a message."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import DecodeError

from legation.envoy import types
from legation.envoy.anys import canonical, children, placed, unpack
from legation.model.objects import show_path
from tests.unit.envoy.configs import CLUSTER, SECRET


def cluster(**fields: Any) -> Any:
    return types.message_class("envoy.config.cluster.v3.Cluster")(name="web", **fields)


def test_children_are_single_repeated_and_in_maps() -> None:
    message = cluster(load_assignment={"cluster_name": "a"}, health_checks=[{}, {}], connect_timeout={"seconds": 1})
    message.typed_extension_protocol_options["x"].type_url = SECRET
    names = sorted(child.DESCRIPTOR.name for child in children(message))
    assert names == ["Any", "ClusterLoadAssignment", "HealthCheck", "HealthCheck"]


def test_a_message_without_messages_has_no_children() -> None:
    assert list(children(types.message_class("envoy.type.v3.Percent")(value=1))) == []


def test_an_any_is_opened_if_its_type_is_known() -> None:
    message: Any = types.message_class(types.ANY)()
    message.Pack(cluster())
    assert unpack(message) == cluster()
    message.type_url = "acme.io/acme.X"
    assert unpack(message) is None
    assert unpack(types.message_class(types.ANY)()) is None


def test_an_any_that_lies_about_its_type_is_an_error() -> None:
    message: Any = types.message_class(types.ANY)(type_url=CLUSTER, value=b"\xff")
    with pytest.raises(DecodeError):
        unpack(message)


def test_what_is_unknown_survives_being_written_anew() -> None:
    inner = cluster().SerializeToString() + b"\xf8\x7f\x05"  # field 2047, which no proto has
    message = cluster()
    message.typed_extension_protocol_options["x"].type_url = CLUSTER
    message.typed_extension_protocol_options["x"].value = inner
    message.typed_extension_protocol_options["y"].type_url = "acme.io/acme.X"
    message.typed_extension_protocol_options["y"].value = b"\xff"
    assert canonical(message) == message


def test_each_child_has_a_path() -> None:
    message = cluster(health_checks=[{}, {}], load_assignment={"cluster_name": "a"})
    message.typed_extension_protocol_options["a.b"].type_url = SECRET

    found = sorted((show_path(path), child.DESCRIPTOR.name) for path, child in placed(message, ("at",)))

    assert found == [
        ("at.health_checks[0]", "HealthCheck"),
        ("at.health_checks[1]", "HealthCheck"),
        ("at.load_assignment", "ClusterLoadAssignment"),
        ('at.typed_extension_protocol_options["a.b"]', "Any"),
    ]
