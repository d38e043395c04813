"""Resources as a person reads them: secrets are out of sight, wherever they stand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from legation.envoy import codec, types
from legation.envoy.printer import fields_to_json
from legation.envoy.sensitive import ALSO_SENSITIVE, REDACTED
from tests.unit.envoy.configs import HTTP_OPTIONS, SECRET, TYPE, cluster, hcm, http_filter, listener, resource_of

TLS = "envoy.extensions.transport_sockets.tls.v3"
PLAIN = {"inline_string": "hunter2"}


def shown(resource_json: dict[str, Any], *, show_secrets: bool = False) -> dict[str, Any]:
    return codec.to_json(resource_of(resource_json), show_secrets=show_secrets)


def test_a_resource_is_shown_as_it_is_written() -> None:
    options = {"@type": f"{TYPE}{HTTP_OPTIONS}", "explicit_http_config": {"http2_protocol_options": {}}}
    written = cluster(
        type="EDS",
        connect_timeout="0.250s",
        per_connection_buffer_limit_bytes=32768,
        health_checks=[
            {
                "timeout": "1s",
                "interval": "1s",
                "interval_jitter_percent": 5,
                "unhealthy_threshold": 1,
                "healthy_threshold": 1,
                "tcp_health_check": {},
            }
        ],
        typed_extension_protocol_options={HTTP_OPTIONS: options},
        metadata={"filter_metadata": {"envoy.lb": {"canary": True, "weight": 2.5}}},
    )
    assert shown(written) == written
    assert next(iter(shown(written))) == "@type"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"tls_certificate": {"private_key": PLAIN}}, id="private key"),
        pytest.param({"tls_certificate": {"private_key": {"inline_bytes": "aHVudGVyMg=="}}}, id="private key in bytes"),
        pytest.param({"tls_certificate": {"pkcs12": PLAIN}}, id="pkcs12"),
        pytest.param({"tls_certificate": {"password": PLAIN}}, id="password"),
        pytest.param({"generic_secret": {"secret": PLAIN}}, id="generic secret"),
        pytest.param({"generic_secret": {"secrets": {"a": PLAIN}}}, id="generic secrets"),
        pytest.param({"session_ticket_keys": {"keys": [PLAIN]}}, id="session ticket keys"),
    ],
)
def test_the_content_of_a_secret_is_redacted_unless_asked_for(content: dict[str, Any]) -> None:
    secret = {"@type": SECRET, "name": "web", **content}
    text = json.dumps(shown(secret))
    assert REDACTED in text
    assert "hunter2" not in text
    assert "aHVudGVyMg" not in text
    assert shown(secret, show_secrets=True) == secret


def test_a_certificate_is_no_secret() -> None:
    secret = {"@type": SECRET, "name": "web", "validation_context": {"trusted_ca": {"inline_string": "a certificate"}}}
    assert shown(secret) == secret


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(
            listener(
                hcm(),
                filter_chains=[
                    {
                        "transport_socket": {
                            "name": "tls",
                            "typed_config": {
                                "@type": f"{TYPE}{TLS}.DownstreamTlsContext",
                                "common_tls_context": {"tls_certificates": [{"private_key": PLAIN}]},
                            },
                        }
                    }
                ],
            ),
            id="key in a listener",
        ),
        pytest.param(listener(hcm(http_filter("basic_auth.v3.BasicAuth", users=PLAIN))), id="users"),
        pytest.param(
            listener(hcm({"name": "x", "typed_config": {"@type": "acme.io/acme.X", "a": {"Password": "hunter2"}}})),
            id="password of an unknown extension",
        ),
        pytest.param(
            listener(hcm({"name": "x", "typed_config": {"@type": "acme.io/acme.X", "api_keys": [{"a": "hunter2"}]}})),
            id="below a key that says so",
        ),
    ],
)
def test_secrets_inside_other_resources_are_redacted(config: dict[str, Any]) -> None:
    text = json.dumps(shown(config))
    assert REDACTED in text
    assert "hunter2" not in text
    assert "hunter2" in json.dumps(shown(config, show_secrets=True))


def test_an_any_that_nobody_can_read_is_redacted() -> None:
    message: Any = types.message_class("envoy.config.core.v3.TypedExtensionConfig")(name="x")
    message.typed_config.type_url = "acme.io/acme.X"
    message.typed_config.value = b"hunter2"
    assert fields_to_json(message)["typed_config"] == {"@type": "acme.io/acme.X", "value": REDACTED}
    assert fields_to_json(message, show_secrets=True)["typed_config"]["value"] == "aHVudGVyMg=="
    message.typed_config.type_url = SECRET
    assert fields_to_json(message)["typed_config"] == {"@type": SECRET, "value": REDACTED}


def test_an_empty_any_is_shown_empty() -> None:
    message: Any = types.message_class("envoy.config.core.v3.TypedExtensionConfig")(name="x")
    message.typed_config.SetInParent()
    assert fields_to_json(message) == {"name": "x", "typed_config": {}}


def test_numbers_are_shown_as_they_are_written() -> None:
    message: Any = types.message_class("google.protobuf.FloatValue")
    fraction = types.message_class("envoy.type.v3.Percent")(value=12.5)
    assert fields_to_json(fraction) == {"value": 12.5}
    assert fields_to_json(message(value=0.1)) == {"value": 0.1}
    assert fields_to_json(message(value=float("inf"))) == {"value": "Infinity"}


@pytest.mark.parametrize("name", sorted(ALSO_SENSITIVE))
def test_every_credential_that_the_protos_forgot_exists(name: str) -> None:
    message, _, field = name.rpartition(".")
    descriptor = types.find(message)
    assert descriptor is not None
    assert field in descriptor.fields_by_name
