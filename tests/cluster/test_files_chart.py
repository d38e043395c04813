"""The chart envoy-files as it renders: what its values become, and which are refused."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from legation.crossover import crossover_flags
from tests.cluster.admin import Object
from tests.cluster.chart import of_kind, the
from tests.cluster.files_chart import CHART, PODINFO, SEVERAL, Values, bootstrap_of, pod_of, rendered, routes_of

HTTP2 = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
OLD_CLUSTER = ("--kube-version", "1.28.3")


def one(**backend: Any) -> Values:
    """Return an upstream with one backend, to which these fields are added."""
    return {"upstreams": {"web": {"backends": {"web": {"port": 80, "weight": 1} | backend}}}}


def clusters(objects: list[Object]) -> dict[str, Any]:
    return {each["name"]: each for each in yaml.safe_load(bootstrap_of(objects))["static_resources"]["clusters"]}


def listeners(objects: list[Object]) -> dict[str, Any]:
    found = yaml.safe_load(bootstrap_of(objects))["static_resources"]["listeners"]
    return {each["name"]: each["address"]["socket_address"] for each in found}


def virtual_hosts(objects: list[Object]) -> dict[str, Any]:
    (resource,) = yaml.safe_load(routes_of(objects))["resources"]
    return {each["name"]: each for each in resource["virtual_hosts"]}


def weights(host: Any) -> dict[str, int]:
    (route,) = host["routes"]
    return {each["name"]: each["weight"] for each in route["route"]["weighted_clusters"]["clusters"]}


def crossover_of(objects: list[Object]) -> Object:
    (container,) = (each for each in pod_of(objects)["initContainers"] if each["name"].startswith("xds-"))
    return dict(container)


def envoy_of(objects: list[Object]) -> Object:
    return dict(pod_of(objects)["containers"][0])


@pytest.mark.parametrize("values", [{}, PODINFO, SEVERAL])
def test_it_passes_lint(helm: Path, values: Values, tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    subprocess.run([helm, "lint", "--strict", CHART, "--values", file], check=True, capture_output=True)


# --------------------------------------------------------------------------------------------------- Envoy's own files


def test_a_backend_is_a_cluster_by_its_dns_name(helm: Path) -> None:
    found = clusters(rendered(helm, "shop", PODINFO))
    assert set(found) == {"eerie-octopus-podinfo", "bold-olm_podinfo", "envoy_admin"}
    (endpoint,) = found["bold-olm_podinfo"]["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert endpoint["endpoint"]["address"]["socket_address"] == {"address": "bold-olm.podinfo", "port_value": 9898}
    assert found["bold-olm_podinfo"]["type"] == "STRICT_DNS"


def test_http2_is_for_the_backends_that_ask_for_it(helm: Path) -> None:
    found = clusters(rendered(helm, "shop", PODINFO))
    options = found["eerie-octopus-podinfo"]["typed_extension_protocol_options"][HTTP2]
    assert options["explicit_http_config"] == {"http2_protocol_options": {}}
    assert "typed_extension_protocol_options" not in found["bold-olm_podinfo"]

    options = {"max_concurrent_streams": 100}
    found = clusters(rendered(helm, "shop", one(http2={"enabled": True, "protocol_options": options})))
    http = found["web"]["typed_extension_protocol_options"][HTTP2]["explicit_http_config"]
    assert http == {"http2_protocol_options": options}
    off = clusters(rendered(helm, "shop", one(http2={"enabled": False, "protocol_options": options})))
    assert "typed_extension_protocol_options" not in off["web"]


def test_one_upstream_takes_every_host(helm: Path) -> None:
    found = virtual_hosts(rendered(helm, "shop", PODINFO))
    assert found["podinfo"]["domains"] == ["*"]
    assert weights(found["podinfo"]) == {"eerie-octopus-podinfo": 100, "bold-olm_podinfo": 0}
    entries = found["podinfo"]["routes"][0]["route"]["weighted_clusters"]["clusters"]
    (headers,) = (each["request_headers_to_add"] for each in entries if "request_headers_to_add" in each)
    assert headers == [{"header": {"key": "x-cluster-id", "value": "123"}}]


def test_several_upstreams_have_hosts_of_their_own(helm: Path) -> None:
    objects = rendered(helm, "shop", SEVERAL)
    found = virtual_hosts(objects)
    assert {name: host["domains"] for name, host in found.items()} == {
        "web": ["*"],
        "api": ["api", "api.*"],
        "old": ["old.example"],
    }
    assert weights(found["web"]) == {"web": 3, "web-canary": 1}
    assert sorted(clusters(objects)) == ["api", "envoy_admin", "shared", "web", "web-canary"]


@pytest.mark.parametrize("weight", [1, 100, 1_000_000, 4_294_967_295])
def test_weights_are_relative_whole_numbers(helm: Path, weight: int) -> None:
    assert weights(virtual_hosts(rendered(helm, "shop", one(weight=weight)))["web"]) == {"web": weight}


@pytest.mark.parametrize("field", ["typed_per_filter_config", "per_filter_config"])
def test_filters_are_configured_by_backend(helm: Path, field: str) -> None:
    config = {"envoy.filters.http.lua": {"@type": "type.googleapis.com/x.LuaPerRoute", "disabled": True}}
    (route,) = virtual_hosts(rendered(helm, "shop", one(**{field: config})))["web"]["routes"]
    assert route["route"]["weighted_clusters"]["clusters"][0]["typed_per_filter_config"] == config


def test_texts_of_the_user_take_the_place_of_the_charts(helm: Path) -> None:
    xds = {"{{ .Release.Name }}.yaml": "name: {{ .Values.route.name }}"}
    templates = {"envoy.yaml": '# {{ template "envoy.fullname" . }}\n{{ include "envoy.bootstrap" . }}'}
    values = one() | {"xds": xds, "templates": templates, "files": {"a.txt": "{{ as it is }}"}}
    maps = of_kind(rendered(helm, "shop", values), "ConfigMap")
    data = {each["metadata"]["name"]: each["data"] for each in maps}
    assert data["edge-envoy-xds"]["edge.yaml"] == "name: podinfo"
    assert data["edge-envoy"]["a.txt"] == "{{ as it is }}"
    assert data["edge-envoy"]["envoy.yaml"].startswith("# edge-envoy\nadmin:")


# ----------------------------------------------------------------------------------------------------- the admin page


def test_from_outside_only_readiness_and_statistics_are_seen(helm: Path) -> None:
    objects = rendered(helm, "shop", PODINFO)
    admin = yaml.safe_load(bootstrap_of(objects))["admin"]["address"]["socket_address"]
    assert admin == {"address": "127.0.0.1", "port_value": 9900}
    assert listeners(objects)["admin"] == {"address": "0.0.0.0", "port_value": 9901}
    assert envoy_of(objects)["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "admin"}


def test_the_whole_page_is_there_for_who_asks_for_it(helm: Path) -> None:
    objects = rendered(helm, "shop", PODINFO, {"admin": {"public": True}})
    admin = yaml.safe_load(bootstrap_of(objects))["admin"]["address"]["socket_address"]
    assert admin == {"address": "0.0.0.0", "port_value": 9901}
    assert set(listeners(objects)) == {"listener_0"}
    assert "envoy_admin" not in clusters(objects)


def test_both_families_of_addresses(helm: Path) -> None:
    found = listeners(rendered(helm, "shop", PODINFO, {"bindAddress": "::"}))
    assert found["listener_0"] == {"address": "::", "port_value": 10000, "ipv4_compat": True}


# ------------------------------------------------------------------------------------------------------- the containers


def test_crossover_is_a_native_sidecar(helm: Path) -> None:
    pod = pod_of(rendered(helm, "shop", PODINFO))
    (sidecar,) = pod["initContainers"]
    assert sidecar["restartPolicy"] == "Always"
    assert sidecar["startupProbe"]["httpGet"] == {"path": "/readyz", "port": "xds-health"}
    assert [each["name"] for each in pod["containers"]] == ["envoy"]


@pytest.mark.parametrize(("values", "flags"), [({}, OLD_CLUSTER), ({"xdsLoader": {"nativeSidecar": False}}, ())])
def test_where_there_are_none_it_is_two_containers(helm: Path, values: Values, flags: tuple[str, ...]) -> None:
    pod = pod_of(rendered(helm, "shop", PODINFO, values, flags=flags))
    (first,) = pod["initContainers"]
    assert "--onetime" in first["args"]
    assert not {"restartPolicy", "startupProbe", "livenessProbe"} & set(first)
    assert [each["name"] for each in pod["containers"]] == ["envoy", "xds-update"]
    assert "restartPolicy" not in pod["containers"][1]
    assert "--watch" in pod["containers"][1]["args"]


@pytest.mark.parametrize("flags", [(), OLD_CLUSTER])
@pytest.mark.parametrize(
    ("values", "splits"),
    [
        (PODINFO, ("podinfo",)),
        (SEVERAL, ("api", "old-apex")),
        (one(), ()),
        (one() | {"xdsLoader": {"insecure": True, "extraArgs": ["--log-format=json"]}}, ()),
    ],
)
def test_its_arguments_are_crossovers(
    helm: Path, values: Values, splits: tuple[str, ...], flags: tuple[str, ...]
) -> None:
    pod = pod_of(rendered(helm, "shop", values, flags=flags))
    containers = [each for each in pod["initContainers"] + pod["containers"] if each.get("command") == ["crossover"]]
    assert containers
    for each in containers:
        parsed = crossover_flags.flag_set({"POD_NAMESPACE": "shop"}).parse(each["args"])
        found = crossover_flags.options(parsed, mounted_namespace="")
        assert (found.namespace, found.config_maps) == ("shop", ("edge-envoy-xds",))
        assert found.splits == ({"edge-envoy-xds": splits} if splits else {})
        assert found.server == "https://kubernetes.default.svc"
        assert found.insecure == values.get("xdsLoader", {}).get("insecure", False)
        assert found.once != found.watch
        ports = [port["containerPort"] for port in each.get("ports", ())]
        assert found.health_port == (0 if found.once else ports[0])
        assert {mount["mountPath"] for mount in each["volumeMounts"]} > {found.output}


@pytest.mark.parametrize("flags", [(), OLD_CLUSTER])
def test_only_crossover_has_a_token(helm: Path, flags: tuple[str, ...]) -> None:
    pod = pod_of(rendered(helm, "shop", PODINFO, flags=flags))
    assert not pod["automountServiceAccountToken"]
    for each in pod["initContainers"] + pod["containers"]:
        mounts = {mount["name"] for mount in each["volumeMounts"]}
        assert ("token" in mounts) == (each["name"] != "envoy")


def test_containers_of_the_user_take_their_place(helm: Path) -> None:
    """The texts are written as for the chart of crossover, with its helpers."""
    container = (
        "- name: {}\n"
        "  image: {{{{ .Values.xdsLoader.image.repository }}}}\n"
        '  args: [--configmap={{{{ template "envoy.fullname" . }}}}-xds]'
    )
    texts = {"initContainersTemplate": container.format("mine"), "sidecarContainersTemplate": container.format("ours")}
    values = PODINFO | texts | {"xdsLoader": {"image": {"repository": "mumoshu/crossover"}}}
    pod = pod_of(rendered(helm, "shop", values))
    assert [each["name"] for each in pod["initContainers"]] == ["mine"]
    assert [each["name"] for each in pod["containers"]] == ["envoy", "ours"]
    assert pod["containers"][1]["args"] == ["--configmap=edge-envoy-xds"]
    assert pod["automountServiceAccountToken"]


def test_variables_may_come_from_elsewhere(helm: Path) -> None:
    secret = {"secretKeyRef": {"name": "a", "key": "b"}}
    env = {"TEXT": "a: b", "log.level": 1_000_000, "FLAG": True, "SECRET": {"valueFrom": secret}, "POD_NAMESPACE": None}
    found = {each.pop("name"): each for each in envoy_of(rendered(helm, "shop", PODINFO, {"env": env}))["env"]}
    assert found == {
        "TEXT": {"value": "a: b"},
        "LOG_LEVEL": {"value": "1000000"},
        "FLAG": {"value": "true"},
        "SECRET": {"valueFrom": secret},
        "POD_NAME": {"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    }


@pytest.mark.parametrize("probe", ["readinessProbe", "livenessProbe"])
@pytest.mark.parametrize("way", ["httpGet", "tcpSocket", "exec"])
def test_a_probe_asks_in_one_way(helm: Path, probe: str, way: str) -> None:
    values = {probe: {way: {"port": "n0"} if way != "exec" else {"command": ["true"]}}}
    found = envoy_of(rendered(helm, "shop", PODINFO, values))[probe]
    assert [each for each in found if each in {"httpGet", "tcpSocket", "exec"}] == [way]


def test_values_that_were_texts_may_be_texts(helm: Path) -> None:
    values = {"strategy": "type: Recreate\n", "podDisruptionBudget": "minAvailable: 1\n"}
    objects = rendered(helm, "shop", PODINFO, values)
    assert the(objects, "Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    budget = the(objects, "PodDisruptionBudget")["spec"]
    assert (budget["minAvailable"], "maxUnavailable" in budget) == (1, False)


def test_a_budget_says_one_thing(helm: Path) -> None:
    budget = the(
        rendered(helm, "shop", PODINFO, {"podDisruptionBudget": {"minAvailable": "50%"}}), "PodDisruptionBudget"
    )
    assert (budget["spec"]["minAvailable"], "maxUnavailable" in budget["spec"]) == ("50%", False)
    assert not of_kind(rendered(helm, "a", PODINFO, {"podDisruptionBudget": {"enabled": False}}), "PodDisruptionBudget")


@pytest.mark.parametrize(
    ("account", "name"),
    [
        ({}, "edge-envoy"),
        ({"name": "mine"}, "mine"),
        ({"create": False}, "default"),
        ({"create": False, "name": "theirs"}, "theirs"),
    ],
)
def test_the_account_that_is_used_exists(helm: Path, account: Values, name: str) -> None:
    objects = rendered(helm, "shop", PODINFO, {"serviceAccount": account})
    assert pod_of(objects)["serviceAccountName"] == name
    assert [each["metadata"]["name"] for each in of_kind(objects, "ServiceAccount")] == [name] * account.get(
        "create", 1
    )
    (subject,) = the(objects, "RoleBinding")["subjects"]
    assert subject["name"] == name


def test_routes_that_change_replace_no_pods(helm: Path) -> None:
    def checksum(*values: Values) -> str:
        template = the(rendered(helm, "shop", *values), "Deployment")["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/config"])

    assert checksum(one(weight=1)) == checksum(one(weight=5))
    assert checksum(one()) != checksum(one(port=81))


def test_prometheus_is_told_where_the_statistics_are(helm: Path) -> None:
    objects = rendered(helm, "shop", PODINFO, {"serviceMonitor": {"enabled": True, "additionalLabels": {"a": "b"}}})
    monitor = the(objects, "ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    services = [
        each
        for each in of_kind(objects, "Service")
        if monitor["spec"]["selector"]["matchLabels"].items() <= each["metadata"]["labels"].items()
    ]
    (service,) = services
    assert endpoint["path"] == "/stats/prometheus"
    assert endpoint["port"] in {each["name"] for each in service["spec"]["ports"]}
    assert monitor["metadata"]["labels"]["a"] == "b"
