"""Messages without their secrets."""

from __future__ import annotations

from typing import Any

from legation.envoy import codec, types
from legation.envoy.redacting import redacted_body
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, SECRET
from tests.unit.envoy.configs import resource_of

TYPE = "type.googleapis.com/"
HIDDEN = "hunter2"


def redacted(**fields: Any) -> Any:
    """Return a cluster of these fields as it may be shown."""
    resource = resource_of({"@type": CLUSTER.url, "name": "web", **fields})
    assert HIDDEN.encode() in resource.body
    body = redacted_body(resource)
    assert body is not None
    assert HIDDEN.encode() not in body
    return types.message_class(CLUSTER.message).FromString(body)


def test_a_key_in_line_is_hidden_wherever_it_stands_and_all_else_is_shown() -> None:
    certificate = {
        "certificate_chain": {"inline_string": "public"},
        "private_key": {"inline_string": HIDDEN},
        "password": {"inline_bytes": "aHVudGVyMg=="},
    }
    context = {
        "@type": TYPE + "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {"tls_certificates": [certificate]},
    }
    shown = redacted(transport_socket={"name": "tls", "typed_config": context})
    assert b"public" in shown.transport_socket.typed_config.value
    assert b"[redacted]" in shown.transport_socket.typed_config.value


def test_what_looks_like_a_secret_is_hidden_where_no_schema_tells() -> None:
    metadata = {"filter_metadata": {"own": {"api_key": HIDDEN, "deep": {"tokens": [HIDDEN]}, "plain": "shown"}}}
    own = redacted(metadata=metadata).metadata.filter_metadata["own"]
    assert (own["api_key"], own["plain"]) == ("[redacted]", "shown")


def test_what_nobody_here_knows_is_left_out() -> None:
    encoded = codec.encode({"@type": CLUSTER.url, "name": "web"})
    assert encoded.resource is not None
    # Field 1000, of a newer Envoy, and an Any of a type that does not exist.
    unknown = b"\xc2\x3e\x07hunter2"
    message: Any = types.message_class(CLUSTER.message).FromString(encoded.resource.body + unknown)
    message.transport_socket.typed_config.type_url = TYPE + "nobody.knows.This"
    message.transport_socket.typed_config.value = b"hunter2"
    made = Resource(type=CLUSTER, name="web", body=message.SerializeToString(), version="v")
    assert made.body.count(b"hunter2") == 2
    body = redacted_body(made)
    assert body is not None
    assert b"hunter2" not in body
    assert b"nobody.knows.This" in body


def test_secrets_and_unreadable_bytes_are_not_shown_at_all() -> None:
    assert redacted_body(Resource(type=SECRET, name="key", body=b"", version="v")) is None
    assert redacted_body(Resource(type=CLUSTER, name="web", body=b"\xff", version="v")) is None
