"""Where the objects of a command come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from legation.cli import where
from legation.cli.where import Where

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: edge}\n"


def command(**how: bool) -> tuple[click.Command, list[Where | None]]:
    """Return a command that takes objects, and what it was called with."""
    called: list[Where | None] = []

    @click.command()
    @where.objects(**how)
    @click.option("--more")
    def it(where: Where | None, more: str | None) -> None:
        assert more in {None, "one"}
        called.append(where)

    return it, called


def run(*args: str | Path, **how: bool) -> tuple[int, Where | None]:
    it, called = command(**how)
    code = CliRunner().invoke(it, [*map(str, args)]).exit_code
    return code, called[0] if called else None


def found(*args: str | Path, **how: bool) -> Where:
    code, given = run(*args, **how)
    assert code == 0
    assert given is not None
    return given


def test_files_and_clusters_are_given_in_the_same_way_to_every_command() -> None:
    """With the settings of the server that say what objects mean."""
    given = found("a", "b", "--l7mp-matching", "any", "--more", "one")
    assert (given.paths, given.of_cluster, given.settings.cluster.l7mp_matching) == (("a", "b"), False, "any")
    given = found("--kubernetes", "--namespaces", "shop,edge", "--context", "one")
    assert (given.of_cluster, given.settings.cluster.namespaces) == (True, ("shop", "edge"))


def test_settings_come_from_the_environment_and_the_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But whether a cluster is read is said on the command line."""
    file = tmp_path / "settings.yaml"
    file.write_text("cluster: {cross_namespace: allow}")
    monkeypatch.setenv("LEGATION_CONFIG", str(file))
    monkeypatch.setenv("LEGATION_L7MP_MATCHING", "any")
    monkeypatch.setenv("LEGATION_KUBERNETES", "on")
    given = found("a")
    assert given.of_cluster is False
    assert (given.settings.cluster.l7mp_matching, given.settings.cluster.cross_namespace) == ("any", "allow")


@pytest.mark.parametrize(
    "args",
    [(), ("a", "--kubernetes"), ("a", "--kubeconfig", "b"), ("a", "--secrets"), ("a", "--dry-run", "envoy")],
)
def test_what_does_not_fit_together_is_wrong_usage(args: tuple[str, ...]) -> None:
    assert run(*args)[0] == 2


def test_nothing_may_be_something_and_a_judge_may_be_asked() -> None:
    """Where a command says so: one that can ask a server, one that can ask an Envoy."""
    assert run(required=False) == (0, None)
    assert found("a", "--dry-run", "envoy", judged=True).settings.dry_run == "envoy"


def test_objects_are_read_as_a_server_reads_them(tmp_path: Path) -> None:
    """With their texts, and what is for Envoy itself beside them."""
    (tmp_path / "pod.yaml").write_text(POD)
    (tmp_path / "envoy.yaml").write_text("node: {id: a}\n")
    read: Any = where.read(found(tmp_path))
    assert [str(key) for key in read.heard.objects] == ["Pod default/edge"]
    assert (sorted(read.texts), sorted(read.aside)) == (
        [f"{tmp_path}/envoy.yaml", f"{tmp_path}/pod.yaml"],
        [f"{tmp_path}/envoy.yaml"],
    )
    assert read.problems == ()


def test_nothing_is_said_of_envoys_that_are_served(tmp_path: Path) -> None:
    """There are none: what follows for them from a broken object is left out."""
    (tmp_path / "bad.yaml").write_text("apiVersion: bootes.io/v1\nkind: Cluster\nmetadata: {name: a}\n---\na: [")
    read = where.read(found(tmp_path))
    assert {each.code for each in read.problems} == {"no-spec", "yaml-syntax"}


def test_what_cannot_be_read_ends_with_2(tmp_path: Path) -> None:
    """As a click exception, which every command lets through."""
    with pytest.raises(where.Unreadable) as caught:
        where.read(found(tmp_path / "none"))
    assert caught.value.exit_code == 2
