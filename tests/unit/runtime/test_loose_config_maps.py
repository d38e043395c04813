"""ConfigMaps of which the server reads nothing."""

from __future__ import annotations

from typing import Any

from legation.model.objects import ManifestObject, ObjectKey, Place, show_path
from legation.runtime.loose_config_maps import check_loose, split_in_files

CDS = """\
resources:
- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: web
  lb_polcy: RANDOM
"""
PLACE = Place("a.yaml", 1, 1)


def config_map(data: dict[str, Any], **labels: str) -> dict[ObjectKey, ManifestObject]:
    key = ObjectKey("", "ConfigMap", "shop", "xds")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "xds", "labels": labels}, "data": data}
    return {key: ManifestObject(key=key, api_version="v1", body=body, labels=labels, place=PLACE)}


def told(data: dict[str, Any], **labels: str) -> set[tuple[str, str]]:
    found = list(check_loose(config_map(data, **labels)))
    assert all(each.object is not None and each.place is PLACE for each in found)
    return {(each.code, show_path(each.path)) for each in found}


def test_files_of_xds_are_checked_as_sync_does() -> None:
    """By the very same code."""
    assert told({"cds.yaml": CDS}) == {("unknown-field", 'data["cds.yaml"].resources[0].lb_polcy')}
    assert told({"lds.yaml": "resorces: []"}) == {("unknown-field", 'data["lds.yaml"].resorces')}


def test_a_bootstrap_is_checked_as_one() -> None:
    """Wherever in it the fault is."""
    bad = "static_resources:\n  clusters:\n  - {name: a, connect_timeout: 0s}\nnode: {id: a}\n"
    assert ("constraint", 'data["envoy.yaml"].static_resources.clusters[0].connect_timeout') in told(
        {"envoy.yaml": bad}
    )
    found = list(check_loose(config_map({"envoy.yaml": "static_resources:\n  a: b: c\n"})))
    assert [(each.code, show_path(each.path)) for each in found] == [("yaml-syntax", 'data["envoy.yaml"]')]
    assert "line 2 of the value" in found[0].message


def test_what_is_nothing_of_envoys_is_nobodys_business() -> None:
    """Scripts, certificates, the configuration of other programs; and nothing at all."""
    assert told({"run.sh": "a: [", "values.yaml": "a: [", "app.json": "{}", "n": 5}) == set()
    assert told({}) == set()


def test_those_with_the_label_are_the_servers() -> None:
    """It says itself what is wrong with them."""
    assert told({"cds.yaml": CDS}, **{"legation.dev/xds": "true"}) == set()


RDS = """\
resources:
- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
  name: a
  virtual_hosts:
  - name: podinfo
    domains: ["*"]
    routes:
    - match: {prefix: /}
      route: {weighted_clusters: {clusters: [{name: green, weight: 50}, {name: blue, weight: 50}]}}
"""


def split(name: str, service: str) -> dict[ObjectKey, ManifestObject]:
    key = ObjectKey("split.smi-spec.io", "TrafficSplit", "shop", name)
    spec = {"service": service, "backends": [{"service": "green", "weight": 1}]}
    body = {"apiVersion": "split.smi-spec.io/v1alpha2", "kind": key.kind, "metadata": {"name": name}, "spec": spec}
    return {key: ManifestObject(key=key, api_version="split.smi-spec.io/v1alpha2", body=body, place=PLACE)}


def test_splits_may_be_for_files() -> None:
    """Then it is no matter that no resource of the server has their host."""
    splits = split("one", "podinfo") | split("other", "nobody")
    objects = config_map({"rds.yaml": RDS}) | splits
    assert [key.name for key in split_in_files(objects)] == ["one"]
    assert split_in_files(splits) == frozenset()
    assert split_in_files(config_map({"rds.yaml": RDS}, **{"legation.dev/xds": "true"}) | splits) == frozenset()
