"""The chart envoy-files on a real API server: it is accepted, grants what crossover needs, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.admin import Admin, Refused, reference
from tests.cluster.api_server import ApiServer
from tests.cluster.chart import apply_all, of_kind, token_of
from tests.cluster.files_chart import PODINFO, RELEASE, SEVERAL, Rights, Values, pod_of, rendered, rights_of

FOLLOW = {"get", "watch"}
ACCOUNT = f"{RELEASE}-envoy"
FILES = f"{RELEASE}-envoy-xds"

EVERYTHING: Values = SEVERAL | {
    "imagePullSecrets": [{"name": "registry"}],
    "image": {"digest": "sha256:" + 64 * "0"},
    "xdsLoader": {"image": {"digest": "sha256:" + 64 * "1"}, "insecure": True, "extraArgs": ["--log-format=json"]},
    "smi": {"apiVersions": {"trafficSplits": "v1alpha4"}, "routeGroups": {"enabled": True}},
    "env": {"A": "b", "NODE": {"valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}},
    "extraArgs": ["--concurrency", "2"],
    "volumes": [{"name": "xds", "emptyDir": {"medium": "Memory"}}, {"name": "more", "emptyDir": {}}],
    "volumeMounts": [{"name": "xds", "mountPath": "/srv/runtime"}, {"name": "more", "mountPath": "/more"}],
    "secretMounts": {"tls": {"mountPath": "/etc/tls", "secretName": "tls", "defaultMode": 0o440}},
    "ports": {"n1": {"containerPort": 10001}},
    "service": {
        "name": "",
        "type": "LoadBalancer",
        "annotations": {"a": "b"},
        "ports": {
            "n0": {"port": 80, "targetPort": "n0", "appProtocol": "http"},
            "n1": {"port": 81, "targetPort": 10001},
        },
    },
    "readinessProbe": {"tcpSocket": {"port": "n0"}},
    "priorityClassName": "system-cluster-critical",
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "edge", "operator": "Exists"}],
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "podAnnotations": {"prometheus.io/port": "9901"},
    "podLabels": {"team": "edge"},
    "serviceAccount": {"annotations": {"a": "b"}},
    "podDisruptionBudget": {"minAvailable": 1},
}
OLD_WAY: Values = PODINFO | {
    "xdsLoader": {"nativeSidecar": False},
    "strategy": "type: Recreate",
    "podDisruptionBudget": "maxUnavailable: 1",
    "preStopSleepSeconds": 0,
    "service": {"enabled": False},
    "rbac": {"create": False},
    "serviceAccount": {"create": False},
}


@pytest.fixture
def user(
    helm: Path, admin: Admin, api_server: ApiServer, namespace: str, request: pytest.FixtureRequest
) -> Iterator[Admin]:
    """The user that crossover is, with two TrafficSplits among its upstreams, and with the values that a test names."""
    apply_all(admin, rendered(helm, namespace, SEVERAL, getattr(request, "param", {})))
    with Admin(api_server, token_of(admin, namespace, ACCOUNT)) as client:
        yield client


@pytest.mark.parametrize("values", [{}, PODINFO, SEVERAL, EVERYTHING, OLD_WAY])
def test_every_object_is_accepted(helm: Path, admin: Admin, namespace: str, values: Values) -> None:
    objects = rendered(helm, namespace, values)
    apply_all(admin, objects)
    assert {each["metadata"]["namespace"] for each in objects} == {namespace}


@pytest.mark.parametrize("values", [PODINFO, EVERYTHING, OLD_WAY])
def test_its_pods_may_run_where_the_rules_are_strictest(
    helm: Path, admin: Admin, namespace: str, values: Values
) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/: the API server refuses others."""
    strict = f"{namespace}-strict"
    admin.namespace(strict, **{"pod-security.kubernetes.io/enforce": "restricted"})
    spec = pod_of(rendered(helm, strict, values))
    admin.create({**reference("v1", "Pod", "envoy", strict), "spec": spec})


# --------------------------------------------------------------------------------------------------------------- rights


def test_crossover_may_follow_what_it_is_told_to_and_nothing_else(user: Admin, namespace: str) -> None:
    wanted: Rights = {
        ("", "configmaps", (FILES,)): FOLLOW,
        ("split.smi-spec.io", "trafficsplits", ("api", "old-apex")): FOLLOW,
    }
    assert rights_of(user, namespace) == wanted
    assert rights_of(user, "default") == {}


def route_groups(*names: str) -> Values:
    return {"smi": {"routeGroups": {"enabled": True, "names": names}}}


@pytest.mark.parametrize(
    ("user", "names"), [(route_groups(), ()), (route_groups("a", "b"), ("a", "b"))], indirect=["user"]
)
def test_route_groups_are_read_where_that_is_on(user: Admin, namespace: str, names: tuple[str, ...]) -> None:
    rights = rights_of(user, namespace)
    assert rights["specs.smi-spec.io", "httproutegroups", names] == FOLLOW


@pytest.mark.parametrize(
    "resource", ["api/v1/namespaces/{}/configmaps", "apis/split.smi-spec.io/v1alpha2/namespaces/{}/trafficsplits"]
)
def test_its_requests_are_granted(user: Admin, namespace: str, resource: str) -> None:
    """A right that is there makes the answer 200, or 404 where nobody has installed TrafficSplits; else it is 403."""
    path, name = f"/{resource.format(namespace)}", FILES if "configmaps" in resource else "old-apex"
    watch = {"watch": "true", "timeoutSeconds": "1"}

    def status(more: str = "", **query: str) -> int:
        return user._client.get(path + more, params=query).status_code

    assert status(f"/{name}") in {200, 404}
    assert status(**watch, fieldSelector=f"metadata.name={name}") in {200, 404}
    assert status("/other") == 403
    assert status(**watch, fieldSelector="metadata.name=other") == 403
    assert status(**watch) == 403
    assert status() == 403


def test_it_may_not_write_what_it_reads(user: Admin, namespace: str) -> None:
    with pytest.raises(Refused, match="Forbidden"):
        user.apply(reference("v1", "ConfigMap", FILES, namespace) | {"data": {}})


def test_the_files_are_read_as_they_were_rendered(helm: Path, user: Admin, namespace: str) -> None:
    files = user.get(reference("v1", "ConfigMap", FILES, namespace))["data"]
    objects = of_kind(rendered(helm, namespace, SEVERAL), "ConfigMap")
    (wanted,) = (each["data"] for each in objects if each["metadata"]["name"] == FILES)
    assert files == wanted
