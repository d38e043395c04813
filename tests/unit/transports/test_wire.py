from __future__ import annotations

import gc
import math
from typing import Any

import pytest
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from legation.errors import RemoteProtocolError
from legation.model.resource import MAX_TTL, MIN_TTL, Resource
from legation.model.resource_types import CLUSTER, RESOURCE_TYPES, VIRTUAL_HOST
from legation.model.snapshot import collect
from legation.protocol.messages import DeltaRequest, DeltaResponse, ResourceError, Response, SotwRequest, SotwResponse
from legation.transports import wire, wire_requests
from legation.transports.wire import Encoder
from legation.transports.wire_requests import DeltaIncoming, SotwIncoming
from tests.unit.transports.loopback import resource

TEXT = st.text(max_size=200)
BODIES = st.binary(max_size=300) | st.integers(0, 70_000).map(bytes)
TTLS = st.none() | st.floats(MIN_TTL, MAX_TTL).map(lambda seconds: round(seconds, 6))
ERRORS = st.lists(st.builds(ResourceError, TEXT, st.booleans()), max_size=3).map(tuple)
ROWS = st.sampled_from(RESOURCE_TYPES)


@st.composite
def resources(draw: st.DrawFn) -> tuple[Resource, ...]:
    row = draw(ROWS)
    names = draw(st.lists(TEXT, max_size=6, unique=True))
    return tuple(
        Resource(
            type=row,
            name=name,
            body=draw(BODIES),
            version=draw(TEXT),
            aliases=tuple(draw(st.lists(TEXT, max_size=2))),
            ttl=draw(TTLS),
        )
        for name in names
    )


def expected(response: Response, *, identifier: str) -> Any:
    """Return the message that the response stands for, built by protobuf itself."""
    if isinstance(response, SotwResponse):
        bodies = [_sotw(each, expiring=response.expiring) for each in response.resources]
        message = discovery_pb2.DiscoveryResponse(version_info=response.version, resources=bodies)
    else:
        heartbeats = [_heartbeat(each, expiring=True) for each in response.renewed]
        message = discovery_pb2.DeltaDiscoveryResponse(
            system_version_info=response.version,
            resources=[*(_delta(each, expiring=response.expiring) for each in response.resources), *heartbeats],
            removed_resources=response.removed,
        )
    for each in response.errors:
        error = message.resource_errors.add()
        error.resource_name.name = each.name
        error.error_detail.code = 14 if each.unavailable else 5
        error.error_detail.message = (
            "a resource of this name may exist, and cannot be read at the moment"
            if each.unavailable
            else "there is no resource of this name"
        )
    message.type_url = response.type.url
    message.nonce = response.nonce
    if identifier:
        message.control_plane.identifier = identifier
    return message


def _sotw(resource: Resource, *, expiring: bool) -> Any:
    body = any_pb2.Any(type_url=resource.type.url, value=resource.body)
    if not expiring or resource.ttl is None:
        return body
    wrapped = any_pb2.Any()
    wrapped.Pack(_delta(resource, expiring=True), deterministic=True)
    return wrapped


def _delta(resource: Resource, *, expiring: bool) -> Any:
    message = _heartbeat(resource, expiring=expiring)
    message.resource.CopyFrom(any_pb2.Any(type_url=resource.type.url, value=resource.body))
    return message


def _heartbeat(resource: Resource, *, expiring: bool) -> Any:
    message = discovery_pb2.Resource(name=resource.name, version=resource.version, aliases=resource.aliases)
    if expiring and resource.ttl is not None:
        message.ttl.FromMicroseconds(round(resource.ttl * 1_000_000))
    return message


def unwrapped(message: Any) -> Any:
    """Return a state of the world response whose wrapped resources are written anew, in one order of fields."""
    for each in message.resources:
        inner = discovery_pb2.Resource()
        if each.Unpack(inner):
            each.Pack(inner, deterministic=True)
    return message


@given(
    listed=resources(),
    version=TEXT,
    nonce=TEXT,
    identifier=TEXT,
    errors=ERRORS,
    whole=st.booleans(),
    expiring=st.booleans(),
)
def test_sotw_response_is_what_protobuf_would_have_made(
    listed: tuple[Resource, ...],
    version: str,
    nonce: str,
    identifier: str,
    errors: tuple[ResourceError, ...],
    *,
    whole: bool,
    expiring: bool,
) -> None:
    row = listed[0].type if listed else CLUSTER
    content: dict[str, Any] = {"whole": collect(row, listed)} if whole else {"listed": listed}
    response = SotwResponse(type=row, version=version, nonce=nonce, expiring=expiring, errors=errors, **content)
    data = Encoder(identifier=identifier).encode(response)

    assert unwrapped(discovery_pb2.DiscoveryResponse.FromString(data)) == expected(response, identifier=identifier)


