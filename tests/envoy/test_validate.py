"""`legation validate` beside the real Envoy: bootstraps are judged alike, and `--dry-run envoy` asks it."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo.proxy import BINARY
from demo.stage import LEGATION
from legation.envoy.bootstrap import bootstrap

HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
TCP = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
LISTENER = """\
apiVersion: bootes.io/v1
kind: Listener
metadata: {name: front}
spec:
  config:
    name: front
    address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
    filter_chains:
    - filters:
      - name: unknown
        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.unknown.v3.Unknown}
"""

Change = Callable[[dict[str, Any]], object]


def listener(name: str) -> dict[str, Any]:
    proxy = {"@type": TCP, "stat_prefix": "a", "cluster": "xds_cluster"}
    return {
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 10000}},
        "filter_chains": [{"filters": [{"name": "tcp", "typed_config": proxy}]}],
    }


def routing(action: dict[str, Any], **routes: Any) -> dict[str, Any]:
    """Return a listener whose one route does that."""
    hosts = [{"name": "a", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": action}]}]
    router = {"name": "router", "typed_config": {"@type": ROUTER}}
    route_config = {"virtual_hosts": hosts, **routes}
    manager = {"@type": HCM, "stat_prefix": "a", "http_filters": [router], "route_config": route_config}
    return {**listener("a"), "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}]}


def with_listener(*given: dict[str, Any]) -> Change:
    return lambda json: json["static_resources"].update(listeners=[*given])


def nameless(port: int) -> dict[str, Any]:
    found = listener("a")
    del found["name"]
    return found | {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}


def xds_cluster(json: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json["static_resources"]["clusters"][0]
    return found


BOOTSTRAPS: dict[str, tuple[Change, bool]] = {
    "as it is printed": (lambda json: json, True),
    "without a control plane": (lambda json: json.pop("dynamic_resources"), True),
    "with a cluster twice": (lambda json: json["static_resources"]["clusters"].append(xds_cluster(json)), False),
    "with two listeners on one address": (
        lambda json: json["static_resources"].update(listeners=[listener("a"), listener("b")]),
        False,
    ),
    "with one listener": (lambda json: json["static_resources"].update(listeners=[listener("a")]), True),
    "without the cluster of its control plane": (lambda json: json["static_resources"].pop("clusters"), False),
    "with HTTP/1.1 towards it": (lambda json: xds_cluster(json).pop("typed_extension_protocol_options"), True),
    "with a time that is none": (lambda json: json.update(stats_flush_interval="0s"), False),
    "with a field that is none": (lambda json: json["node"].update(nmae="a"), False),
    "with a time of a cluster that is none": (lambda json: xds_cluster(json).update(connect_timeout="0s"), False),
    "with names in the other spelling": (
        lambda json: json.update(staticResources=json.pop("static_resources")),
        True,
    ),
    "with listeners that have no name": (with_listener(nameless(10000), nameless(10001)), True),
    "with listeners of one name": (with_listener(listener("a"), nameless(10001) | {"name": "a"}), True),
    "with a secret that has no name": (
        lambda json: json["static_resources"].update(secrets=[{"generic_secret": {"secret": {"inline_string": "a"}}}]),
        True,
    ),
    "with a route to a cluster that may come": (with_listener(routing({"cluster": "dynamic"})), False),
    "with a route to one by weight": (
        with_listener(routing({"weighted_clusters": {"clusters": [{"name": "dynamic", "weight": 1}]}})),
        False,
    ),
    "with a mirror that may come": (
        with_listener(routing({"cluster": "xds_cluster", "request_mirror_policies": [{"cluster": "dynamic"}]})),
        False,
    ),
    "with a route that is not to be checked": (
        with_listener(routing({"cluster": "dynamic"}, validate_clusters=False)),
        True,
    ),
    "with a route by header": (with_listener(routing({"cluster_header": "x-cluster"})), True),
    "with its cluster by EDS": (
        lambda json: xds_cluster(json).update(
            type="EDS", eds_cluster_config={"eds_config": {"ads": {}, "resource_api_version": "V3"}}
        ),
        False,
    ),
    "with a local cluster that may come": (
        lambda json: json.update(cluster_manager={"local_cluster_name": "dynamic"}),
        False,
    ),
    "with a local cluster": (lambda json: json.update(cluster_manager={"local_cluster_name": "xds_cluster"}), True),
    "with two layers of one name": (
        lambda json: json.update(
            layered_runtime={"layers": [{"name": "a", "static_layer": {}}, {"name": "a", "static_layer": {}}]}
        ),
        False,
    ),
    "with two layers for the admin": (
        lambda json: json.update(
            layered_runtime={"layers": [{"name": "a", "admin_layer": {}}, {"name": "b", "admin_layer": {}}]}
        ),
        False,
    ),
    "with a resource monitor twice": (
        lambda json: json["overload_manager"].update(
            resource_monitors=json["overload_manager"]["resource_monitors"] * 2
        ),
        False,
    ),
    "with nothing but an admin": (lambda json: [json.pop(each) for each in set(json) - {"admin"}], True),
    "with a number as text": (lambda json: json["admin"]["address"]["socket_address"].update(port_value="0"), True),
}


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", BOOTSTRAPS)
def test_a_bootstrap_is_judged_as_envoy_judges_it(name: str, tmp_path: Path) -> None:
    """What Envoy takes is never an error, and what it refuses is one."""
    change, good = BOOTSTRAPS[name]
    json_ = copy.deepcopy(bootstrap(node_id="a", xds_address=("127.0.0.1", 18000)))
    change(json_)
    file = tmp_path / "bootstrap.json"
    file.write_text(json.dumps(json_), encoding="utf-8")
    envoy = run(BINARY, "--mode", "validate", "-c", file)
    ours = run(LEGATION, "validate", file)
    assert (envoy.returncode == 0) is good, envoy.stderr
    assert (ours.returncode == 0) is good, ours.stdout


def test_a_real_envoy_is_asked_where_that_is_wanted(tmp_path: Path) -> None:
    """It knows what it was built with, which nobody else does."""
    file = tmp_path / "listener.yaml"
    file.write_text(LISTENER, encoding="utf-8")
    assert run(LEGATION, "validate", file).returncode == 0
    done = run(LEGATION, "validate", "--dry-run", "envoy", "--envoy-binary", BINARY, file)
    assert done.returncode == 1
    assert "Didn't find a registered implementation" in done.stdout
    assert "[refused-by-judge]" in done.stdout
