"""The chart envoy-files in the hands of Helm: the definition of TrafficSplits, crossover's own releases, and at work.

All of it changes what a whole cluster has, so it has an API server of its own.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from demo import web
from demo.programs import Program, free_ports
from tests.cluster.admin import PATIENCE, STEP, Admin, Object, reference
from tests.cluster.api_server import ApiServer, Binaries
from tests.cluster.chart import token_of
from tests.cluster.files_chart import CHART, PODINFO, RELEASE, Values, rendered

DEFINITION = reference("apiextensions.k8s.io/v1", "CustomResourceDefinition", "trafficsplits.split.smi-spec.io")
VERSIONS = [f"split.smi-spec.io/v1alpha{number}" for number in (1, 2, 3, 4)]
WITH_CRD = PODINFO | {"crd": {"create": True}}

CROSSOVER = (sys.executable, "-c", "from legation.crossover.program import crossover; crossover()")

BEFORE = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-envoy
  labels: {app: envoy, release: {{ .Release.Name }}}
spec:
  selector:
    matchLabels: {app: envoy, release: {{ .Release.Name }}}
  template:
    metadata:
      labels: {app: envoy, release: {{ .Release.Name }}, component: controller}
    spec:
      containers: [{name: envoy, image: envoy}, {name: xds-update, image: crossover}]
---
apiVersion: v1
kind: Service
metadata:
  name: envoy
spec:
  selector: {app: envoy, release: {{ .Release.Name }}}
  ports: [{name: n0, port: 10000, targetPort: n0}]
"""
"""As much of a release of crossover's chart as could be in the way: fields that cannot change."""


