"""DiscoveryRequests as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from legation.errors import RemoteProtocolError
from legation.model.resource_types import CLUSTER
from legation.transports.rest_request import read_request
from legation.transports.wire_requests import SotwIncoming

_WORDS = st.text(max_size=5)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000).map(float) | _WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_WORDS, inner, max_size=2),
    max_leaves=5,
)


@st.composite
def _messages(draw: st.DrawFn) -> discovery_pb2.DiscoveryRequest:
    message = discovery_pb2.DiscoveryRequest(
        version_info=draw(_WORDS),
        resource_names=draw(st.lists(_WORDS, max_size=3)),
        response_nonce=draw(_WORDS),
        type_url=draw(st.sampled_from(["", CLUSTER.url])),
    )
    message.node.id = draw(st.text(min_size=1, max_size=5))
    message.node.cluster = draw(_WORDS)
    message.node.user_agent_name = draw(_WORDS)
    message.node.metadata.update(draw(st.dictionaries(_WORDS, _PLAIN, max_size=3)))
    message.node.extensions.add(name="of no use here")
    if draw(st.booleans()):
        version = message.node.user_agent_build_version.version
        version.major_number, version.minor_number = draw(st.integers(0, 3)), draw(st.integers(0, 3))
        version.patch = 1
    else:
        message.node.user_agent_version = draw(_WORDS)
    if draw(st.booleans()):
        message.error_detail.message = draw(_WORDS)
    return message


@given(message=_messages(), names=st.sampled_from(["camelCase", "snake_case"]))
def test_it_reads_what_protobuf_reads(message: discovery_pb2.DiscoveryRequest, names: str) -> None:
    """The same request as bytes and as JSON is the same to us."""
    body = json_format.MessageToJson(message, preserving_proto_field_name=names == "snake_case").encode()
    read = read_request(body, CLUSTER)
    incoming = SotwIncoming(message.SerializeToString())
    told = incoming.request(CLUSTER)
    assert (read.node_id, read.version, read.nonce) == (incoming.node_id, told.version, told.nonce)
    assert read.error == told.error
    assert read.names == tuple(sorted(set(told.names)))
    node, same = read.node(), incoming.node()
    assert (node.id, node.cluster, node.user_agent) == (same.id, same.cluster, same.user_agent)
    assert node.metadata == same.metadata


def test_what_it_does_not_know_is_passed_over() -> None:
    """A newer Envoy says more."""
    body = {"node": {"id": "edge", "newField": [1], "extensions": 5}, "newest": {"a": 1}, "error_detail": None}
    read = read_request(json.dumps(body).encode(), CLUSTER)
    assert (read.node_id, read.version, read.names, read.error) == ("edge", "", (), None)


def test_two_halves_are_a_character() -> None:
    """As JSON escapes what is beyond its four digits."""
    assert read_request(b'{"node": {"id": "\\ud83d\\ude00"}}', CLUSTER).node_id == "\U0001f600"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body is not JSON: Expecting value in line 1, column 1"),
        (b'{\n  "node": {]}', "line 2, column 12"),
        (b"\xff", "the body is not JSON"),
        (b'{"node": NaN}', "NaN is no number of JSON"),
        (b'{"node": {"id": "\\ud800"}}', "half a character in it: \\ud800 alone is none"),
        (b'{"node": {"id": "a", "metadata": {"x": [{"\\uDfff": 1}]}}}', "half a character in it: \\udfff"),
        (b'{"node": {"id": "\xed\xa0\x80"}}', "the body is not JSON"),
        (b'{"node": {"id": "a", "metadata": {"x": 1' + b"0" * 400 + b"}}}", "is too large"),
        (b'{"node": {"id": "a", "metadata": {"x": -1' + b"0" * 5000 + b"}}}", "is too large"),
        (b'{"node": {"id": "a", "metadata": {"x": 1e400}}}', "the number 1e400 is too large"),
        (b"[" * 100_000, "it is nested too deep"),
        (b"[]", "the body is a list; it must be a DiscoveryRequest as a JSON object"),
        (b"null", "the body is null"),
        (b"{}", "node.id is empty; set node.id in the bootstrap"),
        (b'{"node": 5}', "node is a number; it must be an object"),
        (b'{"node": {"id": true}}', "node.id is true or false; it must be a string"),
        (b'{"node": {"id": "a"}, "resourceNames": "b"}', "resource_names is a string; it must be a list of strings"),
        (b'{"node": {"id": "a"}, "resource_names": ["b", {}]}', "resource_names[1] is an object; it must be a string"),
        (b'{"node": {"id": "a"}, "type_url": "x"}', "/v3/discovery:clusters serves"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(body: bytes, words: str) -> None:
    """In plain words."""
    with pytest.raises(RemoteProtocolError) as raised:
        read_request(body, CLUSTER)
    assert words in str(raised.value)
    assert raised.value.status == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("node", "words"),
    [({"metadata": []}, "node.metadata is a list"), ({"userAgentName": 1}, "node.user_agent_name is a number")],
)
def test_the_node_is_judged_when_it_is_read(node: dict[str, Any], words: str) -> None:
    """Once a stream, not once a poll."""
    read = read_request(json.dumps({"node": {"id": "a", **node}}).encode(), CLUSTER)
    with pytest.raises(RemoteProtocolError, match=words.replace(".", r"\.")):
        read.node()
