"""A Pod with its sidecar."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from legation.api.injection.annotations import read_wishes
from legation.api.injection.forms import NAMES
from legation.api.injection.injecting import inject
from legation.api.injection.starting import started
from legation.model.problems import Level
from tests.unit.api.injection.pods import DEFAULTS, bootstrap, injected, pod, sidecar

OWN = {"name": "envoy", "image": "mine"}
DNS = ("spec", "dnsPolicy")


def node_affinity(*systems: list[str]) -> dict[str, Any]:
    """Return that a Pod goes to nodes of any of these systems."""
    terms = [{"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In", "values": each}]} for each in systems]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def test_the_sidecar_comes_before_all_others_and_what_was_given_is_not_changed() -> None:
    asking = pod(initContainers=[{"name": "first"}])
    before = copy.deepcopy(asking)
    made = injected(asking)
    assert [each["name"] for each in made.pod["spec"]["initContainers"]] == ["envoy", "first"]
    assert made.problems == ()
    assert asking == before
    assert made.pod["metadata"]["annotations"]["legation.dev/injected"]


@pytest.mark.parametrize("annotations", [{}, {"http-proxy": "15001"}, {"bootstrap": "{stats_flush_interval: 7s}"}])
def test_what_has_one_is_given_nothing_more(annotations: dict[str, str]) -> None:
    once = injected(pod(annotations=annotations)).pod
    assert injected(once).pod is once
    assert injected(once, renew=True).pod == once


def test_one_that_is_there_is_left_as_it_is_or_renewed() -> None:
    once = injected(pod()).pod
    others = {**DEFAULTS, "log-level": "debug"}
    assert inject(once, defaults=others).pod is once
    renewed = inject(once, defaults=others, renew=True).pod
    assert renewed == inject(pod(), defaults=others).pod
    assert renewed["metadata"] != once["metadata"]


def test_containers_that_came_later_are_given_what_the_others_have() -> None:
    once = injected(pod(annotations={"http-proxy": "15001"})).pod
    later = {**once, "spec": {**once["spec"], "containers": [*once["spec"]["containers"], {"name": "late"}]}}
    assert injected(later).pod["spec"]["containers"][1]["env"] == once["spec"]["containers"][0]["env"]


@pytest.mark.parametrize(
    ("asking", "words"),
    [
        (pod(hostNetwork=True), "it is in the network of its node"),
        (pod(os={"name": "windows"}), "it runs on Windows"),
        (pod(nodeSelector={"kubernetes.io/os": "windows"}), "it runs on Windows"),
        (pod(nodeSelector={"beta.kubernetes.io/os": "windows"}), "it runs on Windows"),
        (pod(affinity=node_affinity(["windows"], ["windows"])), "it runs on Windows"),
        (pod(securityContext={"windowsOptions": {"hostProcess": True}}, hostNetwork=True), "it runs on Windows"),
        (pod(initContainers=[OWN]), "it has a container envoy of its own"),
        (pod(initContainers=[{**OWN, "restartPolicy": "Always"}]), "it has a container envoy of its own"),
        ({**pod(), "spec": {"containers": [OWN]}}, "it has a container envoy of its own"),
    ],
)
def test_what_goes_without_is_told_so(asking: dict[str, Any], words: str) -> None:
    made = injected(asking)
    assert made.pod is asking
    (problem,) = made.problems
    assert problem.level is Level.WARNING
    assert problem.message.startswith(f"no sidecar is added: {words}")


@pytest.mark.parametrize(
    "metadata",
    [
        {"labels": {"legation.dev/inject": "disabled"}},
        {"annotations": {"legation.dev/inject": "disabled"}},
        {"annotations": {"kubernetes.io/config.mirror": "a"}},
    ],
)
def test_what_asks_for_none_goes_without_a_word(metadata: dict[str, Any]) -> None:
    asking = {**pod(hostNetwork=True), "metadata": metadata}
    made = injected(asking)
    assert (made.pod, made.problems) == (asking, ())


@pytest.mark.parametrize("where", ["labels", "annotations"])
def test_what_asks_for_neither_is_told_at_once(where: str) -> None:
    asking = {**pod(), "metadata": {where: {"legation.dev/inject": "true"}}}
    made = injected(asking)
    assert made.pod is asking
    (problem,) = made.problems
    assert (problem.level, problem.path) == (Level.ERROR, ("metadata", where, "legation.dev/inject"))


def test_in_the_network_of_the_node_it_is_added_when_asked_for() -> None:
    asked = pod(annotations={"host-network": "enabled", "wait": "5s"}, hostNetwork=True, dnsPolicy="ClusterFirst")
    made = injected(asked)
    assert made.pod["spec"]["initContainers"]
    (doubt,) = made.problems
    assert (doubt.level, doubt.path, doubt.mend) == (Level.WARNING, DNS, "set ClusterFirstWithHostNet")
    resolves = pod(annotations={"host-network": "enabled"}, hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet")
    assert injected(resolves).problems == ()


def test_a_pod_that_may_run_elsewhere_too_is_none_of_windows() -> None:
    assert injected(pod(affinity=node_affinity(["windows"], ["linux"]))).problems == ()
    assert injected(pod(affinity=node_affinity(["windows", "linux"]))).problems == ()


@pytest.mark.parametrize(
    ("told", "level"),
    [
        ({}, Level.ERROR),
        ({"xds": "legation"}, Level.ERROR),
        ({"xds": "legation.home.svc.cluster.local:1"}, Level.ERROR),
        ({"wait": "none"}, Level.WARNING),
        ({"xds": "legation.example.com:1"}, Level.WARNING),
        ({"xds": "10.0.0.1:1"}, None),
        ({"xds": "[fd00::1]:1"}, None),
    ],
)
def test_who_would_wait_forever_for_a_name_that_nobody_knows_is_told_at_once(
    told: dict[str, str], level: Level | None
) -> None:
    told = {name: value if ":" in value or name != "xds" else f"{value}:1" for name, value in told.items()}
    asking = pod(annotations=told, dnsPolicy="Default")
    made = injected(asking)
    assert [(each.level, each.path) for each in made.problems] == ([(level, DNS)] if level else [])
    assert (made.pod is asking) is (level is Level.ERROR)


@pytest.mark.parametrize(("number", "name"), [(9901, "admin-port"), (9902, "ready-port")])
def test_a_port_that_the_sidecar_needs_belongs_to_nobody_else(number: int, name: str) -> None:
    container = {"name": "web", "image": "web", "ports": [{"containerPort": 80}, {"containerPort": number}]}
    asking = pod(containers=[container])
    (problem,) = injected(asking).problems
    assert problem.level is Level.ERROR
    assert problem.path == ("spec", "containers", 0, "ports", 1, "containerPort")
    assert problem.mend == f"legation.dev/{name} chooses another one for it"
    assert injected(pod(containers=[container], annotations={name: "9000"})).problems == ()
    datagrams = {**container, "ports": [{"containerPort": number, "protocol": "UDP"}]}
    assert injected(pod(containers=[datagrams])).problems == ()


def test_nor_does_a_listener_of_its_bootstrap_take_it() -> None:
    more = {
        "name": "mine",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": 9902}},
        "filter_chains": [{}],
    }
    asking = pod(annotations={"bootstrap": json.dumps({"static_resources": {"listeners": [more]}})})
    (problem,) = injected(asking).problems
    assert (problem.level, problem.mend) == (Level.ERROR, "legation.dev/ready-port chooses another one for it")
    assert problem.path[3:] == ("static_resources", "listeners", 0, "address")


def sleep(found: Any) -> Any:
    """Return what its sidecar does before it ends."""
    return found["spec"]["initContainers"][0].get("lifecycle")


def test_it_sleeps_no_longer_than_its_pod_has_to_end() -> None:
    """The API server refuses one that would."""
    asked = pod(annotations={"drain": "11s"}, terminationGracePeriodSeconds=10)
    (problem,) = injected(asked).problems
    assert (problem.level, problem.path[-1]) == (Level.ERROR, "legation.dev/drain")
    assert injected(pod(annotations={"drain": "11s"}, terminationGracePeriodSeconds=11)).problems == ()
    for grace, wanted in ((10, {"preStop": {"sleep": {"seconds": 10}}}), (0, None)):
        made = inject(pod(terminationGracePeriodSeconds=grace), defaults={**DEFAULTS, "drain": "40s"})
        assert sleep(made.pod) == wanted
        assert [each.level for each in made.problems] == [Level.WARNING]
    assert [each.level for each in injected(pod(annotations={"drain": "31s"})).problems] == [Level.ERROR]


@pytest.mark.parametrize(
    ("shared", "told", "wanted"),
    [
        ({}, {}, {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}),
        ({"limits": {"memory": "128Mi", "cpu": "1"}}, {}, {}),
        ({"requests": {"cpu": "10m"}}, {}, {"requests": {"memory": "128Mi"}, "limits": {"memory": "256Mi"}}),
        (
            {"limits": {"memory": "128Mi", "cpu": "1"}},
            {"memory-limit": "100Mi", "cpu-request": "5m"},
            {"requests": {"cpu": "5m"}, "limits": {"memory": "100Mi"}},
        ),
    ],
)
def test_where_all_containers_share_what_the_pod_has_it_has_only_what_is_asked_for(
    shared: dict[str, Any], told: dict[str, str], wanted: dict[str, Any]
) -> None:
    assert sidecar(pod(annotations=told, resources=shared))["resources"] == wanted


def test_requests_go_to_a_listener_only_where_they_go_nowhere_else() -> None:
    containers = [
        {"name": "plain"},
        {"name": "own", "env": [{"name": "http_proxy", "value": "a"}]},
        {"name": "some", "env": [{"name": "NO_PROXY", "value": "a"}]},
    ]
    asking = pod(annotations={"http-proxy": "15001", "no-proxy": "localhost,.svc"}, initContainers=[{"name": "before"}])
    made = injected({**asking, "spec": {**asking["spec"], "containers": containers}}).pod["spec"]
    proxy = {"HTTP_PROXY": "http://127.0.0.1:15001", "http_proxy": "http://127.0.0.1:15001"}
    every = proxy | {"NO_PROXY": "localhost,.svc", "no_proxy": "localhost,.svc"}
    found = {
        each["name"]: {one["name"]: one.get("value") for one in each.get("env", ())}
        for each in (*made["initContainers"][1:], *made["containers"])
    }
    assert found == {"before": every, "plain": every, "own": {"http_proxy": "a"}, "some": proxy | {"NO_PROXY": "a"}}


def test_who_a_machine_is_nobody_asks_through_its_envoy() -> None:
    containers = injected(pod(annotations={"http-proxy": "15001"})).pod["spec"]["containers"]
    told = {each["name"]: each["value"] for each in containers[0]["env"]}
    away = {"169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "metadata.google.internal"}
    assert {"localhost", "127.0.0.1", "::1", *away} == set(told["NO_PROXY"].split(","))


# The bootstrap


def test_who_it_is_stands_on_the_command_line_for_its_name_is_not_known_yet() -> None:
    args = sidecar(pod())["args"]
    assert args[args.index("--service-node") + 1] == "$(POD_NAME).$(POD_NAMESPACE)"
    assert args[args.index("--service-cluster") + 1] == "web.$(POD_NAMESPACE)"
    assert "node" not in bootstrap(sidecar(pod()))


def test_more_of_a_bootstrap_is_merged_as_envoy_does_it() -> None:
    more = {
        "stats_flush_interval": "7s",
        "admin": {"ignore_global_conn_limit": False, "profile_path": "/tmp/a"},
        "static_resources": {"clusters": [{"name": "more", "type": "STATIC", "connect_timeout": "1s"}]},
    }
    plain = bootstrap(sidecar(pod()))
    both = bootstrap(sidecar(pod(annotations={"bootstrap": json.dumps(more)})))
    assert both["stats_flush_interval"] == "7s"
    assert both["admin"]["address"] == plain["admin"]["address"]
    assert both["admin"]["profile_path"] == "/tmp/a"
    assert [each["name"] for each in both["static_resources"]["clusters"]] == ["xds_cluster", "more"]
    assert both["dynamic_resources"].keys() == plain["dynamic_resources"].keys()


def test_no_word_of_it_is_a_variable_of_the_kubelet_but_the_pods_own_address() -> None:
    more = "stats_config: {stats_tags: [{tag_name: 'a$(POD_NAME)$$b', fixed_value: $(POD_IP)}]}"
    text = sidecar(pod(annotations={"bootstrap": more}))["args"][1]
    assert "a$$(POD_NAME)$$$$b" in text
    assert text.replace("$$", "").count("$(") == 1
    assert '"address":"$(POD_IP)","port_value":9902' in text


@pytest.mark.parametrize(
    ("more", "path", "words"),
    [
        ("static_resources: {clusters: [{nam: a}]}", ("static_resources", "clusters", 0, "nam"), "unknown field"),
        ("[1]", (), "it has to be a map of fields of Envoy's bootstrap"),
        ("a: [", (), "this is not YAML"),
        (
            "static_resources: {clusters: [{name: xds_cluster, type: STATIC, connect_timeout: 1s}]}",
            ("static_resources", "clusters", 0),
            "stands here twice",
        ),
        ("cluster_manager: {local_cluster_name: a}", ("cluster_manager", "local_cluster_name"), "Envoy does not start"),
        (f"flags_path: {'a' * 130_000}", (), "the bootstrap is longer than 120000 bytes"),
        (f"flags_path: {'a' * 119_000}", (), "the bootstrap is longer than 120000 bytes"),
        (f"# {'a' * 120_000}", (), "the bootstrap is longer than 120000 bytes"),
        (f"a: [&a {'a' * 9_000}, {'*a, ' * 20}]", (), "the bootstrap says too much"),
        (f"static_resources: {{clusters: [{'{},' * 6_000}]}}", (), "the bootstrap says too much"),
        (
            "stats_sinks: [{name: a, typed_config: {'@type': type.googleapis.com/nope.X}}]",
            ("stats_sinks", 0, "typed_config"),
            "Envoy does not start",
        ),
    ],
)
def test_a_bootstrap_that_envoy_would_not_take_is_an_error(more: str, path: tuple[Any, ...], words: str) -> None:
    asking = pod(annotations={"bootstrap": more})
    made = injected(asking)
    assert made.pod is asking
    (problem,) = made.problems
    assert problem.level is Level.ERROR
    assert problem.path == ("metadata", "annotations", "legation.dev/bootstrap", *path)
    assert words in problem.message


def test_with_an_image_of_ones_own_there_may_be_more_types() -> None:
    more = "stats_sinks: [{name: a, typed_config: {'@type': type.googleapis.com/nope.X}}]"
    made = injected(pod(annotations={"bootstrap": more, "image": "envoy:mine"}))
    assert made.pod["spec"]["initContainers"]
    assert {each.level for each in made.problems} == {Level.WARNING}


def test_a_resource_monitor_takes_the_place_of_ours() -> None:
    """Envoy does not start with two of one name."""
    name = "envoy.resource_monitors.global_downstream_max_connections"
    kind = "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
    limit = {"@type": f"type.googleapis.com/{kind}", "max_active_downstream_connections": 10}
    more = {"overload_manager": {"resource_monitors": [{"name": name, "typed_config": limit}]}}
    both = bootstrap(sidecar(pod(annotations={"bootstrap": json.dumps(more)})))
    assert both["overload_manager"] == more["overload_manager"]


def test_of_many_faults_no_more_are_told_than_anybody_reads() -> None:
    more = {f"unknown{number}": 1 for number in range(5_000)}
    made = injected(pod(annotations={"bootstrap": json.dumps(more)}))
    assert len(made.problems) == 100


def test_what_many_pods_ask_for_is_looked_at_once() -> None:
    """All of a Deployment have the same."""
    found = read_wishes({"legation.dev/bootstrap": "flags_path: of_many"}, defaults=DEFAULTS).wishes
    again = read_wishes({"legation.dev/bootstrap": "flags_path: of_many"}, defaults=DEFAULTS).wishes
    other = read_wishes({"legation.dev/bootstrap": "flags_path: other"}, defaults=DEFAULTS).wishes
    assert found is not None
    assert again is not None
    assert other is not None
    assert started(found) is started(again)
    assert started(found) != started(other)
    assert started(found) != started(replace(found, ready_port=1))


def test_a_node_id_in_it_is_told_to_be_of_no_use() -> None:
    (problem,) = injected(pod(annotations={"bootstrap": "node: {id: a}"})).problems
    assert (problem.level, "not used" in problem.message) == (Level.WARNING, True)
    assert injected(pod(annotations={"bootstrap": "node: {metadata: {a: b}}"})).problems == ()


# Whatever Pods say

TEXTS = st.text(max_size=12) | st.sampled_from(
    [
        "8080",
        "info",
        "none",
        "forever",
        "5s",
        "1Gi",
        "100m",
        "enabled",
        "a.b:1",
        "{}",
        "node: {id: a}",
        "a: [1]",
        "[",
        "$(A)",
    ]
)
ANNOTATIONS = st.dictionaries(st.sampled_from([*NAMES, "inject", "injected", "other"]), TEXTS, max_size=4)
NAMED = st.fixed_dictionaries(
    {"name": st.sampled_from(["envoy", "a", "b"])}, optional={"env": st.just([{"name": "X"}])}
)
SPECS = st.fixed_dictionaries(
    {"containers": st.lists(NAMED, min_size=1, max_size=3)},
    optional={
        "initContainers": st.lists(NAMED, max_size=3),
        "hostNetwork": st.booleans(),
        "dnsPolicy": st.sampled_from(["Default", "None", "ClusterFirst"]),
        "nodeSelector": st.sampled_from([{}, {"kubernetes.io/os": "linux"}]),
    },
)


@given(annotations=ANNOTATIONS, spec=SPECS)
def test_twice_is_once_and_nothing_that_is_there_is_lost(annotations: dict[str, str], spec: dict[str, Any]) -> None:
    before = pod(annotations=annotations) | {"spec": spec}
    once = injected(before)
    assert injected(once.pod).pod is once.pod
    assert injected(once.pod, renew=True).pod == once.pod
    if any(each.level is Level.ERROR for each in once.problems):
        assert once.pod is before
    if once.pod is not before:
        after = once.pod["spec"]
        assert [each["name"] for each in after["initContainers"]][:1] == ["envoy"]
        assert [each["name"] for each in after["initContainers"]][1:] == [
            each["name"] for each in spec.get("initContainers", ())
        ]
        assert [each["name"] for each in after["containers"]] == [each["name"] for each in spec["containers"]]
