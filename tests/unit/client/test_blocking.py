"""The client that blocks, against a server on loopback."""

from __future__ import annotations

import itertools
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from legation.client import (
    ApplyRefused,
    Client,
    ClientError,
    Compacted,
    FieldConflict,
    Host,
    KeptElsewhere,
    NotFound,
    ObjectChange,
    Outcome,
    PartlyStored,
    ProblemChange,
    RawResource,
    Reference,
    Refused,
    Route,
    ServicePort,
    Synced,
    TimedOut,
    Unavailable,
    VersionConflict,
)
from legation.errors import LegationError, SettingsError
from legation.management.v1 import management_pb2 as pb
from tests.management_api import (
    Failure,
    FakeApi,
    applied,
    preconditions,
    reference,
    serving,
    stored,
    violations,
)

LARGE = 2**60 + 1


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving(FakeApi()) as found:
        yield found


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(api: FakeApi, pauses: list[float]) -> Iterator[Client]:
    with Client(api.target, sleep=pauses.append) as found:
        yield found


def test_objects_are_applied_in_one_call(api: FakeApi, client: Client) -> None:
    api.answers(
        "Apply", pb.ApplyResponse(applied=[applied("a", resource_version="7"), applied("b", pb.Applied.CHANGED)])
    )
    found = client.apply({"kind": "Cluster", "n": LARGE}, "kind: Cluster", field_manager="ci", force=True)
    assert [(each.object.name, each.outcome) for each in found] == [("a", Outcome.CREATED), ("b", Outcome.CHANGED)]
    assert found[0].object == Reference("Cluster", "a", group="bootes.io", resource_version="7")
    (asked,) = api.asked("Apply")
    assert [each.text for each in asked.items] == [f'{{"kind":"Cluster","n":{LARGE}}}', "kind: Cluster"]
    assert (asked.field_manager, asked.force, asked.dry_run) == ("ci", True, False)


def test_a_raw_resource_is_applied_as_one(api: FakeApi, client: Client) -> None:
    api.answers("Apply", pb.ApplyResponse(applied=[applied("x")]))
    client.apply(
        RawResource(json={"@type": "t", "hosts": ({"a": 1},)}, namespace="shop", workload_labels={"app": "edge"}),
        RawResource(type_url="t", value=b"\x01", object_name="y"),
    )
    one, other = (each.resource for each in api.asked("Apply")[0].items)
    assert one.json["hosts"][0]["a"] == 1
    assert (one.namespace, dict(one.workload_labels)) == ("shop", {"app": "edge"})
    assert (other.message.type_url, other.message.value, other.object_name) == ("t", b"\x01", "y")


def test_what_is_no_json_is_told_without_a_call(api: FakeApi, client: Client) -> None:
    with pytest.raises(ApplyRefused, match=r"items\[1\]: it is no JSON") as caught:
        client.apply({}, {"spec": object()})
    assert caught.value.violations[0].item == 1
    assert api.requests == []


def test_a_field_that_is_wrong_is_told_by_its_path(api: FakeApi, client: Client) -> None:
    wrong = violations(("items[1].object.spec.hosts[0].port", "it is no number"), ("field_manager", "it is too long"))
    api.answers("Apply", Failure("INVALID_ARGUMENT", "2 fields are wrong", wrong, reason="INVALID_OBJECT"))
    with pytest.raises(ApplyRefused) as caught:
        client.apply({}, {})
    first, second = caught.value.violations
    assert (first.item, first.path, first.message) == (1, "spec.hosts[0].port", "it is no number")
    assert first.code == "unknown-field"
    assert (second.item, second.path) == (None, "field_manager")
    assert "items[1]: spec.hosts[0].port: it is no number" in str(caught.value)
    assert (caught.value.code, caught.value.reason) == ("INVALID_ARGUMENT", "INVALID_OBJECT")


