"""What a Pod is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from legation.errors import KubeConfigError
from legation.kube.connection import Connection, User
from legation.kube.in_cluster import inside, load
from legation.tls.pem import Pem

POD = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is mounted."""
    for name, content in {"token": "hush", "ca.crt": "PEM", "namespace": "shop\n"}.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def test_a_pod_with_a_service_account(folder: Path) -> None:
    assert inside(POD)
    assert load(environment=POD, folder=folder) == Connection(
        server="https://10.96.0.1:443",
        authority=Pem(file=str(folder / "ca.crt")),
        user=User(token_file=str(folder / "token")),
        namespace="shop",
    )


def test_ipv6(folder: Path) -> None:
    assert (
        load(environment=POD | {"KUBERNETES_SERVICE_HOST": "fd00::1"}, folder=folder).server == "https://[fd00::1]:443"
    )


def test_the_proxy_of_the_environment(folder: Path) -> None:
    environment = POD | {"HTTPS_PROXY": "http://proxy:3128"}
    assert load(environment=environment, folder=folder).proxy == "http://proxy:3128"
    assert load(environment=environment | {"NO_PROXY": "10.0.0.0/8"}, folder=folder).proxy == ""


def test_a_namespace_that_nobody_told(folder: Path) -> None:
    (folder / "namespace").unlink()
    assert load(environment=POD, folder=folder).namespace == "default"


def test_this_is_no_pod(folder: Path) -> None:
    assert not inside({})
    with pytest.raises(KubeConfigError, match="KUBERNETES_SERVICE_PORT: they are not set, so this is no Pod; give a"):
        load(environment={"KUBERNETES_SERVICE_HOST": "a"}, folder=folder)


@pytest.mark.parametrize("name", ["token", "ca.crt"])
def test_a_pod_without_a_service_account(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(KubeConfigError, match=f"{folder / name}: it cannot be read: no such .*automountService"):
        load(environment=POD, folder=folder)
