"""The bootstrap is what Envoy's schema says, and asks the way that was wanted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from legation.envoy import types
from legation.envoy.bootstrap import Variant, bootstrap, bootstrap_from_files
from legation.envoy.reader import read


def made(**settings: Any) -> dict[str, Any]:
    """Return a bootstrap that Envoy's schema takes."""
    settings = {"node_id": "edge.default", "xds_address": ("localhost", 18000), **settings}
    result = bootstrap(**settings)
    _, findings = read(types.message_class("envoy.config.bootstrap.v3.Bootstrap")(), result)
    assert findings == []
    assert json.loads(json.dumps(result)) == result
    return result


@pytest.mark.parametrize(("variant", "api_type"), [("delta", "DELTA_GRPC"), ("sotw", "GRPC")])
def test_everything_comes_over_one_stream_in_the_wanted_variant(variant: Variant, api_type: str) -> None:
    resources = made(variant=variant)["dynamic_resources"]
    assert resources["ads_config"]["api_type"] == api_type
    assert resources["ads_config"]["set_node_on_first_message_only"] is True
    assert resources["cds_config"] == resources["lds_config"]
    assert resources["cds_config"] == {"resource_api_version": "V3", "initial_fetch_timeout": "0s", "ads": {}}


def test_who_polls_has_a_source_for_each_type_and_speaks_plain_http_to_one_address() -> None:
    polling = made(variant="rest")
    assert "ads_config" not in polling["dynamic_resources"]
    for each in ("cds_config", "lds_config"):
        source = polling["dynamic_resources"][each]["api_config_source"]
        assert (source["api_type"], source["cluster_names"]) == ("REST", ["xds_cluster"])
    (cluster,) = polling["static_resources"]["clusters"]
    assert cluster["dns_lookup_family"] == "V4_PREFERRED"
    (options,) = cluster["typed_extension_protocol_options"].values()
    assert options["explicit_http_config"] == {"http_protocol_options": {}}


def test_without_ads_each_type_has_its_own_stream() -> None:
    resources = made(ads=False, variant="sotw")["dynamic_resources"]
    assert "ads_config" not in resources
    assert resources["lds_config"]["api_config_source"]["api_type"] == "GRPC"


@pytest.mark.parametrize(
    ("host", "kind"), [("localhost", "STRICT_DNS"), ("127.0.0.1", "STATIC"), ("::1", "STATIC"), ("a.b", "STRICT_DNS")]
)
def test_a_name_is_resolved_and_an_address_is_not(host: str, kind: str) -> None:
    (cluster,) = made(xds_address=(host, 1234))["static_resources"]["clusters"]
    assert cluster["type"] == kind
    endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
    assert endpoint["address"]["socket_address"] == {"address": host, "port_value": 1234}


def test_the_node_says_who_it_is() -> None:
    assert made(cluster="shop", labels={"app": "web"})["node"] == {
        "id": "edge.default",
        "cluster": "shop",
        "metadata": {"labels": {"app": "web"}},
    }
    assert "metadata" not in made()["node"]


def test_the_admin_page_is_on_loopback() -> None:
    address = made(admin_port=19000)["admin"]["address"]["socket_address"]
    assert address == {"address": "127.0.0.1", "port_value": 19000}


def test_loads_are_reported_to_the_same_server_where_that_is_wanted() -> None:
    told = made(loads=True)["cluster_manager"]["load_stats_config"]
    assert told["grpc_services"][0]["envoy_grpc"]["cluster_name"] == "xds_cluster"
    assert "cluster_manager" not in made()


@pytest.mark.parametrize("watched", ["", "/srv/runtime"])
def test_who_reads_files_asks_no_server(watched: str) -> None:
    """Its clusters and listeners stand in two files; a swapped link is seen in the folder that it is in."""
    found = bootstrap_from_files(node_id="edge", folder="/srv/runtime/current", watched_directory=watched)
    source = found["dynamic_resources"]["lds_config"]["path_config_source"]
    assert source["path"] == "/srv/runtime/current/lds.json"
    assert source.get("watched_directory", {}).get("path", "") == watched
    assert "static_resources" not in found
    assert {"node", "admin", "overload_manager"} < found.keys()
