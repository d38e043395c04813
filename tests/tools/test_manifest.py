"""What deploy/ ships is made of what the package is now."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

from tools import manifest

ROOT = Path(__file__).parents[2]
RENDERED = """\
metadata:
  annotations:
    helm.sh/resource-policy: keep
  labels:
    app.kubernetes.io/name: legation
    app.kubernetes.io/managed-by: Helm
    helm.sh/chart: legation-0.1.0
  name: clusters.bootes.io


---
kind: Service
"""
PLAIN = """\
metadata:
  labels:
    app.kubernetes.io/name: legation
  name: clusters.bootes.io
---
kind: Service
"""


@pytest.fixture
def helm(tmp_path: Path) -> Path:
    """A program that says what Helm would, whatever it is told."""
    program = tmp_path / "helm"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{RENDERED}END\n")
    program.chmod(0o755)
    return program


def test_what_only_helm_reads_is_left_out(helm: Path) -> None:
    ((path, text),) = manifest.manifest(helm).items()
    assert path == manifest.MANIFEST
    assert text.endswith(PLAIN)
    namespace = yaml.safe_load(text.removesuffix(PLAIN))
    assert namespace["kind"] == "Namespace"
    assert namespace["metadata"]["name"] == manifest.NAME


def test_differences_are_told_and_written_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "ROOT", tmp_path)
    wanted = {tmp_path / "a" / "b.yaml": "new\n"}
    assert manifest._differences(wanted) == 1
    assert manifest._write(wanted) == 0
    assert manifest._differences(wanted) == 0


def test_versions_are_those_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((manifest.CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (version, version)
    assert f'image: "legation:{version}"' in manifest.MANIFEST.read_text()
    for file in ("deploy/Containerfile", "docs/kubernetes.md"):
        assert f"-t legation:{version} ." in (ROOT / file).read_text()
