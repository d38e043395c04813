"""Two bootstraps made one, as Envoy makes them one."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy.bootstrap import bootstrap
from legation.envoy.bootstrap_merging import merged

BASE = bootstrap(node_id="a", xds_address=("localhost", 18000))


def test_nothing_more_is_the_same() -> None:
    found = merged(BASE, {})
    assert found.findings == ()
    assert found.json is not None
    again = merged(found.json, {})
    assert again.json == found.json


@pytest.mark.parametrize(
    ("more", "path", "value"),
    [
        ({"node": {"id": "b"}}, ("node",), {"id": "b", "cluster": "legation"}),
        ({"node": {"metadata": {"a": 1}}}, ("node", "metadata"), {"a": 1}),
        ({"statsFlushInterval": "7s"}, ("stats_flush_interval",), "7s"),
        ({"admin": {"address": {"pipe": {"path": "/a"}}}}, ("admin", "address"), {"pipe": {"path": "/a"}}),
        ({"cluster_manager": {}}, ("cluster_manager",), {}),
    ],
)
def test_what_is_said_again_counts_and_the_rest_stays(more: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    found: Any = merged(BASE, more).json
    for part in path:
        found = found[part]
    assert found == value


def test_lists_are_appended_to() -> None:
    found: Any = merged(BASE, {"static_resources": {"clusters": [{"name": "b"}], "secrets": [{"name": "c"}]}}).json
    assert [each["name"] for each in found["static_resources"]["clusters"]] == ["xds_cluster", "b"]
    assert found["static_resources"]["secrets"] == [{"name": "c"}]


def test_a_resource_monitor_takes_the_place_of_the_one_of_its_name() -> None:
    def monitors(*names: str) -> dict[str, Any]:
        typed = {"@type": "type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig"}
        limit = {**typed, "max_heap_size_bytes": "1"}
        return {"overload_manager": {"resource_monitors": [{"name": each, "typed_config": limit} for each in names]}}

    found: Any = merged(monitors("a", "b"), monitors("a", "c")).json
    assert [each["name"] for each in found["overload_manager"]["resource_monitors"]] == ["b", "a", "c"]


def test_what_cannot_be_read_is_told_with_its_path() -> None:
    found = merged(BASE, {"static_resources": {"clusters": [{"nam": "b"}]}})
    assert found.json is None
    assert [each.path for each in found.findings] == [("static_resources", "clusters", 0, "nam")]


def test_what_was_given_is_not_changed_and_secrets_are_kept() -> None:
    secret = {"name": "s", "generic_secret": {"secret": {"inline_string": "hidden"}}}
    before = repr(BASE)
    found: Any = merged(BASE, {"static_resources": {"secrets": [secret]}}).json
    assert found["static_resources"]["secrets"] == [secret]
    assert repr(BASE) == before