def test_a_conflict_names_the_managers(api: FakeApi, client: Client) -> None:
    against = preconditions("FIELD_CONFLICT", [("items[0].object.spec.a", 'owned by "kubectl"')])
    api.answers("Apply", Failure("ABORTED", "a field is owned by others", against, reason="FIELD_CONFLICT"))
    with pytest.raises(FieldConflict, match="kubectl") as caught:
        client.apply({})
    assert caught.value.managers == ("kubectl",)
    assert [(each.item, each.path) for each in caught.value.conflicts] == [(0, "spec.a")]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        pytest.param(Failure("ABORTED", "it is version 3", reason="VERSION_CONFLICT"), VersionConflict, id="version"),
        pytest.param(Failure("FAILED_PRECONDITION", "it is in a file"), KeptElsewhere, id="file"),
        pytest.param(Failure("ABORTED", "it changes", reason="NEW"), Refused, id="of a newer server"),
        pytest.param(Failure("UNAVAILABLE", "a is stored", reason="PARTLY_STORED"), PartlyStored, id="partly"),
        pytest.param(Failure("NOT_FOUND", "there is no such object"), NotFound, id="not there"),
        pytest.param(Failure("INTERNAL", "no idea"), ClientError, id="internal"),
    ],
)
def test_other_failures_have_their_classes(
    api: FakeApi, client: Client, failure: Failure, expected: type[ClientError]
) -> None:
    api.answers("Get", failure)
    with pytest.raises(LegationError, match=failure.words) as caught:
        client.get("Cluster", "web")
    assert type(caught.value) is expected


def test_what_the_store_did_not_take_is_sent_again(api: FakeApi, client: Client, pauses: list[float]) -> None:
    full = Failure("UNAVAILABLE", "the disk is full", reason="STORE_UNAVAILABLE")
    api.answers("Apply", full, full, pb.ApplyResponse(applied=[applied("a")]))
    assert len(client.apply({})) == 1
    assert len(pauses) == 2
    api.answers("Apply", full)
    with pytest.raises(Unavailable, match="the disk is full") as caught:
        client.apply({})
    assert not caught.value.may_be_done
    assert len(api.asked("Apply")) == 3 + 4


def test_a_write_of_which_nobody_knows_whether_it_was_done_is_not_sent_again(api: FakeApi, client: Client) -> None:
    api.answers("Apply", Failure("UNAVAILABLE", "Socket closed"), pb.ApplyResponse())
    with pytest.raises(Unavailable, match="whether it was done is not known") as caught:
        client.apply({})
    assert caught.value.may_be_done
    assert len(api.asked("Apply")) == 1


@pytest.mark.parametrize(
    "failure",
    [
        Failure("CANCELLED", "the server ended it"),
        Failure("UNAVAILABLE", "the program ends; whether it was kept is not known", reason="MAY_BE_STORED"),
    ],
    ids=["a server that goes", "a store that does not know"],
)
def test_a_write_that_was_broken_off_may_be_done(api: FakeApi, client: Client, failure: Failure) -> None:
    api.answers("Apply", failure, pb.ApplyResponse())
    with pytest.raises(Unavailable, match="is not known") as caught:
        client.apply({})
    assert caught.value.may_be_done
    assert caught.value.code == failure.code.name
    assert len(api.asked("Apply")) == 1


def test_a_read_that_was_broken_off_is_sent_again(api: FakeApi, client: Client) -> None:
    api.answers("Get", Failure("CANCELLED", "the server ended it"), stored("web", "{}"))
    assert client.get("Cluster", "web").object.name == "web"


def test_a_read_is_sent_again(api: FakeApi, client: Client) -> None:
    api.answers("Get", Failure("UNAVAILABLE", "Socket closed"), stored("web", json.dumps({"spec": {"n": LARGE}})))
    found = client.get("Cluster", "web", namespace="shop")
    assert found.manifest == {"spec": {"n": LARGE}}
    assert api.asked("Get")[1] == pb.GetRequest(kind="Cluster", name="web", namespace="shop", form=pb.FORM_TEXT)


def test_a_list_is_asked_for_page_by_page(api: FakeApi, client: Client) -> None:
    api.answers(
        "List",
        pb.ListResponse(objects=[stored("a"), stored("b")], next_page_token="b"),
        pb.ListResponse(objects=[stored("c")]),
    )
    found = client.list("Cluster", label_selector="app=edge", page_size=2)
    assert next(found).object.name == "a"
    assert len(api.asked("List")) == 1
    assert [each.object.name for each in found] == ["b", "c"]
    assert [each.page_token for each in api.asked("List")] == ["", "b"]


