"""The objects of a real API server through the management API's store: the suite, and what only a real one does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from legation.errors import InvalidObjects, ObjectNotFound, StoreForbidden
from legation.kube.connection import Connection, User
from legation.model.objects import ObjectKey
from legation.sources.stored_in_cluster.store import ClusterObjects
from legation.tls.pem import Pem
from legation.translate.pipeline import API_KINDS
from tests.cluster.admin import Admin, reference
from tests.cluster.api_server import ApiServer
from tests.cluster.conftest import fresh_namespace
from tests.conformance.object_store import NONE, ObjectStoreSuite, Shelf

RBAC = "rbac.authorization.k8s.io/v1"


@pytest.fixture
def namespaces(admin: Admin, namespace: str) -> tuple[str, str]:
    return (namespace, fresh_namespace(admin))


@asynccontextmanager
async def opened(server: ApiServer, token: str, namespaces: tuple[str, ...]) -> AsyncIterator[ClusterObjects]:
    connection = Connection(server=server.url, authority=Pem(file=str(server.ca_file)), user=User(token=token))
    store = ClusterObjects(connection, kinds=API_KINDS, namespaces=namespaces)
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture
async def shelf(api_server: ApiServer, crds: None, namespaces: tuple[str, str]) -> AsyncIterator[Shelf]:
    async with opened(api_server, api_server.admin_token, namespaces) as store:
        yield Shelf(store=store, namespace=namespaces[0], other=namespaces[1])


class TestApiServer(ObjectStoreSuite):
    """All of the suite."""

    async def test_who_owns_what_is_told(self, shelf: Shelf) -> None:
        stored = await shelf.put("a", x={"y": 1})
        [owner] = stored.owners
        assert (owner.manager, owner.api_version) == ("one", "bootes.io/v1")
        assert owner.fields == {"spec": {"config": {"x": {"y": {}}}}}

    async def test_a_value_of_the_wrong_type_is_told_with_its_path(self, shelf: Shelf) -> None:
        wrong = shelf.body("a")
        wrong["spec"] = {"config": 3, "workloadSelector": {"labels": {"a": 1}}}
        with pytest.raises(InvalidObjects) as error:
            await shelf.apply(shelf.body("b"), wrong)
        assert {(each.index, each.path, each.message) for each in error.value.faults} == {
            (1, "spec.config", "expected map"),
            (1, "spec.workloadSelector.labels.a", "expected string"),
        }
        assert await shelf.names() == []

    async def test_what_the_schema_forbids_is_told_with_its_path(self, shelf: Shelf) -> None:
        upstream = shelf.body("a")
        upstream |= {"apiVersion": "legation.dev/v1alpha1", "kind": "Upstream"}
        upstream["spec"] = {"hosts": [{"address": "10.0.0.1", "port": 70000}]}
        with pytest.raises(InvalidObjects) as error:
            await shelf.apply(upstream)
        assert "spec.hosts[0].port" in {each.path for each in error.value.faults}

    async def test_a_namespace_that_is_not_there_is_told(self, shelf: Shelf, api_server: ApiServer) -> None:
        async with opened(api_server, api_server.admin_token, ()) as store:
            body: dict[str, Any] = shelf.body("a")
            body["metadata"]["namespace"] = "nowhere"
            with pytest.raises(InvalidObjects) as error:
                await store.apply([body], manager="one")
        [fault] = error.value.faults
        assert (fault.path, fault.message) == ("metadata.namespace", "the cluster has no namespace nowhere")

    async def test_a_kind_that_is_not_installed_is_told(self, shelf: Shelf) -> None:
        group = shelf.body("a") | {"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "HTTPRouteGroup"}
        with pytest.raises(InvalidObjects) as error:
            await shelf.apply(group)
        [fault] = error.value.faults
        assert fault.path == "kind"
        assert "the cluster has no httproutegroups.specs.smi-spec.io" in fault.message

    async def test_config_maps_of_others_are_neither_shown_nor_changed(self, shelf: Shelf, admin: Admin) -> None:
        foreign = reference("v1", "ConfigMap", "a", shelf.namespace) | {"data": {"x": "1"}}
        admin.create(foreign)
        key = ObjectKey("", "ConfigMap", shelf.namespace, "a")
        with pytest.raises(ObjectNotFound):
            await shelf.store.get(key)
        with pytest.raises(ObjectNotFound):
            await shelf.store.delete([(key, NONE)])
        with pytest.raises(InvalidObjects) as error:
            await shelf.apply(foreign, force=True)
        assert [each.path for each in error.value.faults] == ["metadata.labels"]
        assert await shelf.names() == []
        assert admin.get(foreign)["data"] == {"x": "1"}

    async def test_an_object_that_waits_for_finalizers_is_there_until_they_are_gone(
        self, shelf: Shelf, admin: Admin
    ) -> None:
        body = shelf.body("a")
        body["metadata"]["finalizers"] = ["example.com/one"]
        await shelf.apply(body)
        assert await shelf.store.delete([(shelf.key("a"), NONE)])
        left = await shelf.store.get(shelf.key("a"))
        assert left.body["metadata"]["deletionTimestamp"]
        body["metadata"]["finalizers"] = None
        admin.patch({each: body[each] for each in ("apiVersion", "kind", "metadata")})
        assert await shelf.names() == []


async def test_the_rule_that_is_missing_is_named(
    api_server: ApiServer, admin: Admin, crds: None, namespaces: tuple[str, str]
) -> None:
    rule = {"apiGroups": ["bootes.io"], "resources": ["clusters"], "verbs": ["get", "list", "watch"]}
    name = f"reads-{namespaces[0]}"
    admin.create(reference(RBAC, "Role", name, namespaces[0]) | {"rules": [rule]})
    subject = {"kind": "User", "name": "legation", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "Role", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    admin.create(reference(RBAC, "RoleBinding", name, namespaces[0]) | {"roleRef": role, "subjects": [subject]})
    async with opened(api_server, api_server.tokens["legation"], namespaces[:1]) as store:
        shelf = Shelf(store=store, namespace=namespaces[0], other=namespaces[1])
        assert (await shelf.list(kind="Cluster")).objects == ()
        with pytest.raises(StoreForbidden) as error:
            await shelf.put("a")
        assert 'verbs: ["patch"] on apiGroups: ["bootes.io"], resources: ["clusters"]' in str(error.value)
        assert "legation" in error.value.mend