@given(
    listed=resources(),
    version=TEXT,
    nonce=TEXT,
    removed=st.lists(TEXT, max_size=5),
    renewed=resources(),
    errors=ERRORS,
    whole=st.booleans(),
    expiring=st.booleans(),
)
def test_delta_response_is_what_protobuf_would_have_made(
    listed: tuple[Resource, ...],
    version: str,
    nonce: str,
    removed: list[str],
    *,
    renewed: tuple[Resource, ...],
    errors: tuple[ResourceError, ...],
    whole: bool,
    expiring: bool,
) -> None:
    row = listed[0].type if listed else VIRTUAL_HOST
    content: dict[str, Any] = {"whole": collect(row, listed)} if whole else {"listed": listed}
    response = DeltaResponse(
        type=row,
        version=version,
        nonce=nonce,
        removed=tuple(removed),
        renewed=renewed,
        expiring=expiring,
        errors=errors,
        **content,
    )
    data = Encoder(identifier="me").encode(response)

    assert discovery_pb2.DeltaDiscoveryResponse.FromString(data) == expected(response, identifier="me")


def test_one_encoder_serves_both_variants_of_the_same_resources() -> None:
    listed = (resource("a"), resource("b"))
    encoder = Encoder()
    sotw = SotwResponse(type=CLUSTER, version="v", nonce="1", listed=listed)
    delta = DeltaResponse(type=CLUSTER, version="v", nonce="1", listed=listed)

    assert discovery_pb2.DiscoveryResponse.FromString(encoder.encode(sotw)) == expected(sotw, identifier="")
    assert discovery_pb2.DeltaDiscoveryResponse.FromString(encoder.encode(delta)) == expected(delta, identifier="")


def test_bytes_for_a_collection_are_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    built = count_joins(monkeypatch)
    encoder = Encoder()
    whole = collect(CLUSTER, [resource("a"), resource("b")])
    for nonce in ("1", "2", "3"):
        encoder.encode(DeltaResponse(type=CLUSTER, version="v", nonce=nonce, whole=whole))

    assert len(built) == 1


def test_bytes_for_the_same_changed_resources_are_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    built = count_joins(monkeypatch)
    encoder = Encoder()
    changed, other = resource("a"), resource("a")
    for nonce in ("1", "2", "3"):
        encoder.encode(DeltaResponse(type=CLUSTER, version="v", nonce=nonce, listed=(changed,)))
    encoder.encode(DeltaResponse(type=CLUSTER, version="v", nonce="4", listed=(other,)))

    assert len(built) == 2


def test_shared_lists_are_forgotten_when_they_are_too_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SHARED_BYTES", 4500)
    built = count_joins(monkeypatch)
    encoder = Encoder()
    first, second, third, huge = (
        resource(name, "x" * size) for name, size in zip("abcd", (900, 900, 900, 5000), strict=True)
    )
    for each in (first, second, huge, first, third, first, second):
        encoder.encode(SotwResponse(type=CLUSTER, version="v", nonce="1", listed=(each,)))

    assert [listed[0].name for listed in built] == ["a", "b", "d", "c", "b"]
    assert encoder._shared._size <= 4500


def test_what_nobody_serves_any_more_leaves_nothing_behind() -> None:
    encoder = Encoder()
    whole = collect(CLUSTER, [resource("a")])
    encoder.encode(SotwResponse(type=CLUSTER, version="v", nonce="1", whole=whole))
    assert len(encoder._sotw._heads) == len(encoder._sotw._wholes) == 1
    del whole
    gc.collect()

    assert len(encoder._sotw._heads) == len(encoder._sotw._wholes) == 0


def count_joins(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Resource, ...]]:
    built: list[tuple[Resource, ...]] = []
    join = wire._Framing.join

    def counted(self: Any, row: Any, resources: Any) -> bytes:
        built.append(tuple(resources))
        return join(self, row, built[-1])

    monkeypatch.setattr(wire._Framing, "join", counted)
    return built


# ------------------------------------------------------------------------------------------------------------ requests