@pytest.fixture(scope="module")
def server(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server that this module has alone."""
    with ApiServer(tmp_path_factory.mktemp("files-chart"), binaries=binaries) as found:
        yield found


@pytest.fixture
def admin(server: ApiServer) -> Iterator[Admin]:
    """Who may do everything there; nobody has installed TrafficSplits yet."""
    with Admin(server) as client:
        yield client
        if there(client):
            client.delete(DEFINITION)
            wait_gone(client)


class Helm:
    """Helm for one namespace, with our chart."""

    def __init__(self, program: Path, config: Path, chart: Path) -> None:
        self._program = program
        self._config = config
        self._chart = chart

    def upgrade(self, values: Values, chart: Path | None = None) -> None:
        self._run("upgrade", "--install", RELEASE, chart or self._chart, "--values", "-", text=json.dumps(values))

    def uninstall(self) -> None:
        self._run("uninstall", RELEASE)

    def _run(self, *words: str | Path, text: str = "") -> None:
        command = [self._program, *words, "--kubeconfig", self._config]
        done = subprocess.run(command, input=text, check=False, capture_output=True, text=True)
        if done.returncode:
            raise ValueError(done.stderr)


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """The chart, as for Kubernetes 1.34: the API server is built without a number of its own."""
    made = shutil.copytree(CHART, tmp_path / "chart")
    about, helpers = made / "Chart.yaml", made / "templates" / "_helpers.tpl"
    about.write_text(re.sub("kubeVersion:.*", "", about.read_text()))
    helpers.write_text(helpers.read_text().replace(".Capabilities.KubeVersion.Version", '"v1.34.0"'))
    return made


@pytest.fixture
def charts(helm: Path, server: ApiServer, namespace: str, chart: Path, tmp_path: Path) -> Helm:
    """Helm, for the namespace of the test."""
    return Helm(helm, server.kubeconfig(tmp_path / "kubeconfig", server.admin_token, namespace), chart)


def old_chart(folder: Path, objects: str) -> Path:
    """Write a chart as crossover's."""
    made = folder / "envoy"
    (made / "templates").mkdir(parents=True)
    (made / "Chart.yaml").write_text(yaml.safe_dump({"apiVersion": "v2", "name": "envoy", "version": "0.1.4"}))
    (made / "templates" / "all.yaml").write_text(objects)
    return made


def definition(helm: Path) -> Object:
    """Return the definition that the chart brings, without what says whose it is."""
    (found,) = (each for each in rendered(helm, "a", WITH_CRD) if each["kind"] == "CustomResourceDefinition")
    return found | {"metadata": {"name": found["metadata"]["name"]}}


def wait_gone(admin: Admin) -> None:
    """Wait until there is no definition: the API server deletes the objects first."""
    end = time.monotonic() + PATIENCE
    while there(admin):
        assert time.monotonic() < end, "the definition is not deleted"
        time.sleep(STEP)


def there(admin: Admin) -> bool:
    return any(
        each["metadata"]["name"] == DEFINITION["metadata"]["name"]
        for each in admin.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    )


def split(namespace: str, version: str, weight: int | str) -> Object:
    spec = {"service": "podinfo", "backends": [{"service": "a", "weight": weight}]}
    return reference(version, "TrafficSplit", "podinfo", namespace) | {"spec": spec}


def test_by_default_it_brings_no_definition(admin: Admin, charts: Helm) -> None:
    charts.upgrade(PODINFO)
    assert not there(admin)


def test_its_definition_serves_every_version_with_any_weight(admin: Admin, charts: Helm, namespace: str) -> None:
    charts.upgrade(WITH_CRD)
    admin.wait_crd(DEFINITION["metadata"]["name"])
    for written in VERSIONS:
        for weight in (25, "25", "500m"):
            admin.apply(split(namespace, written, weight))
            for read in VERSIONS:
                found = admin.get(split(namespace, read, 0))
                assert found["spec"]["backends"] == [{"service": "a", "weight": weight}]
    matches = [{"apiGroup": "specs.smi-spec.io", "kind": "HTTPRouteGroup", "name": "canary"}]
    admin.patch(reference(VERSIONS[3], "TrafficSplit", "podinfo", namespace) | {"spec": {"matches": matches}})
    assert admin.get(split(namespace, VERSIONS[2], 0))["spec"]["matches"] == matches


def test_its_definition_stays_and_is_taken_over_again(admin: Admin, charts: Helm, namespace: str) -> None:
    charts.upgrade(WITH_CRD)
    admin.wait_crd(DEFINITION["metadata"]["name"])
    admin.apply(split(namespace, VERSIONS[0], "1"))
    charts.upgrade(PODINFO)
    charts.upgrade(WITH_CRD)
    charts.uninstall()
    assert admin.get(split(namespace, VERSIONS[0], 0))["spec"]["backends"]
    charts.upgrade(WITH_CRD)
    assert there(admin)


def test_a_definition_of_somebody_else_is_left_alone(helm: Path, admin: Admin, charts: Helm) -> None:
    admin.apply(definition(helm))
    admin.wait_crd(DEFINITION["metadata"]["name"])
    before = admin.get(DEFINITION)["metadata"]["resourceVersion"]
    charts.upgrade(WITH_CRD)
    charts.upgrade(WITH_CRD)
    charts.uninstall()
    assert admin.get(DEFINITION)["metadata"]["resourceVersion"] == before


def test_a_release_of_crossovers_chart_is_upgraded_in_place(
    admin: Admin, charts: Helm, namespace: str, tmp_path: Path
) -> None:
    """The Deployment is the same one, so its Pods are replaced by a rollout; the Service keeps its address."""
    charts.upgrade({}, old_chart(tmp_path, BEFORE))
    deployment = reference("apps/v1", "Deployment", f"{RELEASE}-envoy", namespace)
    service = reference("v1", "Service", "envoy", namespace)
    before = [admin.get(each)["metadata"]["uid"] for each in (deployment, service)]

    charts.upgrade(PODINFO)

    assert [admin.get(each)["metadata"]["uid"] for each in (deployment, service)] == before
    pod = admin.get(deployment)["spec"]["template"]["spec"]
    assert [each["name"] for each in pod["initContainers"]] == ["xds-update"]
    assert [each["name"] for each in pod["containers"]] == ["envoy"]


def test_the_definition_of_such_a_release_is_not_lost(
    helm: Path, admin: Admin, charts: Helm, namespace: str, tmp_path: Path
) -> None:
    """crossover's chart brought one that nothing kept: Helm would delete it, and with it all TrafficSplits."""
    charts.upgrade({}, old_chart(tmp_path, json.dumps(definition(helm))))
    admin.wait_crd(DEFINITION["metadata"]["name"])
    admin.apply(split(namespace, VERSIONS[0], "1"))
    with pytest.raises(ValueError, match=r"crd\.create: .* belongs to this release, and would be deleted"):
        charts.upgrade(PODINFO)
    charts.upgrade(WITH_CRD)
    charts.upgrade(PODINFO)
    assert admin.get(split(namespace, VERSIONS[0], 0))["spec"]["backends"]


async def test_crossover_works_with_what_the_chart_gives_it(
    admin: Admin, server: ApiServer, charts: Helm, namespace: str, tmp_path: Path
) -> None:
    """Its arguments, its account and its rights; what a kubelet would do is done by hand."""
    charts.upgrade(WITH_CRD | {"smi": {"apiVersions": {"trafficSplits": "v1alpha4"}}})
    admin.wait_crd(DEFINITION["metadata"]["name"])
    pod = admin.get(reference("apps/v1", "Deployment", f"{RELEASE}-envoy", namespace))["spec"]["template"]["spec"]
    (sidecar,) = pod["initContainers"]
    token = tmp_path / "token"
    token.write_text(token_of(admin, namespace, pod["serviceAccountName"]))
    (port,) = free_ports(1)
    here = (f"--apiserver={server.url}", f"--token-file={token}", f"--output-dir={tmp_path}", f"--health-port={port}")
    quiet = "--health-bind=127.0.0.1"
    given = {"POD_NAMESPACE": namespace, "SSL_CERT_FILE": str(server.ca_file)}
    environment = ("env", *(f"{name}={value}" for name, value in given.items()))
    template = admin.get(reference("v1", "ConfigMap", f"{RELEASE}-envoy-xds", namespace))["data"]["rds.yaml"]
    file = tmp_path / "current" / "rds.yaml"
    with Program(
        "crossover", *environment, *CROSSOVER, *sidecar["args"], *here, quiet, log=tmp_path / "log"
    ) as crossover:
        await crossover.until(lambda: web.get(f"127.0.0.1:{port}", sidecar["startupProbe"]["httpGet"]["path"]))
        assert file.read_text() == template

        backends = [{"service": "eerie-octopus-podinfo", "weight": 25}, {"service": "bold-olm.podinfo", "weight": 75}]
        spec = {"service": "podinfo", "backends": backends}
        admin.apply(reference(VERSIONS[3], "TrafficSplit", "podinfo", namespace) | {"spec": spec})

        wanted = template.replace("weight: 100", "weight: 25").replace("weight: 0", "weight: 75")

        async def shifted() -> bool:
            return bool(file.read_text() == wanted)

        await crossover.until(shifted)
