"""The management API over real gRPC: what is put in reaches an Envoy, outlives the program, and is told to who asks."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from structlog.testing import capture_logs

from legation.management.v1 import management_pb2 as pb
from legation.model.node import Node
from legation.sources.directory import DirectorySource
from tests.features.management import calling, detail, fields, managed, reason, status_of
from tests.features.stage import cluster, listener, route

ROUTES = route("shop", "web")


def key(name: str, kind: str = "Cluster") -> pb.ObjectReference:
    return pb.ObjectReference(kind=kind, name=name)


def shown(stored: pb.StoredObject) -> dict[str, Any]:
    found: dict[str, Any] = json_format.MessageToDict(stored.manifest)
    return found


async def refusal(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


# Objects


async def test_what_is_applied_reaches_an_envoy_and_is_accepted(tmp_path: Path) -> None:
    async with managed(tmp_path) as it, it.envoy() as envoy:
        applied = (await it.call.apply(cluster("web"))).applied[0]
        assert applied.outcome == pb.Applied.CREATED
        assert applied.object.group == "bootes.io"
        answer = await it.call.WaitAccepted(objects=[applied.object], at_least=1)
        assert answer.accepted
        assert list(answer.accepted_by) == ["edge"]
        assert set(envoy.holds("clusters")) == {"web"}


async def test_what_is_deleted_is_taken_away(tmp_path: Path) -> None:
    async with managed(tmp_path) as it, it.envoy() as envoy:
        await it.call.apply(cluster("web"), cluster("other"))
        await envoy.has("clusters", {"web", "other"})
        assert [each.name for each in (await it.call.Delete(objects=[key("web")])).deleted] == ["web"]
        await envoy.has("clusters", {"other"})
        assert reason(await refusal(it.call.Get(kind="Cluster", name="web"))) == "OBJECT_NOT_FOUND"


async def test_it_outlives_the_program(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        await it.call.apply(cluster("web"))
    async with managed(tmp_path) as it, it.envoy() as envoy:
        await envoy.has("clusters", {"web"})
        assert shown(await it.call.Get(kind="Cluster", name="web"))["spec"] == cluster("web")["spec"]


async def test_a_wrong_field_is_named_by_its_place_in_the_request_and_nothing_is_stored(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        wrong = cluster("bad")
        wrong["spec"]["config"]["conect_timeout"] = "1s"
        error = await refusal(it.call.apply(cluster("good"), wrong))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert 'did you mean "connect_timeout"?' in fields(error)["items[1].object.spec.config.conect_timeout"]
        assert not (await it.call.List()).objects


async def test_what_is_doubtful_is_stored_and_said(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        response = await it.call.apply(ROUTES)
        assert [(each.code, each.level) for each in response.applied[0].warnings] == [("dangling-reference", "warning")]


async def test_objects_of_one_request_are_looked_at_together(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        response = await it.call.apply(ROUTES, cluster("web"))
        assert not [warning for each in response.applied for warning in each.warnings]


async def test_what_was_stored_a_moment_ago_counts_before_it_is_served(tmp_path: Path) -> None:
    """An update of all that is served waits a little for what else comes."""
    async with managed(tmp_path) as it:
        await it.call.apply(listener("front", "shop"))
        for name in ("before", "behind"):
            error = await refusal(it.call.apply(listener(name, "shop")))
            assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert "has the address tcp 127.0.0.1:10000" in str(fields(error))
        await it.call.Delete(objects=[key("front", "Listener")])
        await it.call.apply(listener("back", "shop"))


async def test_of_those_that_come_at_once_one_has_the_address(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        calls = (it.call.apply(listener(f"front-{number}", "shop")) for number in range(5))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(each, pb.ApplyResponse) for each in answers) == 1
        assert len((await it.call.List()).objects) == 1


async def test_a_dry_run_says_what_would_be_and_stores_nothing(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        response = await it.call.apply(cluster("web"), dry_run=True, return_objects=True)
        assert response.applied[0].outcome == pb.Applied.CREATED
        assert shown(response.applied[0].stored)["metadata"]["name"] == "web"
        assert not (await it.call.List()).objects


async def test_fields_of_another_manager_are_a_conflict_unless_they_are_taken_by_force(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        await it.call.apply(cluster("web"), field_manager="one")
        error = await refusal(it.call.apply(cluster("web", seconds=2), field_manager="two"))
        assert error.code() is grpc.StatusCode.ABORTED
        assert reason(error) == "FIELD_CONFLICT"
        [violation] = detail(error, "PreconditionFailure").violations
        assert violation.subject == "items[0].object.spec.config.connect_timeout"
        assert '"one"' in violation.description
        assert (await it.call.apply(cluster("web", seconds=2), field_manager="two", force=True)).applied


async def test_a_version_that_is_not_the_one_that_was_said_is_a_conflict(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        first = (await it.call.apply(cluster("web"))).applied[0].object
        await it.call.apply(cluster("web", seconds=2))
        error = await refusal(it.call.Delete(objects=[first]))
        assert error.code() is grpc.StatusCode.ABORTED
        assert reason(error) == "VERSION_CONFLICT"
        assert detail(error, "PreconditionFailure").violations[0].subject == "objects[0].resource_version"


async def test_an_object_that_a_file_has_is_changed_there(tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "web.yaml").write_text(json.dumps(cluster("web")), encoding="utf-8")
    async with managed(tmp_path / "state", before=[DirectorySource(folder)]) as it:
        error = await refusal(it.call.apply(cluster("web", seconds=2)))
        assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert reason(error) == "HELD_ELSEWHERE"
        assert "web.yaml:1" in detail(error, "PreconditionFailure").violations[0].description
        assert "web.yaml:1" in str((await refusal(it.call.Delete(objects=[key("web")]))).details())
        assert "web.yaml:1" in str((await refusal(it.call.Get(kind="Cluster", name="web"))).details())


async def test_a_list_comes_in_pages_that_show_one_moment(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        await it.call.apply(*(cluster(f"c{number}") for number in range(5)))
        first = await it.call.List(page_size=2)
        await it.call.Delete(objects=[key("c3")])
        names = [each.object.name for each in first.objects]
        token = first.next_page_token
        while token:
            page = await it.call.List(page_size=2, page_token=token)
            names += [each.object.name for each in page.objects]
            token = page.next_page_token
        assert names == ["c0", "c1", "c2", "c3", "c4"]
        error = await refusal(it.call.List(page_size=2, page_token="never told"))
        assert "page_token" in fields(error)


async def test_a_raw_resource_is_kept_as_it_is(tmp_path: Path) -> None:
    from envoy.config.cluster.v3.cluster_pb2 import Cluster  # noqa: PLC0415 - one test needs it

    packed = AnyMessage()
    packed.Pack(Cluster(name="raw/one", connect_timeout=Duration(seconds=3)))
    async with managed(tmp_path) as it, it.envoy() as envoy:
        made = await it.call.Apply(items=[pb.Item(resource=pb.RawResource(message=packed))])
        assert made.applied[0].object.kind == "EnvoyResources"
        await envoy.has("clusters", {"raw/one"})
        assert envoy.json("clusters", "raw/one")["connect_timeout"] == "3s"
        wrong = pb.Item(resource=pb.RawResource())
        wrong.resource.json.update({"@type": packed.type_url, "name": "x", "conect_timeout": "1s"})
        assert "items[0].resource.json.conect_timeout" in fields(await refusal(it.call.Apply(items=[wrong])))


async def test_an_upstream_is_added_and_removed_in_one_call(tmp_path: Path) -> None:
    async with managed(tmp_path) as it, it.envoy() as envoy:
        await it.call.apply(listener("front", "shop"), ROUTES, cluster("web"))
        await envoy.has("clusters", {"web"})
        added = await it.call.AddUpstream(
            name="next",
            hosts=[pb.Host(address="10.0.0.1", port=80)],
            weight=100,
            routes=[pb.RouteReference(configuration="shop")],
        )
        assert (await it.call.WaitAccepted(objects=[added.applied[0].object], at_least=1)).accepted
        await envoy.has("clusters", {"web", "next"})
        assert "next" in json.dumps(envoy.json("routes", "shop"))
        await it.call.RemoveUpstream(name="next")
        await envoy.has("clusters", {"web"})
        assert not envoy.violations
        error = await refusal(it.call.AddUpstream(name="bad", hosts=[pb.Host(address="10.0.0.1", port=0)]))
        assert "hosts[0].port" in fields(error)


async def test_what_stands_in_a_request_twice_is_refused(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        assert (await refusal(it.call.apply(cluster("web"), cluster("web")))).code() is (
            grpc.StatusCode.INVALID_ARGUMENT
        )


# Waiting


async def test_who_refuses_is_told_with_his_words(tmp_path: Path) -> None:
    async with managed(tmp_path) as it, it.envoy() as envoy:
        envoy.refuse("clusters", "web", "no such thing")
        await it.call.apply(cluster("web"))
        answer = await it.call.WaitAccepted(objects=[key("web")], at_least=1)
        assert not answer.accepted
        assert [(each.node, each.type, each.name) for each in answer.refusals] == [("edge", "Cluster", "web")]
        assert "no such thing" in answer.refusals[0].words


async def test_only_envoys_that_are_meant_are_waited_for(tmp_path: Path) -> None:
    labels = {"labels": {"tier": "front"}}
    async with (
        managed(tmp_path) as it,
        it.envoy(Node(id="front.default", metadata=labels)) as front,
        it.envoy(Node(id="back.default", metadata={})) as back,
    ):
        back.refuse("clusters", "web", "not here")
        await it.call.apply(cluster("web"))
        await back.nacked("clusters")
        await front.has("clusters", {"web"})
        by_node = await it.call.WaitAccepted(objects=[key("web")], node_ids=["front.default"], at_least=1)
        assert by_node.accepted
        assert list(by_node.accepted_by) == ["front.default"]
        by_label = await it.call.WaitAccepted(objects=[key("web")], labels={"tier": "front"}, at_least=1)
        assert by_label.accepted
        assert not (await it.call.WaitAccepted(objects=[key("web")], at_least=2)).accepted


async def test_who_does_not_come_is_waited_for_as_long_as_was_said(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        await it.call.apply(cluster("web"))
        answer = await it.call.WaitAccepted(objects=[key("web")], at_least=1, timeout=Duration(nanos=1_000_000))
        assert not answer.accepted
        assert not list(answer.accepted_by)
        assert "timeout" in fields(await refusal(it.call.WaitAccepted(timeout=Duration(seconds=601))))


# Watching


async def until_synced(stream: Any) -> list[pb.WatchEvent]:
    """Return what a stream tells up to the mark."""
    found = []
    async for event in stream:
        found.append(event)
        if event.WhichOneof("event") == "synced":
            return found
    raise AssertionError(f"the stream ended: {found}")


async def told(stream: Any, kind: str) -> Any:
    """Return the next event of a kind."""
    async for event in stream:
        if event.WhichOneof("event") == kind:
            return getattr(event, kind)
    raise AssertionError(f"the stream ended without {kind}")


async def test_a_watch_tells_what_there_is_and_then_what_changes(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        await it.call.apply(cluster("web"))
        stream = it.call.Watch(topics=[pb.WatchRequest.OBJECTS])
        assert [each.object.stored.object.name for each in await until_synced(stream)] == ["web", ""]
        await it.call.apply(cluster("other"))
        assert (await told(stream, "object")).stored.object.name == "other"
        await it.call.Delete(objects=[key("web")])
        gone = await told(stream, "object")
        assert (gone.change, gone.stored.object.name) == (pb.ObjectChange.DELETED, "web")


async def test_a_watch_goes_on_after_the_server_was_started_anew(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        stream = it.call.Watch(topics=[pb.WatchRequest.OBJECTS])
        token = (await until_synced(stream))[-1].resume_token
        await it.call.apply(cluster("web"))
        await it.call.apply(cluster("other"))
    async with managed(tmp_path) as it:
        stream = it.call.Watch(topics=[pb.WatchRequest.OBJECTS], resume_token=token)
        names = [(await told(stream, "object")).stored.object.name for _ in range(2)]
        assert names == ["web", "other"]
        error = await refusal(told(it.call.Watch(resume_token="r999999"), "object"))
        assert error.code() is grpc.StatusCode.OUT_OF_RANGE
        assert "resume_token" in fields(await refusal(told(it.call.Watch(resume_token="mine"), "object")))


async def test_problems_and_deliveries_are_told_as_they_come_and_go(tmp_path: Path) -> None:
    async with managed(tmp_path) as it, it.envoy() as envoy:
        envoy.refuse("clusters", "web", "no such thing")
        stream = it.call.Watch(topics=[pb.WatchRequest.PROBLEMS, pb.WatchRequest.DELIVERY], name="web")
        await until_synced(stream)
        await it.call.apply(cluster("web"))
        problem = await told(stream, "problem")
        assert problem.is_there
        assert problem.problem.object.name == "web"
        envoy.accept("clusters", "web")
        await it.call.apply(cluster("web", seconds=5))
        over = await told(stream, "problem")
        while over.is_there:
            over = await told(stream, "problem")
        assert over.problem.code == problem.problem.code
        delivery = await told(stream, "delivery")
        while not delivery.accepted:
            delivery = await told(stream, "delivery")
        assert (delivery.envoys, delivery.accepted, delivery.refused) == (1, 1, 0)


async def test_a_watch_is_ended_with_a_reason_when_the_server_goes(tmp_path: Path) -> None:
    socket = tmp_path / "api.sock"
    async with calling(f"unix:{socket}") as caller:
        async with managed(tmp_path / "state", socket=socket):
            stream = caller.Watch()
            await until_synced(stream)
        error = await refusal(told(stream, "object"))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert reason(error) == "SHUTTING_DOWN"


# Who calls


async def test_secrets_are_shown_over_the_socket_alone(tmp_path: Path) -> None:
    secret = {
        "apiVersion": "legation.dev/v1alpha1",
        "kind": "EnvoyResources",
        "metadata": {"name": "ticket"},
        "spec": {
            "resources": [
                {
                    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
                    "name": "ticket",
                    "generic_secret": {"secret": {"inline_string": "hunter2"}},
                }
            ]
        },
    }
    socket = tmp_path / "api.sock"
    async with managed(tmp_path / "state", socket=socket) as it, calling(f"unix:{socket}") as private:
        with capture_logs() as logs:
            await it.call.apply(secret)
        assert "hunter2" not in str(logs)
        assert "hunter2" not in str(await it.call.Get(kind="EnvoyResources", name="ticket"))
        assert "hunter2" not in str(await private.Get(kind="EnvoyResources", name="ticket"))
        assert "hunter2" in str(await private.Get(kind="EnvoyResources", name="ticket", secrets=True))
        error = await refusal(it.call.Get(kind="EnvoyResources", name="ticket", secrets=True))
        assert error.code() is grpc.StatusCode.PERMISSION_DENIED
        assert reason(error) == "SECRETS_NOT_SHOWN"
        assert socket.stat().st_mode & 0o777 == 0o600
    assert not socket.exists()


async def test_who_writes_back_what_was_shown_without_its_secrets_does_not_lose_them(tmp_path: Path) -> None:
    web = cluster("web")
    web["spec"]["config"]["metadata"] = {"filter_metadata": {"login": {"password": "hunter2"}}}
    socket = tmp_path / "api.sock"
    async with managed(tmp_path / "state", socket=socket) as it, calling(f"unix:{socket}") as private:
        await it.call.apply(web)
        back = await it.call.Get(kind="Cluster", name="web")
        for dry_run in (False, True):
            error = await refusal(it.call.apply(shown(back), force=True, dry_run=dry_run))
            assert reason(error) == "HIDDEN_SECRET"
            assert set(fields(error)) == {"items[0].object.spec.config.metadata.filter_metadata.login.password"}
        whole = await private.Get(kind="Cluster", name="web", secrets=True)
        assert shown(whole)["spec"] == web["spec"]
        assert (await it.call.apply(shown(whole))).applied[0].outcome == pb.Applied.UNCHANGED


async def test_what_nobody_serves_is_not_stored(tmp_path: Path) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pair"}, "stringData": {"key": "hunter2"}}
    async with managed(tmp_path) as it:
        error = await refusal(it.call.apply(secret))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert set(fields(error)) == {"items[0].object.kind"}
        assert "hunter2" not in str(status_of(error))
        assert not (await it.call.List()).objects
    assert "hunter2" not in (tmp_path / "objects.journal").read_text()


async def test_a_call_that_changes_something_leaves_a_line(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        with capture_logs() as logs:
            await it.call.apply(cluster("web"), field_manager="me")
            await refusal(it.call.Delete(objects=[key("other")]))
        lines = [each for each in logs if each["event"] == "management call"]
        assert [(each["call"], each["outcome"], each["objects"]) for each in lines] == [
            ("Apply", "done", "Cluster default/web"),
            ("Delete", "NOT_FOUND", "Cluster default/other"),
        ]
        assert lines[0]["manager"] == "me"
        assert lines[0]["peer"].startswith(("ipv4:127.0.0.1:", "ipv6:[::1]:"))


async def test_the_proto_is_told_by_reflection(tmp_path: Path) -> None:
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # noqa: PLC0415 - one test needs it

    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="legation.management.v1.Management"),
    ]
    async with managed(tmp_path) as it, grpc.aio.insecure_channel(it.side.addresses[0]) as channel:
        made: Any = reflection_pb2_grpc.ServerReflectionStub
        stub = made(channel)
        answers = [each async for each in stub.ServerReflectionInfo(iter(asked))]
        names = {each.name for each in answers[0].list_services_response.service}
        assert {"legation.management.v1.Management", "grpc.health.v1.Health"} <= names
        assert any(b"AddUpstream" in each for each in answers[1].file_descriptor_response.file_descriptor_proto)


async def test_very_many_faults_are_told_as_far_as_headers_have_room(tmp_path: Path) -> None:
    async with managed(tmp_path) as it:
        every = []
        for number in range(300):
            every.append(cluster(f"c{number}"))
            every[-1]["spec"]["config"]["conect_timeout"] = "1s"
        error = await refusal(it.call.apply(*every))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "items[0].object.spec.config.conect_timeout" in fields(error)
        assert status_of(error).ByteSize() < 6000