def test_sotw_request_arrives_as_the_machines_take_it() -> None:
    message = discovery_pb2.DiscoveryRequest(
        type_url=CLUSTER.url, resource_names=["b", "a"], version_info="7", response_nonce="n"
    )
    incoming = SotwIncoming(message.SerializeToString())

    assert incoming.type_url == CLUSTER.url
    assert incoming.node_id is None
    assert incoming.request(CLUSTER) == SotwRequest(type=CLUSTER, names=("b", "a"), version="7", nonce="n")


def test_delta_request_arrives_as_the_machines_take_it() -> None:
    message = discovery_pb2.DeltaDiscoveryRequest(
        resource_names_subscribe=["*", "a"],
        resource_names_unsubscribe=["b"],
        initial_resource_versions={"a": "1"},
        response_nonce="n",
    )

    assert DeltaIncoming(message.SerializeToString()).request(CLUSTER) == DeltaRequest(
        type=CLUSTER, subscribe=("*", "a"), unsubscribe=("b",), initial_versions={"a": "1"}, nonce="n"
    )


@pytest.mark.parametrize("incoming", [SotwIncoming, DeltaIncoming])
def test_a_refusal_counts_by_its_presence_not_by_its_words(incoming: type[wire_requests.Incoming]) -> None:
    message = incoming._kind()
    message.error_detail.SetInParent()

    assert incoming(message.SerializeToString()).request(CLUSTER).error == ""
    assert incoming(b"").request(CLUSTER).error is None


@pytest.mark.parametrize("incoming", [SotwIncoming, DeltaIncoming])
@given(data=st.binary(max_size=100))
def test_any_bytes_are_a_request_or_refused_in_words(incoming: type[wire_requests.Incoming], data: bytes) -> None:
    name = incoming._kind.DESCRIPTOR.full_name
    try:
        incoming._kind.FromString(data)
    except DecodeError:
        with pytest.raises(RemoteProtocolError, match=f"the message of {len(data)} bytes is not a {name}") as told:
            incoming(data)
        assert told.value.status == "INVALID_ARGUMENT"
    else:
        incoming(data).request(CLUSTER)
        incoming(data).node()


def test_a_node_tells_who_the_client_is() -> None:
    message = discovery_pb2.DiscoveryRequest()
    message.node.id = "edge-1.shop"
    message.node.cluster = "edge"
    message.node.user_agent_name = "envoy"
    message.node.user_agent_build_version.version.major_number = 1
    message.node.user_agent_build_version.version.minor_number = 40
    message.node.client_features.append("envoy.lrs.supports_send_all_clusters")
    message.node.metadata.update(
        {"labels": {"app": "edge"}, "list": [1, "a", None, True], "number": math.inf, "nothing": None}
    )
    incoming = SotwIncoming(message.SerializeToString())
    node = incoming.node()

    assert incoming.node_id == node.id == "edge-1.shop"
    assert (node.cluster, node.user_agent) == ("edge", "envoy 1.40.0")
    assert node.features == {"envoy.lrs.supports_send_all_clusters"}
    assert node.labels == {"app": "edge"}
    assert node.metadata == {
        "labels": {"app": "edge"},
        "list": [1.0, "a", None, True],
        "number": math.inf,
        "nothing": None,
    }


def test_a_client_that_gives_its_version_as_text_is_shown_with_it() -> None:
    message = discovery_pb2.DeltaDiscoveryRequest()
    message.node.user_agent_name = "grpc-go"
    message.node.user_agent_version = "1.85.0"

    assert DeltaIncoming(message.SerializeToString()).node().user_agent == "grpc-go 1.85.0"


def test_a_metadata_value_of_no_kind_is_nothing() -> None:
    message = discovery_pb2.DiscoveryRequest()
    message.node.metadata.fields["odd"].SetInParent()

    assert SotwIncoming(message.SerializeToString()).node().metadata == {"odd": None}


def test_a_host_that_nobody_has_is_a_resource_without_a_body() -> None:
    """With the asked name as its name and its alias: a request waits for that."""
    response = DeltaResponse(type=VIRTUAL_HOST, version="v", nonce="1", unknown=("r/a.com", "r/b.com"))
    message = discovery_pb2.DeltaDiscoveryResponse.FromString(Encoder().encode(response))
    assert [(each.name, [*each.aliases]) for each in message.resources] == [(n, [n]) for n in response.unknown]
    assert not any(each.HasField("resource") for each in message.resources)
    assert message.type_url == VIRTUAL_HOST.url
