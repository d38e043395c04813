"""What may be shown of the JSON in a TypedStruct."""

from __future__ import annotations

import json
from typing import Any

import pytest

from legation.envoy import codec
from legation.envoy.redacting import redacted_body
from legation.envoy.sensitive import REDACTED, is_secret_key, is_sensitive
from tests.unit.envoy.configs import ROUTER, TYPE, hcm, http_filter, listener
from tests.unit.envoy.protos import every_message

HIDDEN = "hunter2"
ADDRESS = {"socket_address": {"address": "127.0.0.1", "port_value": 8080}}
HTTP = f"{TYPE}envoy.extensions.filters.http"
TLS = f"{TYPE}envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
STRUCT = f"{TYPE}xds.type.v3.TypedStruct"


def own(url: str, **value: Any) -> dict[str, Any]:
    return {"name": "own", "typed_config": {"@type": STRUCT, "type_url": url, "value": value}}


def chain(*filters: Any, **fields: Any) -> dict[str, Any]:
    chains = [{"filters": [hcm(*filters, ROUTER)], **fields}]
    return {**listener(address=ADDRESS), "filter_chains": chains}


ACCOUNT = f"{HIDDEN}:{{SHA}}d95o2uzYI7q7tY7bHI4U1xBug7s="
USERS = {"inline_string": ACCOUNT}
BASIC_AUTH = http_filter("basic_auth.v3.BasicAuth", users=USERS, authentication_header="shown")


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(chain(own(f"{HTTP}.basic_auth.v3.BasicAuth", users=USERS, other="a")), id="field"),
        pytest.param(
            chain(own(f"{HTTP}.basic_auth.v3.BasicAuth", users={"inlineString": ACCOUNT})), id="the other spelling"
        ),
        pytest.param(chain(own(f"{HTTP}.basic_auth.v3.BasicAuth", userz=USERS)), id="unknown field"),
        pytest.param(
            chain(own(f"{HTTP}.composite.v3.ExecuteFilterAction", typed_config=BASIC_AUTH, foo=1)), id="in an Any"
        ),
        pytest.param(
            chain(
                own(
                    f"{HTTP}.composite.v3.ExecuteFilterAction",
                    typed_config=own(f"{HTTP}.basic_auth.v3.BasicAuth", users=USERS),
                )
            ),
            id="in a TypedStruct",
        ),
        pytest.param(
            chain(own(f"{HTTP}.ext_authz.v3.ExtAuthzPerRoute", checkSettings={"contextExtensions": {"a": HIDDEN}})),
            id="in a map",
        ),
        pytest.param(chain(own("a.io/a.B", tokens=[{"a": HIDDEN}])), id="unknown type"),
        pytest.param(
            chain(
                transport_socket={
                    "name": "tls",
                    "typed_config": {
                        "@type": TLS,
                        "common_tls_context": {
                            "tls_certificate_sds_secret_configs": [{"name": "a"}],
                            "foo": [HIDDEN],
                        },
                        "session_ticket_keys": {"keys": {"inline_string": HIDDEN.ljust(80, "x")}},
                    },
                }
            ),
            id="made here",
        ),
    ],
)
def test_no_secret_is_shown(config: dict[str, Any]) -> None:
    encoded = codec.encode(config)
    assert encoded.resource is not None, encoded.findings
    text = json.dumps(codec.to_json(encoded.resource))
    assert HIDDEN not in text
    assert REDACTED in text
    body = redacted_body(encoded.resource)
    assert body is not None
    assert HIDDEN.encode() not in body
    assert HIDDEN in json.dumps(codec.to_json(encoded.resource, show_secrets=True))
    assert all(HIDDEN not in str(each) for each in encoded.findings)


@pytest.mark.parametrize("key", ["users", "contextExtensions", "keys", "json_key", "my_secret_config"])
def test_where_no_schema_tells_the_names_of_sensitive_fields_do(key: str) -> None:
    encoded = codec.encode(chain(own("a.io/a.B", **{key: HIDDEN}, secret_name="shown")))
    assert encoded.resource is not None, encoded.findings
    text = json.dumps(codec.to_json(encoded.resource))
    assert HIDDEN not in text
    assert "shown" in text


def test_every_field_that_the_protos_mark_is_known_by_its_name() -> None:
    fields = [field for message in every_message() for field in message.fields]
    names = {field.name for field in fields if is_sensitive(field) and field.name != "typed_config"}
    assert len(names) > 15
    assert [name for name in names if not is_secret_key(name)] == []


def test_what_is_no_secret_is_shown() -> None:
    value = {"key": "x-team", "value": "shown-too"}
    host = {"name": "shown", "domains": ["*"], "response_headers_to_add": [{"header": value}], "routes": []}
    manager = hcm(BASIC_AUTH, ROUTER, route_config={"virtual_hosts": [host]}, foo={"bar": 5})
    encoded = codec.encode(listener(manager, address=ADDRESS))
    assert encoded.resource is not None, encoded.findings
    shown = codec.to_json(encoded.resource)["filter_chains"][0]["filters"][0]["typed_config"]["value"]
    assert shown["http_filters"][0]["typed_config"] == {
        "@type": BASIC_AUTH["typed_config"]["@type"],
        "authentication_header": "shown",
        "users": {"inline_string": REDACTED},
    }
    assert shown["route_config"]["virtual_hosts"][0]["response_headers_to_add"] == [{"header": value}]
    assert shown["foo"] == {"bar": 5}
