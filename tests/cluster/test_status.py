"""Status, Events and the Lease at a real API server, by a user who has only the rights that the chart gives."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from legation.clock import MonotonicClock
from legation.kube.client import Client
from legation.kube.connection import Connection, User
from legation.kube.lease import LEASES
from legation.model.api_kinds import ApiKind
from legation.model.delivery import NO_DELIVERY, Delivery, ObjectState
from legation.model.objects import ObjectKey
from legation.runtime.problem_log import log_fault
from legation.status.conditions import Status
from legation.status.kubernetes import KubernetesStatus, utc_now
from legation.status.obstacles import Obstacles
from legation.status.requests import Counts, Requests
from legation.status.retries import Outcome
from legation.tls.pem import Pem
from tests.cluster.admin import PATIENCE, STEP, Admin, Object, Refused, reference
from tests.cluster.api_server import ApiServer
from tests.cluster.chart import apply_all, rendered, token_of
from tests.unit.status.worlds import BROKEN, REFUSAL, FakeObjects, delivery, opinions, state

CRDS = Path(__file__).parents[2] / "src" / "legation" / "crds"
CLUSTERS = ApiKind(group="bootes.io", version="v1", kind="Cluster", plural="clusters")
OLD = ApiKind(group="old.example.com", version="v1", kind="Cluster", plural="clusters")
"""As bootes defines its kinds: without the status subresource."""


@pytest.fixture
def home(helm: Path, admin: Admin, namespace: str) -> str:
    """Where the Pods of the chart are, with all that the chart makes."""
    name = f"{namespace}-home"
    admin.namespace(name)
    apply_all(admin, rendered(helm, name))
    return name


@pytest.fixture(scope="module")
def crds(admin: Admin) -> None:
    """Our own definitions, and one without status."""
    for each in CRDS.glob("*.yaml"):
        apply_all(admin, [yaml.safe_load(each.read_text())])
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    definition = reference("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{OLD.plural}.{OLD.group}")
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    names = {"kind": OLD.kind, "listKind": "ClusterList", "plural": OLD.plural, "singular": "cluster"}
    spec = {"group": OLD.group, "scope": "Namespaced", "names": names, "versions": [version]}
    apply_all(admin, [definition | {"spec": spec}])


def connection(server: ApiServer, token: str) -> Connection:
    return Connection(server=server.url, authority=Pem(file=str(server.ca_file)), user=User(token=token))


class Replica:
    """What one replica knows, and what it tells."""

    def __init__(self, admin: Admin, where: Connection, *, home: str, name: str = "legation-0", **others: Any) -> None:
        self.admin, self.objects = admin, FakeObjects(epoch=name)
        self.kinds = (CLUSTERS, OLD)
        self.status = KubernetesStatus(
            where,
            kinds=self.kinds,
            objects=self.objects,
            observed=self.observed,
            identity=name,
            namespace=home,
            clock=MonotonicClock(),
            chance=random.random,
            fault=log_fault,
            **others,
        )

    def put(self, made: Object, it: ObjectState, counts: Delivery = NO_DELIVERY) -> None:
        """Know an object of the API server, and what became of it."""
        self.objects.put(
            ObjectState(
                key=key_of(made),
                uid=made["metadata"]["uid"],
                generation=made["metadata"]["generation"],
                served=it.served and made["metadata"]["generation"] + it.served - it.generation,
                problems=it.problems,
            ),
            counts,
        )

    def observed(self, key: ObjectKey) -> Status | None:
        kind = next(each for each in self.kinds if each.group == key.group)
        try:
            found: Status | None = status_at(
                self.admin, reference(kind.api_version, kind.kind, key.name, key.namespace)
            )
        except Refused:
            return None
        return found


def key_of(made: Object) -> ObjectKey:
    group = made["apiVersion"].partition("/")[0]
    return ObjectKey(group, made["kind"], made["metadata"]["namespace"], made["metadata"]["name"])


def status_at(admin: Admin, it: Object) -> Any:
    return admin.get(it).get("status")


def cluster(kind: ApiKind, name: str, namespace: str) -> Object:
    return reference(kind.api_version, kind.kind, name, namespace) | {"spec": {"config": {"name": name}}}


@contextlib.asynccontextmanager
async def running(*replicas: Replica) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each.status.run()) for each in replicas]
    try:
        yield
        assert not any(each.done() for each in tasks)
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.wait(tasks)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for is at the API server
            await asyncio.sleep(STEP)


def events(admin: Admin, namespace: str) -> list[str]:
    found = admin.list("events.k8s.io/v1", "Event", namespace)
    return [f"{each['type']} {each['reason']}" for each in sorted(found, key=lambda each: each["eventTime"])]


def opinion(admin: Admin, it: Object, name: str) -> str:
    status = status_at(admin, it)
    return opinions(status)[name] if status else ""


def may_only_lead(admin: Admin, namespace: str) -> str:
    """Make a namespace where nobody has a right but that to the Lease."""
    admin.namespace(namespace)
    api = "rbac.authorization.k8s.io"
    role = reference(f"{api}/v1", "Role", "lead", namespace)
    rule = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "get", "patch"]}
    binding = reference(f"{api}/v1", "RoleBinding", "lead", namespace)
    subjects = [{"kind": "User", "name": "nobody", "apiGroup": api}]
    admin.apply(role | {"rules": [rule]})
    admin.apply(binding | {"roleRef": {"kind": "Role", "name": "lead", "apiGroup": api}, "subjects": subjects})
    return namespace


def holder(admin: Admin, home: str) -> str:
    leases: Iterable[Object] = admin.list(LEASES.api_version, "Lease", home)
    return next((each["spec"].get("holderIdentity", "") for each in leases), "")


@pytest.mark.usefixtures("crds")
async def test_the_rights_of_the_chart_are_enough(
    api_server: ApiServer, admin: Admin, namespace: str, home: str
) -> None:
    replica = Replica(
        admin,
        connection(api_server, token_of(admin, home)),
        home=home,
        replica_service="legation",
        own_address="10.0.0.9",
    )
    made = admin.create(cluster(CLUSTERS, "web", namespace))
    async with running(replica):
        await until(lambda: replica.objects.watched)
        assert replica.status.leading
        replica.put(made, state(), delivery(1, 2))
        await until(lambda: opinion(admin, made, "Programmed") == "False/Pending")
        replica.put(made, state(), delivery(2, 2))
        await until(lambda: opinion(admin, made, "Programmed") == "True/Programmed")
        replica.put(made, state(key_of(made), BROKEN, generation=2, served=1), delivery(2, 2, REFUSAL))
        await until(lambda: opinion(admin, made, "Accepted") == "False/UnknownField")
        await until(lambda: len(events(admin, namespace)) == 3)
        assert replica.status.problems() == ()
        assert replica.status.statistics().failures == 0
        assert holder(admin, home) == "legation-0"
    assert holder(admin, home) == ""
    told = admin.get(made)
    assert (told["spec"], told["metadata"]["generation"]) == (made["spec"], 1)
    (ours,) = (each for each in told["metadata"]["managedFields"] if each["manager"] == "legation")
    assert ours["subresource"] == "status"
    assert events(admin, namespace)[0] == "Normal Programmed"


@pytest.mark.usefixtures("crds")
async def test_a_kind_without_status_gets_events(api_server: ApiServer, admin: Admin, namespace: str) -> None:
    replica = Replica(admin, connection(api_server, api_server.admin_token), home=namespace)
    made = admin.create(cluster(OLD, "web", namespace))
    ours = admin.create(cluster(CLUSTERS, "web", namespace))
    async with running(replica):
        await until(lambda: replica.objects.watched)
        replica.put(made, state(), delivery(1, 1))
        replica.put(ours, state(), delivery(1, 1))
        await until(lambda: opinion(admin, ours, "Programmed") == "True/Programmed")
        replica.put(made, state(key_of(made), BROKEN, generation=2, served=1), delivery(1, 1))
        await until(lambda: len(events(admin, namespace)) == 3)
        assert "status" not in admin.get(made)
        assert replica.status.problems() == ()
    assert sorted(events(admin, namespace)) == ["Normal Programmed", "Normal Programmed", "Warning UnknownField"]


@pytest.mark.usefixtures("crds")
async def test_a_status_that_another_object_of_that_name_got_is_written_again(
    api_server: ApiServer, admin: Admin, namespace: str
) -> None:
    made = admin.create(cluster(CLUSTERS, "web", namespace))
    admin.delete(made)
    admin.create(cluster(CLUSTERS, "web", namespace))
    client = Client(connection(api_server, api_server.admin_token))
    requests = Requests(
        client, obstacles=Obstacles(), counts=Counts(), instance="a", clock=MonotonicClock(), now=utc_now
    )
    it = ObjectState(key=key_of(made), uid=made["metadata"]["uid"], generation=1, served=1)
    answer = await requests.put(it, CLUSTERS, {"observedGeneration": 1})
    await client.aclose()
    assert answer.outcome is Outcome.AGAIN


@pytest.mark.usefixtures("crds")
async def test_one_of_two_writes_and_the_other_takes_over(
    api_server: ApiServer, admin: Admin, namespace: str, home: str
) -> None:
    where = connection(api_server, token_of(admin, home))
    first, second = (Replica(admin, where, home=home, name=name) for name in ("legation-0", "legation-1"))
    made = admin.create(cluster(CLUSTERS, "web", namespace))
    for each in (first, second):
        each.put(made, state(), delivery(1, 1))
    async with running(second):
        async with running(first):
            await until(lambda: first.status.leading or second.status.leading)
            assert first.status.leading != second.status.leading
            assert holder(admin, home) in {"legation-0", "legation-1"}
        await until(lambda: second.status.leading)
        assert not first.status.leading
        second.put(made, state(), delivery(1, 2))
        await until(lambda: opinion(admin, made, "Programmed") == "False/Pending")


@pytest.mark.usefixtures("crds")
async def test_without_any_right_it_says_what_is_missing(api_server: ApiServer, admin: Admin, namespace: str) -> None:
    where = connection(api_server, api_server.tokens["nobody"])
    replica = Replica(admin, where, home=namespace)
    leader = Replica(admin, where, home=may_only_lead(admin, f"{namespace}-home"))
    made = admin.create(cluster(CLUSTERS, "web", namespace))
    async with running(replica, leader):
        leader.put(made, state(), delivery(1, 1))
        await until(lambda: bool(replica.status.problems()) and bool(leader.status.problems()))
        assert [each.code for each in replica.status.problems()] == ["no-lease"]
        assert [each.code for each in leader.status.problems()] == ["status-forbidden"]
        assert not replica.status.leading
