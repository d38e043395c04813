"""Writes deploy/legation.yaml: the chart with its default values, for those who do not use Helm.

Before that the chart gets the CustomResourceDefinitions that the package carries. `--check` writes nothing and says
what differs.
"""

from __future__ import annotations

import difflib
import re
import subprocess
import sys
from pathlib import Path

from tests.cluster.go_programs import built

ROOT = Path(__file__).parents[1]
CHART = ROOT / "deploy" / "chart"
MANIFEST = ROOT / "deploy" / "legation.yaml"
NAME = "legation"
"""Of the release and of its namespace."""

_CRDS = ROOT / "src" / "legation" / "crds"
_HELM = ROOT / "tests" / "cluster" / "helm"
_HELM_PACKAGE = "helm.sh/helm/v4/cmd/helm"
_KUBERNETES = "1.34.0"
"""For which the templates choose: without a cluster Helm would take the version that it was built with."""
_HEAD = f"""\
# legation with the default values of its chart, for Kubernetes 1.30 and newer: kubectl apply -f legation.yaml
# Written by `make manifest`. Each line can be changed by a value of the chart: deploy/chart/values.yaml
---
apiVersion: v1
kind: Namespace
metadata:
  name: {NAME}
  labels:
    pod-security.kubernetes.io/enforce: restricted
"""
# What only Helm reads, and the map that held nothing else.
_OF_HELM = re.compile(
    r"^ *annotations:\n *helm\.sh/resource-policy: .*\n|^ *(helm\.sh/chart|app\.kubernetes\.io/managed-by): .*\n",
    re.MULTILINE,
)


def crds() -> dict[Path, str]:
    """Returns the CustomResourceDefinitions that the chart carries, and where."""
    return {CHART / "files" / "crds" / each.name: each.read_text() for each in sorted(_CRDS.glob("*.yaml"))}


def manifest(helm: Path) -> dict[Path, str]:
    """Returns what the chart of now gives, and where it is written."""
    command: list[str | Path] = [helm, "template", NAME, CHART, "--namespace", NAME, "--kube-version", _KUBERNETES]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {MANIFEST: _HEAD + re.sub(r"\n\n+---", "\n---", _OF_HELM.sub("", text))}


def main(arguments: list[str]) -> int:
    """Writes the files, or says what differs."""
    act = _differences if "--check" in arguments else _write
    # The chart first: the manifest is made of it.
    return max(act(crds()), act(manifest(built(_HELM, _HELM_PACKAGE))))


def _write(wanted: dict[Path, str]) -> int:
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


def _differences(wanted: dict[Path, str]) -> int:
    told = 0
    for path, text in wanted.items():
        before = path.read_text().splitlines(keepends=True) if path.exists() else []
        after = text.splitlines(keepends=True)
        for line in difflib.unified_diff(before, after, str(path.relative_to(ROOT)), "wanted"):
            print(line, end="")
            told = 1
    return told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