def test_references_are_deleted(api: FakeApi, client: Client) -> None:
    api.answers("Delete", pb.DeleteResponse(deleted=[reference("a")]))
    found = client.delete(Reference("Cluster", "a", resource_version="3"), missing_ok=True)
    assert [str(each) for each in found] == ["cluster.bootes.io/a"]
    (asked,) = api.asked("Delete")
    assert asked.missing_ok
    assert asked.objects[0].resource_version == "3"


def test_an_upstream_is_added_and_removed(api: FakeApi, client: Client) -> None:
    api.answers("AddUpstream", pb.ApplyResponse(applied=[applied("reviews", kind="Upstream")]))
    api.answers("RemoveUpstream", pb.DeleteResponse(deleted=[reference("reviews", kind="Upstream")]))
    added = client.add_upstream(
        "reviews",
        hosts=[Host("10.0.0.1", 8080, 3), Host.of("[::1]:80")],
        weight=20,
        routes=[Route("local_route", "web")],
        cluster={"connect_timeout": "1s"},
    )
    assert added.object.kind == "Upstream"
    (asked,) = api.asked("AddUpstream")
    assert [(each.address, each.port, each.weight) for each in asked.hosts] == [("10.0.0.1", 8080, 3), ("::1", 80, 0)]
    assert asked.routes[0] == pb.RouteReference(configuration="local_route", virtual_host="web")
    assert asked.cluster["connect_timeout"] == "1s"
    assert not asked.HasField("service")
    client.add_upstream("reviews", service=ServicePort("reviews", 80))
    assert api.asked("AddUpstream")[1].service == pb.ServicePort(name="reviews", port="80")
    assert [each.name for each in client.remove_upstream("reviews")] == ["reviews"]


def test_who_waits_is_told_who_did_not_answer(api: FakeApi, client: Client) -> None:
    refusal = pb.Refusal(node="edge-1", type="Cluster", name="web", words="no such host")
    api.answers("WaitAccepted", pb.WaitAcceptedResponse(accepted_by=["edge-0"], refusals=[refusal], waiting=["edge-2"]))
    found = client.wait_accepted(Reference("Cluster", "web"), labels={"app": "edge"}, timeout=120)
    assert not found
    assert str(found) == "edge-1 refuses Cluster web: no such host; edge-2 has not answered"
    (asked,) = api.asked("WaitAccepted")
    assert asked.timeout.seconds == 120
    assert api.timeouts[0] > 120


def test_an_answer_that_does_not_come_is_not_waited_for(api: FakeApi) -> None:
    api.answers("Apply", Failure("DEADLINE_EXCEEDED", "late"))
    with Client(api.target, timeout=7) as client, pytest.raises(TimedOut, match="within 7 s") as caught:
        client.apply({})
    assert caught.value.may_be_done


# ---------------------------------------------------------------------------------------------------------------- watch


def change(name: str, token: str, *, deleted: bool = False) -> pb.WatchEvent:
    kind = pb.ObjectChange.DELETED if deleted else pb.ObjectChange.PUT
    return pb.WatchEvent(resume_token=token, object=pb.ObjectChange(change=kind, stored=stored(name)))


SYNCED = pb.WatchEvent(resume_token="2", synced=pb.Synced())


def test_a_watch_goes_on_where_it_was_when_the_connection_is_lost(
    api: FakeApi, client: Client, pauses: list[float]
) -> None:
    problem = pb.ProblemChange(is_there=True, problem=pb.Problem(code="x", message="m", object=reference("a")))
    api.answers(
        "Watch",
        [change("a", "1"), SYNCED, Failure("UNAVAILABLE", "Socket closed")],
        [],
        [pb.WatchEvent(), pb.WatchEvent(resume_token="3", problem=problem), change("a", "4", deleted=True)],
        [Failure("OUT_OF_RANGE", "not remembered", reason="COMPACTED")],
    )
    lost: list[ClientError] = []
    watch = client.watch("objects", "problems", kind="Cluster", lost=lost.append)
    found: list[Any] = list(itertools.islice(watch, 4))
    with pytest.raises(Compacted):
        next(watch)
    assert [type(each) for each in found] == [ObjectChange, Synced, ProblemChange, ObjectChange]
    assert found[3].deleted
    assert [each.resume_token for each in api.asked("Watch")] == ["", "2", "2", "4"]
    assert list(api.asked("Watch")[0].topics) == [pb.WatchRequest.OBJECTS, pb.WatchRequest.PROBLEMS]
    assert [each.code for each in lost] == ["UNAVAILABLE", "OK", "OK"]
    assert len(pauses) == 3


