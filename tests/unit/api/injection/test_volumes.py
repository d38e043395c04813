"""What a sidecar reads of its Pod's disk."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy.trust import TRUST_FOLDER
from legation.model.problems import Level
from tests.unit.api.injection.pods import bootstrap, injected, pod, sidecar

OWN = {"name": "data", "emptyDir": {}}


def trust(asking: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sources of the volume that a Pod is given; none where there is no such volume."""
    found = {each["name"]: each for each in injected(asking).pod["spec"].get("volumes", ())}
    return list(found["legation-trust"]["projected"]["sources"]) if "legation-trust" in found else []


def xds_cluster(asking: dict[str, Any]) -> dict[str, Any]:
    """Return how a sidecar reaches the control plane."""
    (found,) = bootstrap(sidecar(asking))["static_resources"]["clusters"]
    return dict(found)


def test_by_default_it_sees_whom_it_talks_to_and_proves_which_pod_it_is() -> None:
    authority, token = trust(pod())
    assert authority["configMap"]["name"] == "legation-ca"
    assert {each["key"] for each in authority["configMap"]["items"]} == {"ca.crt", "ca-sds.json", "token-sds.json"}
    assert "optional" not in authority["configMap"]
    assert token["serviceAccountToken"]["audience"] == "legation"
    (mount,) = sidecar(pod())["volumeMounts"]
    assert mount == {"name": "legation-trust", "mountPath": TRUST_FOLDER, "readOnly": True}
    found = xds_cluster(pod())
    context = found["transport_socket"]["typed_config"]["common_tls_context"]["combined_validation_context"]
    (wanted,) = context["default_validation_context"]["match_typed_subject_alt_names"]
    assert wanted == {"san_type": "DNS", "matcher": {"exact": "legation.home.svc"}}
    assert "credential_injector" in str(found["typed_extension_protocol_options"])


def test_all_of_it_can_be_chosen() -> None:
    chosen = {"server-name": "cp.example", "ca-config-map": "trusted", "token-audience": "edge"}
    authority, token = trust(pod(annotations=chosen))
    assert (authority["configMap"]["name"], token["serviceAccountToken"]["audience"]) == ("trusted", "edge")
    assert xds_cluster(pod(annotations=chosen))["transport_socket"]["typed_config"]["sni"] == "cp.example"


def test_without_a_token_it_is_given_none() -> None:
    asking = pod(annotations={"auth": "none"})
    (authority,) = trust(asking)
    assert {each["key"] for each in authority["configMap"]["items"]} == {"ca.crt", "ca-sds.json"}
    assert "credential_injector" not in str(xds_cluster(asking))
    assert "transport_socket" in xds_cluster(asking)


def test_without_tls_it_shows_no_token_and_needs_no_volume() -> None:
    asking = pod(annotations={"tls": "disabled"})
    made = injected(asking)
    assert "volumes" not in made.pod["spec"]
    assert "volumeMounts" not in sidecar(asking)
    assert not {"transport_socket", "http_filters"} & xds_cluster(asking).keys()
    (problem,) = injected(pod(annotations={"tls": "disabled", "auth": "token"})).problems
    assert (problem.level, problem.path[-1]) == (Level.ERROR, "legation.dev/auth")


def test_it_is_the_same_where_more_of_a_bootstrap_is_asked_for() -> None:
    more = {"bootstrap": "{stats_flush_interval: 7s}", "server-name": "cp.example", "auth": "none"}
    less = {name: value for name, value in more.items() if name != "bootstrap"}
    assert xds_cluster(pod(annotations=more)) == xds_cluster(pod(annotations=less))


def test_volumes_of_the_pod_stay_and_the_other_containers_get_nothing() -> None:
    made = injected(pod(volumes=[OWN], initContainers=[{"name": "first"}])).pod["spec"]
    assert [each["name"] for each in made["volumes"]] == ["data", "legation-trust"]
    others = [*made["initContainers"][1:], *made["containers"]]
    assert not any("volumeMounts" in each for each in others)


def test_renewed_it_has_what_is_asked_for_now() -> None:
    once = injected(pod(volumes=[OWN])).pod
    plain = {**once["metadata"]["annotations"], "legation.dev/tls": "disabled"}
    asking = {**once, "metadata": {**once["metadata"], "annotations": plain}}
    assert injected(asking, renew=True).pod["spec"]["volumes"] == [OWN]
    # By the webhook it is left as it was.
    assert injected(asking).pod is asking


def test_a_volume_of_that_name_which_is_another_one_is_told() -> None:
    (problem,) = injected(pod(volumes=[OWN, {"name": "legation-trust", "emptyDir": {}}])).problems
    assert problem.path == ("spec", "volumes", 1, "name")
    assert problem.level is Level.ERROR
    same = injected(pod()).pod["spec"]["volumes"]
    assert injected(pod(volumes=same)).problems == ()
    assert injected(pod(volumes=same)).pod["spec"]["volumes"] == same


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tls", "yes"),
        ("auth", "certificate"),
        ("server-name", "a b"),
        ("server-name", ""),
        ("ca-config-map", "Legation_CA"),
        ("ca-config-map", "a" * 254),
        ("token-audience", "$(HOSTNAME)"),
        ("token-audience", ""),
    ],
)
def test_what_cannot_be_read_is_a_problem(name: str, value: str) -> None:
    made = injected(pod(annotations={name: value}))
    assert [each.path[-1] for each in made.problems] == [f"legation.dev/{name}"]
    assert made.problems[0].level is Level.ERROR
