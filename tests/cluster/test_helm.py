"""The Helm of this tier speaks to the API server of this tier."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.cluster.admin import Admin, reference
from tests.cluster.api_server import ApiServer

CHART = "apiVersion: v2\nname: hello\nversion: 0.1.0\n"
TEMPLATE = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  colour: {{ .Values.colour }}
"""


def test_a_chart_can_be_installed(
    helm: Path, api_server: ApiServer, admin: Admin, namespace: str, tmp_path: Path
) -> None:
    chart = tmp_path / "hello"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(CHART)
    (chart / "templates" / "settings.yaml").write_text(TEMPLATE)
    config = api_server.kubeconfig(tmp_path / "kubeconfig", api_server.admin_token, namespace)

    command: list[str | Path] = [helm, "install", "one", chart, "--set", "colour=blue", "--kubeconfig", config]
    subprocess.run(command, check=True, capture_output=True)

    assert admin.get(reference("v1", "ConfigMap", "one", namespace))["data"] == {"colour": "blue"}