def test_a_watch_that_is_lost_before_all_was_said_begins_anew(api: FakeApi, client: Client) -> None:
    api.answers(
        "Watch",
        [change("a", "5"), change("b", "5"), Failure("UNAVAILABLE", "Socket closed")],
        [change("b", "6"), change("c", "6"), pb.WatchEvent(resume_token="6", synced=pb.Synced())],
        [Failure("OUT_OF_RANGE", "not remembered")],
    )
    watch = client.watch()
    found = list(itertools.islice(watch, 6))
    with pytest.raises(Compacted):
        next(watch)
    said = [(each.stored.object.name, each.deleted) for each in found if isinstance(each, ObjectChange)]
    assert said == [("a", False), ("b", False), ("b", False), ("c", False), ("a", True)]
    assert [each.resume_token for each in found] == ["", "", "", "", "", "6"]
    assert [each.resume_token for each in api.asked("Watch")] == ["", "", "6"]


def test_a_watch_that_is_refused_ends(api: FakeApi, client: Client, pauses: list[float]) -> None:
    api.answers("Watch", [Failure("INVALID_ARGUMENT", "no such kind")])
    with pytest.raises(ApplyRefused, match="no such kind"):
        next(client.watch())
    assert pauses == []


def test_a_client_that_is_closed_ends_what_it_does(api: FakeApi) -> None:
    over = threading.Event()
    api.answers("Watch", [SYNCED, over])
    client = Client(api.target)
    watch = client.watch()
    next(watch)
    with ThreadPoolExecutor(1) as pool:
        rest = pool.submit(list, watch)
        client.close()
        assert rest.result(30) == []
    over.set()
    with pytest.raises(ClientError, match="closed"):
        client.get("Cluster", "web")
    assert list(client.watch()) == []


def test_a_watch_that_is_closed_ends_at_the_server(api: FakeApi, client: Client) -> None:
    api.answers("Watch", [change("a", "1"), SYNCED])
    watch = client.watch()
    next(watch)
    watch.close()
    assert len(api.asked("Watch")) == 1


# --------------------------------------------------------------------------------------------------------- who is there


@pytest.fixture
def nobodys_port() -> Iterator[int]:
    """A port that nobody listens at, and that nobody else gets meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_that_nobody_listens_is_told_in_words(nobodys_port: int, pauses: list[float]) -> None:
    words = f"no management API at 127.0.0.1:{nobodys_port}; start the server with --management-port"
    with Client(f"127.0.0.1:{nobodys_port}", sleep=pauses.append) as client:
        with pytest.raises(Unavailable, match=words) as caught:
            client.apply({})
        assert not caught.value.may_be_done
        assert len(pauses) == 3
        with pytest.raises(Unavailable, match=words):
            next(client.watch())
        assert len(pauses) == 3


def test_a_socket_is_a_target(tmp_path: Path) -> None:
    path = tmp_path / "api"
    with Client(str(path), attempts=1) as client, pytest.raises(Unavailable, match="--management-socket"):
        client.get("Cluster", "web")
    with serving(FakeApi(), socket=path) as api, Client(f"unix:{path}") as client:
        api.answers("Get", stored("web"))
        assert client.get("Cluster", "web").object.name == "web"


def test_another_server_is_not_taken_for_it(api: FakeApi, client: Client) -> None:
    api.answers("Get", Failure("UNIMPLEMENTED", "unknown service"))
    with pytest.raises(ClientError, match="does not serve the management API"):
        client.get("Cluster", "web")


def test_the_environment_says_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEGATION_SERVER", raising=False)
    with Client() as client:
        assert client.target == "localhost:18005"
    monkeypatch.setenv("LEGATION_SERVER", "localhost:18006")
    with Client() as client:
        assert client.target == "localhost:18006"
    monkeypatch.setenv("LEGATION_SERVER", "http://localhost:18006")
    with pytest.raises(SettingsError, match="LEGATION_SERVER"):
        Client()
