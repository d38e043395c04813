from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import told
from tests.unit.envoy.lints.test_access import config


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"collector_cluster": "web", "collector_endpoint": "/a"}, ""),
        ({"collector_service": {"http_uri": {"uri": "http://a/b", "cluster": "web", "timeout": "1s"}}}, ""),
        ({"collector_cluster": "web"}, "collector_endpoint"),
        ({"collector_endpoint": "/a"}, "collector_cluster"),
    ],
)
def test_zipkin(fields: dict[str, Any], missing: str) -> None:
    tracer = config("envoy.config.trace.v3.ZipkinConfig", collector_endpoint_version="HTTP_JSON", **fields)

    assert told(tracer) == ([f"error missing-field typed_config.{missing}"] if missing else [])
