"""How a server finds its cluster, and whether it tells anything in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from legation.cli.cluster import ClusterSide
from legation.errors import KubeConfigError
from legation.kube.connection import Connection
from legation.settings import Cluster

_TEXT = """
apiVersion: v1
kind: Config
current-context: one
contexts:
- {name: one, context: {cluster: one}}
- {name: two, context: {cluster: two}}
clusters:
- {name: one, cluster: {server: "https://one.SUFFIX:6443"}}
- {name: two, cluster: {server: "https://two.SUFFIX:6443"}}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a kubeconfig, outside of any cluster."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".kube").mkdir()
    kubeconfig(tmp_path / ".kube" / "config", "home")
    return tmp_path


def kubeconfig(path: Path, suffix: str) -> Path:
    path.write_text(_TEXT.replace("SUFFIX", suffix))
    return path


def found(**how: Any) -> ClusterSide:
    return ClusterSide(Cluster(kubernetes=True, **how))


def be_in_a_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    # Its files stand at one place, and are of this machine, if there are any.
    monkeypatch.setattr("legation.kube.in_cluster.load", lambda **_: Connection(server="https://own"))


@pytest.mark.usefixtures("home")
def test_a_setting_beats_the_environment_beats_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found().source.name == "cluster https://one.home:6443"
    assert found(context="two").source.name == "cluster https://two.home:6443"
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "a", "environment")))
    assert found().source.name == "cluster https://one.environment:6443"
    told = kubeconfig(tmp_path / "b", "setting")
    assert found(kubeconfig=told, context="two").source.name == "cluster https://two.setting:6443"


@pytest.mark.usefixtures("home")
def test_in_a_pod_it_is_the_pods_own_unless_another_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_in_a_pod(monkeypatch)
    assert found().source.name == "cluster https://own"
    assert found(context="one").source.name == "cluster https://one.home:6443"
    told = kubeconfig(tmp_path / "b", "told")
    assert found(kubeconfig=told).source.name == "cluster https://one.told:6443"
    monkeypatch.setenv("KUBECONFIG", str(told))
    assert found().source.name == "cluster https://one.told:6443"


def test_without_any_it_is_said_where_one_was_looked_for(home: Path) -> None:
    (home / ".kube" / "config").unlink()
    with pytest.raises(KubeConfigError, match=r"there is no .*/\.kube/config; write one, or name another"):
        found()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("status", "outside", "inside"), [("auto", False, True), ("on", True, True), ("off", False, False)]
)
def test_status_is_written_in_a_pod_or_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, status: str, *, outside: bool, inside: bool
) -> None:
    assert found(status=status).writes_status is outside
    be_in_a_pod(monkeypatch)
    assert found(status=status, context="one").writes_status is inside
