"""What keeps us from serving an Envoy. More of it is in tests/unit/runtime/test_checked_bootstrap.py."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import types
from legation.envoy.bootstrap import bootstrap, bootstrap_from_files
from legation.envoy.bootstrap_doubts import doubts
from legation.envoy.reader import read
from legation.model.problems import Level

HTTP = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def told(json: dict[str, Any]) -> list[str]:
    message: Any = types.message_class("envoy.config.bootstrap.v3.Bootstrap")()
    read(message, json)
    found = list(doubts(message))
    assert {each.level for each in found} <= {Level.WARNING}
    return [each.message for each in found]


def with_protocol(**options: Any) -> dict[str, Any]:
    json = bootstrap(node_id="a", xds_address=("localhost", 1))
    typed = {HTTP: {"@type": f"type.googleapis.com/{HTTP}", **options}}
    json["static_resources"]["clusters"][0]["typed_extension_protocol_options"] = typed
    return json


@pytest.mark.parametrize("variant", ["delta", "sotw", "rest"])
def test_our_own_bootstraps_leave_none(variant: Any) -> None:
    assert told(bootstrap(node_id="a", xds_address=("localhost", 1), variant=variant)) == []


def test_an_envoy_that_reads_files_asks_nobody() -> None:
    """That is what it is for, and said nevertheless."""
    assert len(told(bootstrap_from_files(node_id="a", folder="/srv"))) == 2


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ({"explicit_http_config": {"http2_protocol_options": {}}}, True),
        ({"use_downstream_protocol_config": {"http2_protocol_options": {}}}, True),
        ({"auto_config": {}}, True),
        ({"explicit_http_config": {"http_protocol_options": {}}}, False),
    ],
)
def test_grpc_needs_a_cluster_that_speaks_http2(options: dict[str, Any], *, fits: bool) -> None:
    """However that is written."""
    assert (told(with_protocol(**options)) == []) is fits
