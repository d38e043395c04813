"""Comments of proto files, and of the Python classes that were made of them."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from legation.envoy.explaining.comments import FromPackage, FromProtos, installed
from legation.envoy.explaining.names import find
from legation.errors import LegationError
from tests.unit.envoy.explaining.test_proto_text import PROTO
from tests.unit.envoy.explaining.test_python_text import PYTHON


@pytest.fixture(params=["folder", "checkout", "zip", "tar"])
def protos(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a place of proto files, in each form."""
    file = "envoy/config/cluster/v3/cluster.proto"
    if request.param in {"folder", "checkout"}:
        api = tmp_path / "api" if request.param == "checkout" else tmp_path
        (api / file).parent.mkdir(parents=True)
        (api / file).write_text(PROTO)
        return tmp_path
    archive = tmp_path / "envoy"
    name = f"envoy-1.40.0/api/{file}"
    if request.param == "zip":
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr(name, PROTO)
    else:
        with tarfile.open(archive, "w:gz") as made_tar:
            entry = tarfile.TarInfo(name)
            entry.size = len(PROTO)
            made_tar.addfile(entry, io.BytesIO(PROTO.encode()))
    return archive


def test_proto_files_are_found_in_a_checkout_and_in_an_archive(protos: Path) -> None:
    """With the folder above them that archives have; what is not there has no comment."""
    comments = FromProtos(protos)
    cluster = find("cluster").descriptor
    assert comments.of(cluster) == "A cluster.\nSecond line."
    assert comments.of(cluster, member="connect_timeout").startswith("How long.")
    assert comments.of(find("Cluster.DiscoveryType").descriptor, member="STATIC") == "Hosts are written down."
    assert comments.of(find("listener").descriptor) == ""


def test_a_place_without_them_is_said_so(tmp_path: Path) -> None:
    """Rather than that nothing has a meaning."""
    (tmp_path / "text").write_text("no archive")
    for place in (tmp_path, tmp_path / "text"):
        with pytest.raises(LegationError, match=r"api|archive"):
            FromProtos(place)


def test_the_classes_of_a_package_are_found(tmp_path: Path) -> None:
    """By the proto package; its modules are not run."""
    module = tmp_path / "envoy" / "config" / "cluster" / "v3" / "__init__.py"
    module.parent.mkdir(parents=True)
    module.write_text(f"raise SystemExit\n{PYTHON}")
    comments = FromPackage(tmp_path)
    assert comments.of(find("cluster").descriptor, member="type") == "Which way."
    assert comments.of(find("cluster").descriptor, member="name") == ""
    assert comments.of(find("listener").descriptor) == ""


def test_an_installed_package_is_found_and_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs libraries that nobody else does."""
    package = tmp_path / "envoy_data_plane"
    for folder in (package, package / "envoy/config/cluster/v3"):
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(f"raise SystemExit\n{PYTHON}")
    assert "envoy_data_plane" not in sys.modules
    monkeypatch.syspath_prepend(tmp_path)
    found = installed()
    assert found is not None
    assert found.of(find("cluster").descriptor, member="type") == "Which way."
    assert "envoy_data_plane" not in sys.modules
