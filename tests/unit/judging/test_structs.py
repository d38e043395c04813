from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import types
from legation.judging.pretence import NOBODY, NOWHERE, Pretence
from legation.model.resource_types import LISTENER
from tests import judged
from tests.judged import HTTP, PREFIX

FILE_LOG = PREFIX + "envoy.extensions.access_loggers.file.v3.FileAccessLog"
UNKNOWN: dict[str, Any] = {"new_field": 1}


def harmless(**http: Any) -> tuple[dict[str, Any], Pretence]:
    """Return a connection manager that travels as a Struct, as it is judged."""
    struct = {"@type": PREFIX + "xds.type.v3.TypedStruct", "type_url": HTTP, "value": {**UNKNOWN, **http}}
    chain = {"filters": [{"name": "http", "typed_config": struct}]}
    listener = judged.resource(LISTENER, name="front", address=judged.address(), filter_chains=[chain])
    message = judged.message_of(LISTENER, listener.body)
    pretence = Pretence("token")
    pretence.make_harmless(message)
    packed = message.filter_chains[0].filters[0].typed_config
    inner: Any = types.message_class("xds.type.v3.TypedStruct").FromString(packed.value)
    return dict(_plain(inner.value)), pretence


def _plain(value: Any) -> Any:
    match value.DESCRIPTOR.name:
        case "Struct":
            return {key: _plain(each) for key, each in value.fields.items()}
        case "ListValue":
            return [_plain(each) for each in value.values]
        case _:
            found = getattr(value, value.WhichOneof("kind"))
            return _plain(found) if hasattr(found, "DESCRIPTOR") else found


def test_what_nobody_knows_stays() -> None:
    found, _ = harmless(stat_prefix="http", other={"path": "/var/log", "list": ["x"]})

    assert found == {**UNKNOWN, "stat_prefix": "http", "other": {"path": "/var/log", "list": ["x"]}}


@pytest.mark.parametrize("key", ["access_log", "accessLog"])
def test_a_log_goes_nowhere(key: str) -> None:
    found, _ = harmless(**{key: [{"name": "log", "typed_config": {"@type": FILE_LOG, "path": "/var/log/envoy"}}]})

    assert found[key][0]["typed_config"]["path"] == NOWHERE


def test_a_struct_in_a_struct_is_looked_into() -> None:
    inner = {"@type": PREFIX + "xds.type.v3.TypedStruct", "type_url": FILE_LOG, "value": {"path": "/log", **UNKNOWN}}

    found, _ = harmless(access_log=[{"name": "log", "typed_config": inner}])

    assert found["access_log"][0]["typed_config"]["value"] == {"path": NOWHERE, **UNKNOWN}


def test_control_planes_and_clusters_are_replaced() -> None:
    zipkin = {"@type": PREFIX + "envoy.config.trace.v3.ZipkinConfig", "collector_cluster": "traces"}
    source = {"path_config_source": {"path": "/etc/routes"}}

    found, _ = harmless(
        rds={"route_config_name": "routes", "config_source": source},
        route_config={"validateClusters": True},
        tracing={"provider": {"name": "zipkin", "typed_config": zipkin}},
    )

    assert found["rds"]["config_source"] == {"ads": {}, "resource_api_version": "V3"}
    assert found["route_config"] == {"validate_clusters": False}
    assert found["tracing"]["provider"]["typed_config"]["collector_cluster"] == NOBODY


def test_a_file_is_replaced_or_noted() -> None:
    body = {"status": 200, "body": {"filename": "/index.html"}}
    host = {"name": "host", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "direct_response": body}]}
    users = {"@type": PREFIX + "envoy.extensions.filters.http.basic_auth.v3.BasicAuth", "users": {"filename": "/u"}}

    found, pretence = harmless(route_config={"virtual_hosts": [host]})
    _, noted = harmless(http_filters=[{"name": "users", "typed_config": users}])

    route = found["route_config"]["virtual_hosts"][0]["routes"][0]
    assert route["direct_response"]["body"] == {"inline_string": ""}
    assert not pretence.elsewhere
    assert noted.elsewhere


def test_what_looks_like_a_secret_is_not_shown() -> None:
    _, pretence = harmless(new_password="hunter2hunter2", name="no secret")

    assert pretence.secrets == {"hunter2hunter2"}


def test_what_stands_below_such_a_key_is_not_shown_either() -> None:
    users = {
        "@type": PREFIX + "envoy.extensions.filters.http.basic_auth.v3.BasicAuth",
        "users": {"inlineString": "a1b2c3"},
    }
    _, pretence = harmless(
        http_filters=[{"name": "x", "typed_config": users}], password={"from": [{"text": "hunter2"}]}
    )

    assert pretence.secrets == {"a1b2c3", "hunter2"}
