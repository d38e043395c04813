"""The container of a sidecar."""

from __future__ import annotations

from typing import Any

import pytest

from legation.runtime.checked_bootstrap import check_bootstrap
from tests.unit.api.injection.pods import bootstrap, pod, sidecar


def of(**annotations: str) -> dict[str, Any]:
    """Return the sidecar for annotations; dashes are written as underscores."""
    return sidecar(pod(annotations={name.replace("_", "-"): value for name, value in annotations.items()}))


def test_its_bootstrap_is_one_that_envoy_takes_and_that_is_served() -> None:
    found = bootstrap(of())
    (listener,) = found["static_resources"]["listeners"]
    listener["address"]["socket_address"]["address"] = "10.0.0.1"
    found["node"] = {"id": "a", "cluster": "b"}
    assert check_bootstrap(found) == ()


def test_its_admin_page_is_on_loopback_and_the_network_is_told_alone_whether_it_is_ready() -> None:
    container = of(admin_port="19000", ready_port="19001")
    found = bootstrap(container)
    assert found["admin"]["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 19000}
    (listener,) = found["static_resources"]["listeners"]
    assert listener["address"]["socket_address"] == {"address": "$(POD_IP)", "port_value": 19001}
    assert container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": 19001}
    assert container["startupProbe"]["httpGet"] == {"path": "/ready", "port": 19001}
    # The admin page is asked by the hook alone.
    assert [each["name"] for each in found["static_resources"]["clusters"]] == ["xds_cluster"]


@pytest.mark.parametrize(
    ("wait", "fetch", "starts"), [("forever", "0s", True), ("3s", "1.500s", True), ("none", "0s", False)]
)
def test_the_others_wait_as_long_as_was_asked_for(wait: str, fetch: str, starts: bool) -> None:  # noqa: FBT001 - of the table
    container = of(wait=wait)
    resources = bootstrap(container)["dynamic_resources"]
    assert [resources[each]["initial_fetch_timeout"] for each in ("cds_config", "lds_config")] == [fetch, fetch]
    assert ("startupProbe" in container) is starts
    assert "readinessProbe" in container


def test_what_is_done_before_it_ends() -> None:
    (shell, _, script) = of(admin_port="19000")["lifecycle"]["preStop"]["exec"]["command"]
    assert shell == "bash"
    assert "/dev/tcp/127.0.0.1/19000" in script
    assert "POST /drain_listeners?graceful&skip_exit " in script
    assert of(drain="1500ms")["lifecycle"] == {"preStop": {"sleep": {"seconds": 2}}}
    assert "lifecycle" not in of(drain="none")


def test_it_is_what_the_strictest_rules_of_pods_ask_for() -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/."""
    found = of()["securityContext"]
    assert found["allowPrivilegeEscalation"] is False
    assert found["capabilities"] == {"drop": ["ALL"]}
    assert found["runAsNonRoot"] is True
    assert found["seccompProfile"] == {"type": "RuntimeDefault"}
    assert (found["runAsUser"], found["runAsGroup"]) == (65_532, 65_532)
    assert of(run_as_user="none")["securityContext"].keys() == found.keys() - {"runAsUser", "runAsGroup"}


def test_resources_say_what_was_asked_for_and_no_more() -> None:
    assert of()["resources"] == {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}
    nothing = dict.fromkeys(("cpu_request", "memory_request", "cpu_limit", "memory_limit"), "none")
    assert of(**nothing)["resources"] == {}


@pytest.mark.parametrize(
    ("labels", "cluster"),
    [
        ({"app": "a", "app.kubernetes.io/name": "b"}, "b.$(POD_NAMESPACE)"),
        ({"app": "a"}, "a.$(POD_NAMESPACE)"),
        ({}, "sidecar.$(POD_NAMESPACE)"),
    ],
)
def test_its_cluster_is_the_application(labels: dict[str, str], cluster: str) -> None:
    args = sidecar({**pod(), "metadata": {"labels": labels}})["args"]
    assert args[args.index("--service-cluster") + 1] == cluster
