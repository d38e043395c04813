"""The CustomResourceDefinitions on a real API server: what bootes' manifests hold is taken as it is, and kept whole."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.admin import Admin, Object, Refused, reference
from tests.cluster.api_server import ApiServer, Binaries
from tests.cluster.chart import CHART, apply_all, of_kind, rendered

CRDS = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
KINDS = {"Cluster": "clusters", "Endpoint": "endpoints", "Listener": "listeners", "Route": "routes"}


def raw(kind: str, name: str, namespace: str, config: Any = None, labels: dict[str, str] | None = None) -> Object:
    """Return an object of bootes.io as manifests for bootes write it."""
    spec: Object = {} if config is None else {"config": config}
    if labels is not None:
        spec["workloadSelector"] = {"labels": labels}
    return reference("bootes.io/v1", kind, name, namespace) | {"spec": spec}


def samples(namespace: str) -> list[Object]:
    """Return one object of each kind of bootes, with all that raw configuration may look like."""
    socket = {"socket_address": {"address": "10.0.0.1", "port_value": "10000"}}
    typed = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router", "startChildSpan": True}
    source = {"ads": {}, "resource_api_version": "V3"}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": socket}, "load_balancing_weight": None}]}]
    return [
        raw("Cluster", "backend", namespace, {"name": "b", "type": "EDS", "connect_timeout": "1s"}, {"app": "edge"}),
        raw("Listener", "http", namespace, {"name": "http", "filter_chains": [{"filters": [typed]}]}, {}),
        raw("Route", "all", namespace, {"name": "all", "virtualHosts": [], "odd": [1, 1.5, False, [], {}, [["x"]]]}),
        raw("Endpoint", "backend", namespace, {"cluster_name": "b", "endpoints": endpoints, "source": source}),
    ]


@pytest.fixture(scope="module")
def crds(helm: Path, admin: Admin) -> list[Object]:
    """Those of the chart, served."""
    objects = of_kind(rendered(helm, "default"), CRDS[1])
    apply_all(admin, objects)
    return objects


def test_their_names_are_free_and_belong_to_a_category(admin: Admin, crds: list[Object]) -> None:
    """Whoever says `er` or `endpoints.bootes.io` to kubectl is understood."""
    roots = [
        "/api/v1",
        *(f"/apis/{each['preferredVersion']['groupVersion']}" for each in admin._ask("GET", "/apis")["groups"]),
    ]
    listed = [
        (root, each) for root in roots for each in admin._ask("GET", root)["resources"] if "/" not in each["name"]
    ]
    for crd in crds:
        spec = crd["spec"]
        (short,) = spec["names"]["shortNames"]
        taken = [
            each for _, each in listed if short in {each["name"], each["singularName"], *each.get("shortNames", ())}
        ]
        assert [each["kind"] for each in taken] == [spec["names"]["kind"]]
        assert taken[0]["categories"] == ["envoy"]


@pytest.mark.usefixtures("crds")
def test_manifests_of_bootes_apply_and_nothing_is_lost(admin: Admin, namespace: str) -> None:
    for sample in samples(namespace):
        assert admin.apply(sample)["spec"] == sample["spec"]
        assert admin.get(sample)["spec"] == sample["spec"]


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize("kind", KINDS)
def test_what_bootes_left_open_is_left_open(admin: Admin, namespace: str, kind: str) -> None:
    """legation itself says what is missing, in the status of the object."""
    bodies: list[Object] = [{}, {"spec": {}}, {"spec": {"config": {}}}, {"spec": {"workloadSelector": None}}]
    for number, body in enumerate(bodies):
        admin.create({**reference("bootes.io/v1", kind, f"odd-{number}", namespace), **body})


@pytest.mark.usefixtures("crds")
def test_a_misspelt_selector_is_refused(admin: Admin, namespace: str) -> None:
    """Else it would be an empty one, and every Envoy would get the object."""
    misspelt = {"spec": {"config": {}, "workloadSelector": {"matchLabels": {"app": "edge"}}}}
    path = f"/apis/bootes.io/v1/namespaces/{namespace}/clusters"
    body = {**reference("bootes.io/v1", "Cluster", "odd", namespace), **misspelt}
    with pytest.raises(Refused, match=r"spec\.workloadSelector\.labels: Required value"):
        admin._ask("POST", path, params={"fieldValidation": "Ignore"}, json=body)


@pytest.mark.usefixtures("crds")
def test_resources_are_kept_and_need_their_type(admin: Admin, namespace: str) -> None:
    kept = reference("legation.dev/v1alpha1", "EnvoyResources", "all", namespace)
    resource = {"@type": "type.googleapis.com/envoy.service.runtime.v3.Runtime", "layer": {"a.b": 5, "c": {"d": None}}}
    assert admin.apply(kept | {"spec": {"resources": [resource]}})["spec"] == {"resources": [resource]}
    with pytest.raises(Refused, match=r"spec\.resources\[0\]\.@type: Required value"):
        admin.create(
            reference("legation.dev/v1alpha1", "EnvoyResources", "odd", namespace) | {"spec": {"resources": [{}]}}
        )


@pytest.mark.usefixtures("crds")
def test_an_upstream_is_kept_as_it_is_written_and_its_numbers_have_ranges(admin: Admin, namespace: str) -> None:
    spec: Object = {
        "hosts": [{"address": "10.0.0.1", "port": 80, "weight": 2}],
        "routes": [{"configuration": "main", "virtualHost": ""}],
        "cluster": {"connectTimeout": "1s", "metadata": {"a.b": [1, None]}},
    }
    upstream = reference("legation.dev/v1alpha1", "Upstream", "v2", namespace)
    assert admin.apply(upstream | {"spec": spec})["spec"] == spec
    by_name: Object = {"service": {"name": "reviews", "port": "http"}, "weight": 5}
    assert admin.apply(upstream | {"spec": by_name})["spec"] == by_name
    for odd, words in (
        ({"hosts": [{"address": "a", "port": 0}]}, r"spec\.hosts\[0\]\.port"),
        ({"weight": 1_000_001}, r"spec\.weight"),
        ({"routes": [{}]}, r"spec\.routes\[0\]"),
        ({"service": {"name": "a"}}, r"spec\.service\.port"),
    ):
        with pytest.raises(Refused, match=words):
            admin.create(reference("legation.dev/v1alpha1", "Upstream", "odd", namespace) | {"spec": odd})


def status(generation: int) -> Object:
    made = {"observedGeneration": generation, "lastTransitionTime": "2024-01-01T00:00:00Z"}
    return {
        "observedGeneration": generation,
        "programmed": "2/3",
        "envoys": {"matching": 3, "accepted": 2, "refused": 1, "replicas": 2, "answered": 2},
        "conditions": [
            {"type": "Accepted", "status": "True", "reason": "Valid", "message": "", **made},
            {"type": "Programmed", "status": "False", "reason": "Refused", "message": "by edge-1", **made},
            {"type": "Refused", "status": "True", "reason": "RefusedByEnvoy", "message": "malformed IP", **made},
            {"type": "Conflicted", "status": "False", "reason": "NoConflict", "message": "", **made},
        ],
    }


@pytest.mark.usefixtures("crds")
def test_status_is_a_part_of_its_own_and_shows_in_a_table(admin: Admin, namespace: str) -> None:
    for sample in samples(namespace):
        made = admin.create(sample | {"status": {"programmed": "9/9"}})
        assert "status" not in made
        told = status(made["metadata"]["generation"])
        path = f"{admin._path(sample)}/status"
        changed = reference(sample["apiVersion"], sample["kind"], sample["metadata"]["name"], namespace) | {
            "status": told
        }
        options = {"fieldManager": "legation", "force": "true", "fieldValidation": "Strict"}
        after = admin._patch(path, changed, "application/apply-patch+yaml", options)
        assert (after["status"], after["spec"], after["metadata"]["generation"]) == (told, sample["spec"], 1)

        header = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
        table = admin._ask("GET", admin._path(sample), headers=header)
        (row,) = table["rows"]
        shown = dict(zip([each["name"] for each in table["columnDefinitions"]], row["cells"], strict=True))
        assert shown.pop("Age")
        assert shown == {
            "Name": sample["metadata"]["name"],
            "Accepted": "True",
            "Programmed": "2/3",
            "Refused": 1,
            "Reason": "Valid",
            "Conflicted": "False",
            "Message": "",
        }


# ------------------------------------------------------------------------------------------------- coming from bootes


def crd_of_bootes(kind: str) -> Object:
    """Return the definition that a cluster with bootes has."""
    plural = KINDS[kind]
    selector = {
        "type": "object",
        "required": ["labels"],
        "properties": {"labels": {"type": "object", "additionalProperties": {"type": "string"}}},
    }
    config = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    spec = {"type": "object", "properties": {"workloadSelector": selector, "config": config}}
    schema = {"type": "object", "properties": {"spec": spec, "status": {"type": "object"}}}
    return reference(*CRDS, f"{plural}.bootes.io") | {
        "spec": {
            "group": "bootes.io",
            "scope": "Namespaced",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        }
    }


def test_from_bootes_and_back(helm: Path, binaries: Binaries, tmp_path: Path) -> None:
    """Objects that bootes served are taken over as they are, and stay when everything is uninstalled."""
    with ApiServer(tmp_path / "api", binaries=binaries) as server, Admin(server) as admin:
        for kind, plural in KINDS.items():
            admin.create(crd_of_bootes(kind))
            admin.wait_crd(f"{plural}.bootes.io")
        admin.namespace("bootes")
        before = [admin.create(each) for each in samples("default")]
        config = server.kubeconfig(tmp_path / "kubeconfig", server.admin_token, "bootes")
        # The API server of the tests does not know its own version.
        chart = shutil.copytree(CHART, tmp_path / "chart")
        (chart / "Chart.yaml").write_text((CHART / "Chart.yaml").read_text().replace("kubeVersion:", "# "))

        def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
            command: list[str | Path] = [helm, *words, "--kubeconfig", config]
            return subprocess.run(command, capture_output=True, text=True, check=False)

        values = ("--set", "xdsPort=5000,preStopSleepSeconds=0")
        assert "cannot be imported into the current release" in run("install", "legation", chart, *values).stderr
        done = run("install", "legation", chart, *values, "--take-ownership", "--force-conflicts")
        assert done.returncode == 0, done.stderr
        assert admin.get(reference("v1", "Service", "legation", "bootes"))["spec"]["ports"][0]["port"] == 5000
        assert "5000" in done.stdout
        for kind, plural in KINDS.items():
            admin.wait_crd(f"{plural}.bootes.io")
            assert admin.get(reference(*CRDS, f"{plural}.bootes.io"))["spec"]["names"]["kind"] == kind
        assert [admin.get(each) for each in before] == before
        admin.patch_status(
            {**reference("bootes.io/v1", "Cluster", "backend", "default"), "status": {"programmed": "1/1"}}
        )

        assert run("uninstall", "legation").returncode == 0
        assert [admin.get(each)["spec"] for each in before] == [each["spec"] for each in before]
        with pytest.raises(Refused, match="not found"):
            admin.get(reference("apps/v1", "Deployment", "legation", "bootes"))
