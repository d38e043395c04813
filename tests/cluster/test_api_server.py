"""The API server of this tier is a real one: it checks, it refuses, it keeps."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from tests.cluster.admin import PATIENCE, STEP, Admin, Object, Refused, reference
from tests.cluster.api_server import ApiServer, Binaries

pytestmark = pytest.mark.timeout(120)

PARENT = """
import os, pathlib, sys
from tests.cluster.api_server import ApiServer
server = ApiServer(pathlib.Path(sys.argv[1]))
server.start()
print(server.port, flush=True)
os._exit(0)
"""


def settings(namespace: str, **data: str) -> Object:
    return reference("v1", "ConfigMap", "settings", namespace) | {"data": data}


def test_it_keeps_what_is_applied_and_changed(admin: Admin, namespace: str) -> None:
    admin.apply(settings(namespace, colour="blue"))
    admin.patch(settings(namespace, shape="round"))

    (found,) = admin.list("v1", "ConfigMap", namespace)

    assert found["data"] == {"colour": "blue", "shape": "round"}


def test_it_forgets_what_is_deleted(admin: Admin, namespace: str) -> None:
    made = admin.create(settings(namespace))
    admin.delete(made)

    with pytest.raises(Refused, match='configmaps "settings" not found'):
        admin.get(made)


def test_it_refuses_fields_that_it_does_not_know(admin: Admin, namespace: str) -> None:
    with pytest.raises(Refused, match="colour: field not declared in schema"):
        admin.apply(settings(namespace) | {"colour": "blue"})


def test_a_pod_has_the_status_that_a_test_gives_it(admin: Admin, namespace: str) -> None:
    containers = [{"name": "web", "image": "web"}]
    pod = admin.create(reference("v1", "Pod", "web", namespace) | {"spec": {"containers": containers}})
    status = {"phase": "Running", "podIP": "10.244.0.7", "podIPs": [{"ip": "10.244.0.7"}]}

    admin.patch_status(reference("v1", "Pod", "web", namespace) | {"status": status})

    assert admin.get(pod)["status"]["podIP"] == "10.244.0.7"


def test_a_custom_resource_is_served_once_it_is_waited_for(admin: Admin, namespace: str) -> None:
    group = f"{namespace}.example"
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "things", "singular": "thing", "kind": "Thing"}
    definition = reference("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"things.{group}")
    admin.apply(definition | {"spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}})

    admin.wait_crd(f"things.{group}")

    thing = reference(f"{group}/v1", "Thing", "one", namespace)
    assert admin.apply(thing | {"spec": {"size": 1}})["spec"] == {"size": 1}
    with pytest.raises(Refused, match="must be of type integer"):
        admin.patch(thing | {"spec": {"size": "large"}})


def test_a_user_may_do_what_a_role_says_and_no_more(api_server: ApiServer, admin: Admin, namespace: str) -> None:
    role = reference("rbac.authorization.k8s.io/v1", "Role", "reader", namespace)
    admin.apply(role | {"rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]})
    binding = reference("rbac.authorization.k8s.io/v1", "RoleBinding", "reader", namespace)
    to = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    admin.apply(binding | {"roleRef": to, "subjects": [{"kind": "User", "name": "legation"}]})

    with Admin(api_server, api_server.tokens["legation"]) as user:
        assert user.list("v1", "ConfigMap", namespace) == []
        with pytest.raises(Refused, match='User "legation" cannot list resource "secrets"') as refusal:
            user.list("v1", "Secret", namespace)
    assert refusal.value.status == httpx2.codes.FORBIDDEN


def test_a_user_without_a_role_is_forbidden(api_server: ApiServer, namespace: str) -> None:
    with (
        Admin(api_server, api_server.tokens["nobody"]) as user,
        pytest.raises(Refused, match='User "nobody" cannot list resource "configmaps"'),
    ):
        user.list("v1", "ConfigMap", namespace)


def test_a_stranger_is_turned_away(api_server: ApiServer) -> None:
    with Admin(api_server, "no-such-token") as user, pytest.raises(Refused, match="Unauthorized"):
        user.list("v1", "Namespace")


def test_it_keeps_its_address_and_the_objects_through_a_crash_and_a_restart(binaries: Binaries, tmp_path: Path) -> None:
    with ApiServer(tmp_path, binaries=binaries) as server, Admin(server) as admin:
        admin.namespace("kept")
        kept = admin.create(settings("kept", colour="blue"))

        server.kill()
        with pytest.raises(httpx2.ConnectError):
            admin.get(kept)
        server.start()
        assert admin.get(kept) == kept

        server.restart()
        assert admin.get(kept) == kept


def test_it_ends_with_who_started_it(binaries: Binaries, tmp_path: Path) -> None:
    if binaries.etcd:
        pytest.skip("the programs of KUBEBUILDER_ASSETS do not look after their parent")
    started = subprocess.run([sys.executable, "-c", PARENT, tmp_path], capture_output=True, text=True, check=True)
    end = time.monotonic() + PATIENCE
    while answers(int(started.stdout)):
        assert time.monotonic() < end
        time.sleep(STEP)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True
