"""The management API over HTTP/JSON: what becomes of requests, right and wrong."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.protobuf import json_format
from google.rpc import code_pb2
from structlog.testing import capture_logs

from legation.api.management import http_app
from legation.api.management.refused import Refused
from legation.management.v1 import management_pb2 as pb
from tests.unit.api.management.doormen import TOKEN, doorman
from tests.unit.api.management.served import PATIENCE, Served, reason, serving, violations

MANIFESTS = b"""\
apiVersion: bootes.io/v1
kind: Cluster
metadata: {name: a}
spec: {config: {name: a, number: 9007199254740993}}
---
# nothing
---
apiVersion: v1
kind: List
items:
- {apiVersion: bootes.io/v1, kind: Cluster, metadata: {name: b}}
- {apiVersion: bootes.io/v1, kind: Cluster, metadata: {name: c}}
"""


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as made:
        yield made


# -------------------------------------------------------------------------------------------------------- what is right


async def test_a_body_is_the_message_in_either_spelling(served: Served) -> None:
    item = {"object": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}}}
    for dry in ("dryRun", "dry_run"):
        response = await served.post("/v1/apply", {"items": [item], dry: True})
        assert response.status_code == 200
        assert response.json() == {}
        assert served.service.last.dry_run
        assert json_format.MessageToDict(served.service.last.items[0]) == item
    assert served.service.callers[0].over == "http"
    assert not served.service.callers[0].private


async def test_an_empty_body_is_an_empty_message(served: Served) -> None:
    assert (await served.post("/v1/wait-accepted", b"")).status_code == 200
    assert served.service.last == pb.WaitAcceptedRequest()


async def test_fields_stand_in_the_path_and_behind_the_question_mark(served: Served) -> None:
    response = await served.client.get("/v1/objects/Cluster/a%20b?form=FORM_TEXT&managedFields=true&group=bootes.io")
    assert response.status_code == 200
    assert served.service.last == pb.GetRequest(
        kind="Cluster", name="a b", form=pb.FORM_TEXT, managed_fields=True, group="bootes.io"
    )
    await served.client.get("/v1/objects", params={"page_size": "7", "label_selector": "a=b,c!=d"})
    assert served.service.last == pb.ListRequest(page_size=7, label_selector="a=b,c!=d")
    await served.client.delete("/v1/upstreams/reviews?missing_ok=true&dryRun=1")
    assert served.service.last == pb.RemoveUpstreamRequest(name="reviews", missing_ok=True, dry_run=True)


async def test_a_field_that_is_repeated_may_come_more_than_once(served: Served) -> None:
    await served.service.events.put(None)
    await served.client.get("/v1/watch?topics=OBJECTS&topics=DELIVERY")
    assert list(served.service.last.topics) == [pb.WatchRequest.OBJECTS, pb.WatchRequest.DELIVERY]


async def test_manifests_are_applied_as_they_are(served: Served) -> None:
    response = await served.post(
        "/v1/apply?dry_run=true&fieldManager=me", MANIFESTS, content_type="application/yaml; charset=utf-8"
    )
    assert response.status_code == 200
    asked = served.service.last
    assert (asked.dry_run, asked.field_manager) == (True, "me")
    objects = [json.loads(each.text) for each in asked.items]
    assert [each["metadata"]["name"] for each in objects] == ["a", "b", "c"]
    assert objects[0]["spec"]["config"]["number"] == 9007199254740993


async def test_a_socket_is_private_and_has_no_name() -> None:
    async with serving(private=True) as served:
        response = await served.client.get("/v1/objects", headers={"host": "whatever"})
        assert response.status_code == 200
        assert served.service.callers[0].private


# -------------------------------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        ({"itemz": []}, "itemz", "no such field"),
        ({"items": [{"text": "x"}, {"txt": "x"}]}, "items[1].txt", "no such field"),
        ({"items": [{"resource": {"workloadLabels": {}, "x": 1}}]}, "items[0].resource.x", "no such field"),
        ({"dryRun": "yes"}, "dryRun", "true or false"),
        ({"items": 3}, "items", "must be in []"),
        ({"items": [{"object": []}]}, "items[0].object", "must be in a dict"),
        ({"items": [{"object": {}, "text": ""}]}, "items[0]", "oneof"),
        ({"items": [{"text": 3}]}, "items.text", "expected string"),
    ],
)
async def test_what_has_no_place_in_the_message_is_refused_with_its_path(
    served: Served, value: object, path: str, words: str
) -> None:
    response = await served.post("/v1/apply", value)
    assert response.status_code == 400
    assert response.json()["code"] == code_pb2.INVALID_ARGUMENT
    [(found, said)] = violations(response)
    assert found == path
    assert words in said
    assert not served.service.asked


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"items": [\n  {"text" "x"}]}', "line 2, column 11"),
        (b'{"dryRun": true, "dryRun": false}', '"dryRun" stands twice'),
        (b'{"items": NaN}', "NaN is no number"),
        (b"[]", "must be a JSON object"),
        (b"\xff", "the body is no JSON"),
        (b'{"items":' * 2000, "nested too deep"),
    ],
)
async def test_what_is_no_json_is_refused_with_its_place(served: Served, body: bytes, words: str) -> None:
    response = await served.post("/v1/apply", body)
    assert response.status_code == 400
    assert words in response.json()["message"]
    assert reason(response) == "MALFORMED"


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("page_sise=1", "page_sise", "no such parameter; there are group"),
        ("pageSize=many", "pageSize", "whole number"),
        ("pageSize=99999999999", "page_size", "out of range"),
        ("managed_fields=perhaps", "managedFields", "true or false"),
        ("form=TEXT", "form", "one of FORM_STRUCT, FORM_TEXT"),
        ("kind=a&kind=b", "kind", "given twice"),
    ],
)
async def test_a_parameter_that_is_wrong_is_named(served: Served, query: str, field: str, words: str) -> None:
    response = await served.client.get(f"/v1/objects?{query}")
    assert response.status_code == 400
    [(found, said)] = violations(response)
    assert found == field
    assert words in said


async def test_what_the_path_says_is_not_said_again(served: Served) -> None:
    response = await served.client.get("/v1/objects/Cluster/a?name=b")
    assert violations(response) == [("name", "it is in the path already")]


async def test_fields_of_a_json_body_do_not_stand_behind_the_question_mark(served: Served) -> None:
    response = await served.post("/v1/apply?dry_run=true", {})
    assert response.status_code == 400
    assert violations(response)[0][0] == "dry_run"
    assert not served.service.asked


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"a: [", "body:2:1: this is not YAML"),
        (b"kind: Cluster\nmetadata: {name: a}\n", "no apiVersion"),
        (b"# nothing\n", "no object in the body"),
        (b"a: \xff", "no UTF-8 text: byte 4"),
    ],
)
async def test_manifests_that_are_none_are_refused(served: Served, body: bytes, words: str) -> None:
    response = await served.post("/v1/apply", body, content_type="application/yaml")
    assert response.status_code == 400
    assert words in response.json()["message"]
    assert not served.service.asked


async def test_manifests_are_for_apply_alone(served: Served) -> None:
    response = await served.post("/v1/delete", MANIFESTS, content_type="application/yaml")
    assert response.status_code == 400
    assert reason(response) == "CONTENT_TYPE"


# ------------------------------------------------------------------------------------------------ who may call, and how


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_what_a_page_may_send_without_asking_is_refused(served: Served, kind: str) -> None:
    response = await served.post("/v1/apply", {}, content_type=kind)
    assert response.status_code == 415
    assert reason(response) == "CONTENT_TYPE"
    assert not served.service.asked


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:80"},
        {"host": "localhost.evil.example"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
async def test_no_page_of_another_origin_may_call(served: Served, headers: dict[str, str]) -> None:
    response = await served.client.get("/v1/objects", headers=headers)
    assert response.status_code == 403
    assert reason(response) == "FOREIGN_REQUEST"
    assert not served.service.asked


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:18006", "LOCALHOST:80"])
async def test_the_names_of_this_machine_are_taken(served: Served, host: str) -> None:
    assert (await served.client.get("/v1/objects", headers={"host": host})).status_code == 200


async def test_nobody_is_told_that_other_origins_may_call(served: Served) -> None:
    asked = {"origin": str(served.client.base_url).rstrip("/"), "access-control-request-method": "POST"}
    response = await served.client.options("/v1/apply", headers=asked)
    assert response.status_code == 405
    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_a_body_that_is_too_large_is_not_read(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_app, "LARGEST", 100)
    response = await served.post("/v1/apply", b" " * 101)
    assert response.status_code == 413
    assert reason(response) == "TOO_LARGE"

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 10

    response = await served.client.post("/v1/apply", content=parts(), headers={"content-type": "application/json"})
    assert response.status_code == 413


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async with serving(patience=0.05) as served:
        url = served.client.base_url
        reading, writing = await asyncio.open_connection(url.host, url.port)
        head = ("POST /v1/apply HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Content-Length: 9")
        writing.write("\r\n".join([*head, "", "{"]).encode())
        async with asyncio.timeout(PATIENCE):
            assert b" 408 " in await reading.readline()
        writing.close()


# ------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("code", "http"),
    [
        (code_pb2.INVALID_ARGUMENT, 400),
        (code_pb2.NOT_FOUND, 404),
        (code_pb2.ABORTED, 409),
        (code_pb2.FAILED_PRECONDITION, 400),
        (code_pb2.PERMISSION_DENIED, 403),
        (code_pb2.OUT_OF_RANGE, 400),
        (code_pb2.UNAVAILABLE, 503),
        (code_pb2.INTERNAL, 500),
    ],
)
async def test_a_refusal_is_told_with_its_details(served: Served, code: int, http: int) -> None:
    served.service.error = Refused.of(code, "so it is", reason="SO")
    response = await served.client.get("/v1/objects")
    assert response.status_code == http
    assert response.json()["code"] == code
    assert response.json()["message"] == "so it is"
    assert reason(response) == "SO"
    assert not served.faults


async def test_a_fault_of_this_program_is_an_answer_too(served: Served) -> None:
    served.service.error = ValueError("secret")
    response = await served.client.get("/v1/objects")
    assert (response.status_code, reason(response)) == (500, "INTERNAL_ERROR")
    assert "secret" not in response.text
    assert [str(each) for each in served.faults] == ["secret"]


async def test_what_is_not_there_is_told_as_a_status(served: Served) -> None:
    response = await served.client.get("/v2/objects")
    assert response.status_code == 404
    assert reason(response) == "NO_SUCH_PATH"
    response = await served.client.get("/v1/apply")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert reason(response) == "NO_SUCH_METHOD"


async def test_a_manifest_is_shown_as_a_person_would_write_it(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = pb.StoredObject()
    manifest = {"spec": {"b": 8080, "a": [0.25, 1e300]}, "metadata": {"z": 1, "name": "a"}, "kind": "X"}
    json_format.ParseDict({**manifest, "apiVersion": "v1"}, stored.manifest)

    async def get(request: object, caller: object) -> pb.StoredObject:
        del request, caller
        return stored

    monkeypatch.setattr(served.service, "get", get, raising=False)
    response = await served.client.get("/v1/objects/X/a")
    assert response.text.strip() == (
        '{"manifest":{"apiVersion":"v1","kind":"X","metadata":{"name":"a","z":1},"spec":{"a":[0.25,1e+300],"b":8080}}}'
    )


async def test_what_is_large_is_read_and_told_in_a_thread(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, threading.Thread]] = []

    def noting(name: str) -> None:
        work = getattr(http_app, name)

        def noted(*given: Any, **more: Any) -> Any:
            done.append((name, threading.current_thread()))
            return work(*given, **more)

        monkeypatch.setattr(http_app, name, noted)

    for each in ("from_json", "from_manifests", "answer"):
        noting(each)
    text = "x" * 100_000
    await served.post("/v1/apply", {"items": [{"text": "small"}]})
    await served.post("/v1/apply", {"items": [{"text": text}]})
    manifest = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x"}, "text": text}
    await served.post("/v1/apply", manifest, content_type="application/yaml")
    served.service.answers["get"] = pb.StoredObject(text=text)
    await served.client.get("/v1/objects/Cluster/a")
    here = threading.current_thread()
    assert [(name, thread is here) for name, thread in done] == [
        ("from_json", True),
        ("answer", True),
        ("from_json", False),
        ("answer", True),
        ("from_manifests", False),
        ("answer", True),
        ("answer", False),
    ]


async def test_who_goes_is_not_waited_for_any_longer(served: Served) -> None:
    served.service.waits = True
    asking = asyncio.create_task(served.post("/v1/wait-accepted", {"timeout": "600s"}))
    async with asyncio.timeout(PATIENCE):
        await served.service.waiting.wait()
        asking.cancel()
        await served.service.ended.wait()
    assert served.faults == []


# ------------------------------------------------------------------------------------------------------------ who calls

PROOF = {"authorization": f"Bearer {TOKEN}"}


async def test_who_proves_nothing_has_no_body_read_and_no_page_shown() -> None:
    async with serving(doorman=doorman()) as served:
        response = await served.client.post("/v1/apply", content=b"{", headers={"content-type": "text/plain"})
        assert (response.status_code, reason(response)) == (401, "NO_PROOF")
        assert response.headers["www-authenticate"] == "Bearer"
        for path in ("/v1/objects", "/v1/watch", "/openapi.json", "/docs", "/"):
            assert (await served.client.get(path)).status_code == 401
            wrong = await served.client.get(path, headers={"authorization": "Bearer wrong"})
            assert (wrong.status_code, reason(wrong)) == (401, "TOKEN_REFUSED")
        assert served.service.asked == []


async def test_who_proves_who_they_are_is_passed_on_by_that_name() -> None:
    async with serving(doorman=doorman()) as served:
        assert (await served.client.get("/v1/objects", headers=PROOF)).status_code == 200
        assert (await served.client.get("/openapi.json", headers=PROOF)).status_code == 200
        (caller,) = served.service.callers
        assert (caller.who.name, caller.private, caller.secured) == ("token:ci", False, False)


async def test_a_good_token_does_not_make_a_foreign_request_good() -> None:
    async with serving(doorman=doorman()) as served:
        for headers in ({"host": "evil.example"}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            with capture_logs() as logs:
                response = await served.client.get("/v1/objects", headers={**PROOF, **headers})
            assert (response.status_code, reason(response)) == (403, "FOREIGN_REQUEST")
            assert [(each["outcome"], each["reason"]) for each in logs] == [("PERMISSION_DENIED", "FOREIGN_REQUEST")]


async def test_with_tls_it_may_be_called_by_any_name_of_its_own() -> None:
    async with serving(doorman=doorman(), secured=True) as served:
        host = {"host": "legation.legation.svc:18006"}
        assert (await served.client.get("/v1/objects", headers={**PROOF, **host})).status_code == 200
        origin = {"origin": "https://evil.example"}
        assert (await served.client.get("/v1/objects", headers={**PROOF, **host, **origin})).status_code == 403
        assert served.service.callers[0].secured
