"""`legation explain`: what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from legation.cli.program import main
from legation.envoy.explaining import comments

PAGE = "https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/cluster/v3/cluster.proto"
PROTO = """\
package envoy.config.cluster.v3;
// A cluster of hosts.
message Cluster {
  // How to choose.
  // [#extension-category: envoy.load]
  enum LbPolicy {
    // One after the other.
    ROUND_ROBIN = 0;
  }
  // How long to wait for a :ref:`host <a>`.
  google.protobuf.Duration connect_timeout = 4;
  // Which one.
  LbPolicy lb_policy = 6;
}
"""


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the package with comments be missing, wherever this runs."""
    monkeypatch.setattr(comments, "installed", lambda: None)


@pytest.fixture
def protos(tmp_path: Path) -> Path:
    """Return a folder of proto files."""
    file = tmp_path / "envoy/config/cluster/v3/cluster.proto"
    file.parent.mkdir(parents=True)
    file.write_text(PROTO)
    return tmp_path


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["explain", *map(str, args)])


def test_a_field_is_explained_with_its_comment(protos: Path) -> None:
    """Type, rule, meaning, address."""
    assert run("cluster.connect_timeout", "--protos", protos).stdout.split("\n") == [
        "envoy.config.cluster.v3.Cluster.connect_timeout  (field)",
        "",
        '  type     duration, such as "1.5s"',
        "  rule     must be longer than 0s",
        "",
        "How long to wait for a host.",
        "",
        f"{PAGE}#envoy-v3-api-field-config-cluster-v3-cluster-connect-timeout",
        "",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("TrafficSplit", "TrafficSplit is a kind of others, who explain it; those explained here are Cluster, "),
        ("trafficsplit.spec", "TrafficSplit is a kind of others"),
        ("quite_something_else", "write a type, or a type and a field, such as cluster.connect_timeout"),
    ],
)
def test_what_is_not_explained_is_told_with_what_is(name: str, words: str) -> None:
    done = run(name)
    assert done.exit_code == 2
    assert words in done.stderr


def test_without_comments_the_address_tells_the_meaning() -> None:
    """And how to have it here."""
    done = run("cluster.connect_timeout")
    assert done.exit_code == 0
    assert "must be longer than 0s" in done.stdout
    assert "legation[explain]" in done.stdout


def test_values_of_an_enum_have_meanings(protos: Path) -> None:
    """Of the enum, and of a field that takes one."""
    for name in ("Cluster.LbPolicy", "Cluster.lb_policy"):
        shown = run(name, "--protos", protos).stdout
        assert "  ROUND_ROBIN\n      One after the other.\n  LEAST_REQUEST\n" in shown


def test_a_type_lists_its_fields() -> None:
    """With what each takes."""
    shown = run("HttpConnectionManager").stdout
    assert "  rule     one of rds, route_config, scoped_routes must be set\n" in shown
    assert "\n  codec_type " in shown
    assert "HttpConnectionManager.CodecType" in shown
    assert "(deprecated)" in shown


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("VirtualService", "Pipes from ports"),
        ("VirtualService.spec.listeners", "must have at most 400 items"),
        ("Cluster.spec.config", "Envoy's own configuration stands here"),
        ("Cluster.spec.config.connect_timeout", "envoy.config.cluster.v3.Cluster.connect_timeout"),
        ("Upstream.spec.hosts.port", "65535"),
        ("Upstream.spec.cluster.lb_policy", "envoy.config.cluster.v3.Cluster.lb_policy"),
        ("Route.spec.config.virtual_hosts", "envoy.config.route.v3.RouteConfiguration.virtual_hosts"),
        ("Router", "other types of this name"),
    ],
)
def test_kinds_are_explained_too(name: str, words: str) -> None:
    """And what of Envoy's stands in them."""
    done = run(name)
    assert (done.exit_code, words in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cluster.conect_timeout", "did you mean envoy.config.cluster.v3.Cluster.connect_timeout?"),
        ("VirtualService.spec.listners", "did you mean VirtualService.spec.listeners?"),
        ("Clutser", "did you mean envoy.config.cluster.v3.Cluster?"),
        ("EnvoyResources.spec.resources.name", "of any type"),
        ("", "no name"),
    ],
)
def test_a_slip_ends_with_2_and_the_nearest_name(name: str, words: str) -> None:
    """In one line."""
    done = run(name)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert words in done.stderr


def test_protos_that_are_none_are_said_to_be_none(tmp_path: Path) -> None:
    """Rather than that the field has no meaning."""
    done = run("cluster", "--protos", tmp_path)
    assert done.exit_code == 1
    assert str(tmp_path) in done.stderr


def test_machines_get_keys_that_stay(protos: Path) -> None:
    """The same for types, enums, fields and kinds; JSON and YAML say the same."""
    names = ("cluster", "cluster.lb_policy", "Cluster.LbPolicy", "VirtualService", "Cluster.spec")
    values = [json.loads(run(each, "-o", "json", "--protos", protos).stdout) for each in names]
    assert len({tuple(each) for each in values}) == 1
    assert values[1] == yaml.safe_load(run(names[1], "-o", "yaml", "--protos", protos).stdout)
    assert values[1]["values"][0] == {"name": "ROUND_ROBIN", "meaning": "One after the other."}
    assert values[0]["meaning"] == "A cluster of hosts."
