"""Values of the chart envoy-files that are refused, and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.files_chart import CHART, Values, rendered


def one(**backend: Any) -> Values:
    """Return an upstream with one backend, to which these fields are added."""
    return {"upstreams": {"web": {"backends": {"web": {"port": 80, "weight": 1} | backend}}}}


def test_every_value_is_in_the_schema(helm: Path) -> None:
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    assert set(schema["properties"]) - {"global", "services"} == set(defaults)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"replicas": 2}, "additional properties 'replicas' not allowed"),
        ({"prometheusRule": {"enabled": False}}, "additional properties 'prometheusRule' not allowed"),
        ({"rbac": {"pspEnabled": False}}, "additional properties 'pspEnabled' not allowed"),
        (one(wieght=1), "additional properties 'wieght' not allowed"),
        (one(http2={"enable": True}), "additional properties 'enable' not allowed"),
        (one(weight=-1), "/upstreams/web/backends/web/weight"),
        (one(weight="100"), "/upstreams/web/backends/web/weight"),
        (one(port=0), "/upstreams/web/backends/web/port"),
        ({"upstreams": {"web": {"smi": {"enable": True}, "backends": {"a": {"port": 1, "weight": 1}}}}}, "'enable'"),
        ({"upstreams": {"web": {}}}, "'backends'"),
        ({"upstreams": {"web": {"backends": {}}}}, "/upstreams/web/backends"),
        ({"upstreams": {"a.svc": {"port": 80, "weight": 100}}}, "'backends'"),
        ({"xdsLoader": {"syncInterval": "30"}}, "/xdsLoader/syncInterval"),
        ({"codecType": "h2"}, "/codecType"),
        ({"env": {"A": {"valueFrm": {}}}}, "/env/A"),
        ({"services": {}}, "services: this map is called upstreams now"),
        (one(weight=0), "upstreams.web.backends: all weights are 0"),
        (
            one(per_filter_config={"a": {"b": 1}}),
            "upstreams.web.backends.web.per_filter_config.a: Envoy's API v3 needs",
        ),
        ({"admin": {"port": 9901}}, "admin.port: ports.admin has 9901 too"),
        ({"xdsLoader": {"image": {"repository": "mumoshu/crossover"}}}, "mumoshu/crossover does not know the flags"),
        (
            {"xds": {"rds.yaml": '"@type": type.googleapis.com/envoy.api.v2.RouteConfiguration'}},
            "xds.rds.yaml: envoy.api.v2",
        ),
        (
            {"templates": {"envoy.yaml": "name: envoy.http_connection_manager"}},
            "templates.envoy.yaml: envoy.http_connection",
        ),
    ],
)
def test_values_that_do_not_fit_are_refused(helm: Path, values: Values, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        rendered(helm, "default", values)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ({}, "upstreams.b.domains: with several upstreams each says which hosts are for it"),
        ({"domains": ["A"]}, 'domains: "A" stands in upstreams.a too'),
        ({"domains": ["b"], "backends": {"x.y": {"port": 81, "weight": 1}}}, "there is another cluster x_y already"),
        ({"domains": ["b"], "backends": {"x_y": {"port": 80, "weight": 1}}}, "there is another cluster x_y already"),
        ({"domains": ["b"], "backends": {"envoy.admin": {"port": 80, "weight": 1}}}, "another cluster envoy_admin"),
    ],
)
def test_upstreams_that_envoy_would_refuse_are_refused(helm: Path, second: Values, words: str) -> None:
    backends = {"x.y": {"port": 80, "weight": 1}}
    first = {"domains": ["a"], "backends": backends}
    with pytest.raises(ValueError, match=r".") as refusal:
        rendered(helm, "default", {"upstreams": {"a": first, "b": {"backends": backends} | second}})
    assert words in str(refusal.value)
