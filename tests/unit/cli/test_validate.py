"""`legation validate`: what it takes, and how it ends. What it prints is in tests/golden/validate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from legation.cli.program import main

GOOD = "apiVersion: v1\nkind: Pod\nmetadata: {name: edge}\n"
WARNED = """\
apiVersion: bootes.io/v1
kind: Route
metadata: {name: a}
spec:
  config:
    name: a
    virtual_hosts: [{name: a, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: nowhere}}]}]
"""
BAD = "apiVersion: bootes.io/v1\nkind: Cluster\nmetadata: {name: web}\nspec: {config: {name: web, lb_polcy: RANDOM}}\n"


def run(*args: str | Path, given: str = "") -> Result:
    return CliRunner().invoke(main, ["validate", *map(str, args)], input=given)


@pytest.mark.parametrize(
    ("text", "args", "code"),
    [
        (GOOD, (), 0),
        (WARNED, (), 0),
        (WARNED, ("--strict",), 1),
        (BAD, (), 1),
        (BAD, ("--strict",), 1),
    ],
)
def test_the_exit_status_tells_how_bad_it_is(text: str, args: Sequence[str], code: int) -> None:
    """A warning alone is no failure, unless it is asked for."""
    assert run("-", *args, given=text).exit_code == code


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "where are the objects?"),
        (("none.yaml",), "none.yaml: no such file"),
        (("-", "--kubernetes"), "leave FILES or --kubernetes out"),
        (("-", "--context", "a"), "--context is about a cluster"),
        (("-", "-o", "table"), "table"),
        (("-", "--l7mp-matching", "some"), "some"),
    ],
)
def test_wrong_usage_and_what_cannot_be_read_end_with_2(args: Sequence[str], words: str) -> None:
    """In one line that says how it is right."""
    done = run(*args, given=GOOD)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert words in done.stderr


def test_a_kubeconfig_that_is_none_cannot_be_read(tmp_path: Path) -> None:
    """A cluster that nobody can reach is no cluster without problems."""
    (tmp_path / "config").write_text("apiVersion: v1\nkind: Config\n")
    done = run("--kubernetes", "--kubeconfig", tmp_path / "config")
    assert (done.exit_code, done.stdout) == (2, "")


def test_standard_input_has_a_name() -> None:
    """And stands among other files."""
    done = run("-", given=BAD)
    assert done.stdout.startswith("<stdin>:4:28: error: ")
    assert done.stderr == "1 error in 1 of 1 file\n"


def test_machines_read_json_or_yaml() -> None:
    """The same in both; nothing else on stdout, even where nothing is wrong."""
    as_json = json.loads(run("-", "-o", "json", given=BAD).stdout)
    assert as_json == yaml.safe_load(run("-", "-o", "yaml", given=BAD).stdout)
    assert [each["code"] for each in as_json["problems"]] == ["unknown-field"]
    assert json.loads(run("-", "-o", "json", given=GOOD).stdout) == {"problems": []}


def test_quiet_prints_errors_alone() -> None:
    """With --strict a warning is one."""
    both = f"{WARNED}---\n{BAD}"
    assert run("-", "-q", given=both).stdout.count("\nin: ") == 1
    assert run("-", "-q", "--strict", given=both).stdout.count("\nin: ") == 2
    assert run("-", given=both).stdout.count("\nin: ") == 2


def test_that_no_file_tells_of_pods_is_no_mistake_of_its_owner() -> None:
    """Else --strict could not be had where endpoints are selected."""
    text = (
        "apiVersion: servicemesh.l7mp.io/v1\nkind: VirtualService\nmetadata: {name: a}\n"
        "spec:\n  selector: {app: a}\n  listeners:\n  - name: a\n    udp:\n      port: 1\n      cluster:\n"
        "        name: a\n        service_discovery: strictdns\n        hash_key: a\n"
        "        endpoints: [{name: one, host: {selector: {app: b}}, port: 3000}]\n"
    )
    done = run("-", "--strict", given=text)
    assert (done.exit_code, done.stdout) == (0, "")


def test_objects_of_other_programs_are_counted_and_left_out() -> None:
    """Most manifests of a cluster are; a kind of ours that is misspelt is none of them."""
    text = "".join(
        f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n---\n"
        for version, kind in (("v1", "Service"), ("apps/v1", "Deployment"), ("cert-manager.io/v1", "Certificate"))
    )
    done = run("-", "--strict", given=text)
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == (
        "no problems in 1 file; left out: 3 objects of other kinds (Certificate, Deployment, Service)\n"
    )
    assert json.loads(run("-", "-o", "json", given=text).stdout) == {"problems": []}
    assert run("-", given=text + "apiVersion: bootes.io/v1\nkind: Clutser\nmetadata: {name: a}\n").exit_code == 1
    assert run("-", given=text + "apiVersion: botes.io/v1\nkind: Cluster\nmetadata: {name: a}\n").exit_code == 1


def test_a_fault_of_this_program_hides_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is told as one, without what the file holds."""

    secret = "hunter2"

    def fail(_json: object) -> tuple[()]:
        raise KeyError(secret)

    monkeypatch.setattr("legation.runtime.envoy_files.check_bootstrap", fail)
    (tmp_path / "envoy.yaml").write_text("node: {id: a}\n")
    (tmp_path / "bad.yaml").write_text(BAD)
    done = run(tmp_path)
    assert done.exit_code == 1
    assert "[internal-error]" in done.stdout
    assert "[unknown-field]" in done.stdout
    assert secret not in done.output


@pytest.mark.parametrize("line", ["name: {{ .Values.name }}", "{{- if .Values.on }}", "  {{ include x }}: a"])
def test_a_template_is_told_to_be_one(line: str) -> None:
    """Whatever it is that YAML makes of it."""
    done = run("-", given=f"apiVersion: v1\nkind: Pod\nmetadata:\n  {line}\n")
    assert done.exit_code == 1
    assert "helm template" in done.stdout


def test_colours_are_for_terminals() -> None:
    """A file of the output holds none."""
    assert "\x1b" not in run("-", given=BAD).output
