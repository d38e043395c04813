"""Resources as JSON for clients: whole, or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from google.protobuf import any_pb2, json_format, struct_pb2
from xds.type.v3 import typed_struct_pb2

from legation.envoy.codec import from_any, from_message
from legation.envoy.proto_json import proto_json
from legation.errors import InvalidResource
from legation.model.resource_types import CLUSTER
from tests.unit.envoy.configs import HTTP_OPTIONS

if TYPE_CHECKING:
    from google.protobuf.message import Message


def _cluster(option: Message | any_pb2.Any | None = None) -> cluster_pb2.Cluster:
    cluster = cluster_pb2.Cluster(name="web")
    cluster.connect_timeout.FromMilliseconds(250)
    cluster.per_connection_buffer_limit_bytes.value = 5
    cluster.respect_dns_ttl = True
    if isinstance(option, any_pb2.Any):
        cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(option)
    elif option is not None:
        cluster.typed_extension_protocol_options[HTTP_OPTIONS].Pack(option)
    return cluster


def _typed_struct() -> typed_struct_pb2.TypedStruct:
    value = struct_pb2.Struct()
    value.update({"a": [1, None, {"b": True}]})
    return typed_struct_pb2.TypedStruct(type_url="type.googleapis.com/of.Nobody", value=value)


@pytest.mark.parametrize(
    "message",
    [
        _cluster(),
        _cluster(http_protocol_options_pb2.HttpProtocolOptions(use_downstream_protocol_config={})),
        _cluster(_typed_struct()),
        secret_pb2.Secret(name="key", generic_secret={"secret": {"inline_bytes": b"\x00\xff"}}),
    ],
    ids=["plain", "extension", "typed struct", "secret"],
)
def test_protobuf_reads_back_what_was_written(message: Message) -> None:
    """Nothing is lost or hidden: a secret goes to the client that it is for."""
    written: dict[str, Any] = json.loads(proto_json(from_message(message)))
    assert written.pop("@type").endswith(message.DESCRIPTOR.full_name)
    assert json_format.ParseDict(written, type(message)()) == message


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (any_pb2.Any(type_url="type.googleapis.com/of.Nobody", value=b"\x0a\x00"), "of.Nobody, which is not known"),
        (
            any_pb2.Any(
                type_url="type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                value=b"\xfa\x7f\x01x",
            ),
            "fields of envoy.extensions.upstreams.http.v3.HttpProtocolOptions that are not known",
        ),
        (
            any_pb2.Any(
                type_url="type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions", value=b"\xff"
            ),
            "not a readable",
        ),
    ],
    ids=["unknown type", "unknown field", "unreadable"],
)
def test_what_json_cannot_say_is_an_error(option: any_pb2.Any, words: str) -> None:
    """Half of a resource is worse than none."""
    body = _cluster(option).SerializeToString()
    with pytest.raises(InvalidResource, match=words):
        proto_json(from_any(CLUSTER.url, body, check=False))
