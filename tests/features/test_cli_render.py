"""`legation render` and `legation bootstrap` as their users run them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.features.test_cli_serve import serving

_LEGATION = str(Path(sys.executable).with_name("legation"))
"""The command, as it is installed."""

_CLUSTER = """\
apiVersion: bootes.io/v1
kind: Cluster
metadata: {name: NAME, namespace: NAMESPACE}
spec:
  SELECTOR
  config: {name: NAME, type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, connect_timeout: 1s}
---
"""

_CALL = """\
apiVersion: servicemesh.l7mp.io/v1
kind: VirtualService
metadata: {name: call, namespace: media}
spec:
  selector: {app: edge, tier: front}
  listeners:
  - name: call
    udp:
      port: 2000
      cluster:
        name: call
        service_discovery: strictdns
        hash_key: call
        endpoints: [{name: one, host: {address: 127.0.0.1}, port: 3000}]
"""


def cluster(name: str, *, namespace: str = "default", selector: str = "") -> str:
    """Return a manifest of a cluster."""
    return _CLUSTER.replace("NAMESPACE", namespace).replace("NAME", name).replace("SELECTOR", selector)


def legation(*args: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run([_LEGATION, *args], capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    """Return a directory with clusters for several workloads."""
    text = (
        cluster("edge")
        + cluster("far", namespace="shop")
        + cluster("mine", selector="workloadSelector: {labels: {app: edge}}")
    )
    (tmp_path / "clusters.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def names(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the names of the clusters that were printed."""
    return [each["name"] for each in yaml.safe_load(done.stdout).get("Cluster", [])]


def test_a_node_gets_what_is_in_its_namespace(manifests: Path) -> None:
    """By the last part of its id."""
    assert names(legation("render", str(manifests), "--node", "envoy")) == ["edge"]
    assert names(legation("render", str(manifests), "--node", "envoy.shop")) == ["far"]


def test_by_the_rule_of_l7mp_one_label_in_any_namespace_is_enough(tmp_path: Path) -> None:
    """With the option of that name alone."""
    (tmp_path / "call.yaml").write_text(_CALL, encoding="utf-8")
    command = ("render", str(tmp_path), "--node", "edge", "--label", "app=edge")
    assert names(legation(*command)) == []
    assert names(legation(*command, "--l7mp-matching", "any")) == ["call"]
    assert legation(*command, "--l7mp-matching", "one").returncode == 2


def test_a_node_gets_what_its_labels_select(manifests: Path) -> None:
    """Given on the command line."""
    done = legation("render", str(manifests), "--node", "envoy", "--label", "app=edge")
    assert (names(done), done.returncode, done.stderr) == (["edge", "mine"], 0, "")


def test_json_is_the_same_as_yaml(manifests: Path) -> None:
    """Two ways to write one thing, with the type of each resource."""
    as_json = json.loads(legation("render", str(manifests), "--node", "envoy", "-o", "json").stdout)
    assert as_json == yaml.safe_load(legation("render", str(manifests), "--node", "envoy").stdout)
    assert as_json["Cluster"][0]["@type"] == "type.googleapis.com/envoy.config.cluster.v3.Cluster"


def test_a_single_file_can_be_rendered(manifests: Path) -> None:
    """As well as a folder."""
    assert names(legation("render", str(manifests / "clusters.yaml"), "--node", "envoy")) == ["edge"]


def test_an_error_goes_to_stderr_and_the_rest_is_printed(manifests: Path) -> None:
    """One broken object stops no other; exit 1 tells a script."""
    (manifests / "bad.yaml").write_text(cluster("bad").replace("1s", "soon"), encoding="utf-8")
    done = legation("render", str(manifests), "--node", "envoy")
    assert (names(done), done.returncode) == (["edge"], 1)
    assert done.stderr.startswith(f"{manifests}/bad.yaml:6:")
    assert ": error: " in done.stderr


def test_a_path_that_does_not_exist_is_one_line_and_exit_2(tmp_path: Path) -> None:
    """A typing error."""
    done = legation("render", str(tmp_path / "none"), "--node", "envoy")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert str(tmp_path / "none") in done.stderr


def test_many_paths_and_standard_input_are_one_configuration(manifests: Path) -> None:
    """As a directory with all of it would be."""
    done = subprocess.run(
        [_LEGATION, "render", "-", str(manifests), "--node", "envoy"],
        input=cluster("piped"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (names(done), done.returncode) == (["edge", "piped"], 0)


def test_types_can_be_chosen(manifests: Path) -> None:
    """By their names, as people write them."""
    for name in ("Cluster", "cluster", "clusters"):
        assert names(legation("render", str(manifests), "--node", "envoy", "--type", name)) == ["edge"]
    assert legation("render", str(manifests), "--node", "envoy", "--type", "Listener").stdout == "{}\n"
    assert legation("render", str(manifests), "--node", "envoy", "--type", "Clutser").returncode == 2


def test_objects_come_from_one_place(manifests: Path) -> None:
    """And from somewhere."""
    assert legation("render", "--node", "envoy").returncode == 2
    assert legation("render", str(manifests), "--node", "envoy", "--admin", "localhost:1").returncode == 2
    assert legation("render", str(manifests), "--node", "envoy", "--kubernetes").returncode == 2


def test_a_running_server_says_the_same_of_a_node(manifests: Path) -> None:
    """Asked at its admin port, by the same words."""
    command = ("--node", "envoy", "--label", "app=edge", "--type", "cluster")
    with serving(manifests) as server:
        admin = server.wait_event("ready")["admin"].removeprefix("http://")
        live = legation("render", "--admin", admin, *command)
    assert (live.returncode, live.stderr, names(live)) == (0, "", ["edge", "mine"])
    assert live.stdout == legation("render", str(manifests), *command).stdout
    gone = legation("render", "--admin", admin, *command)
    assert (gone.returncode, gone.stdout, gone.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("node", ["y", "n", "on", "1e3", "edge.shop"])
def test_the_bootstrap_holds_the_node_id_as_it_was_given(node: str) -> None:
    """A reader of YAML takes some ids for booleans or numbers unless they are quoted."""
    done = legation("bootstrap", "--node", node)
    assert done.returncode == 0
    assert yaml.safe_load(done.stdout)["node"]["id"] == node
    assert json.loads(legation("bootstrap", "--node", node, "-o", "json").stdout) == yaml.safe_load(done.stdout)


def test_the_bootstrap_says_where_the_server_is_and_how_to_speak() -> None:
    """By flags."""
    text = legation("bootstrap", "--node", "a", "--xds", "xds.example.org:18009", "--sotw").stdout
    assert "xds.example.org" in text
    assert "18009" in text
    assert yaml.safe_load(text)["dynamic_resources"]["ads_config"]["api_type"] == "GRPC"
    delta = yaml.safe_load(legation("bootstrap", "--node", "a").stdout)
    assert delta["dynamic_resources"]["ads_config"]["api_type"] == "DELTA_GRPC"
