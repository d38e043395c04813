"""What a refusal says, whoever has written it."""

from __future__ import annotations

import json
import socket
import ssl

import httpx2
import pytest

from legation.errors import KubeError, KubeUnreachable
from legation.kube.failures import refusal, told_as_unreachable

WHAT = "GET /api/v1/pods at https://a"


def refused(status: int, body: object, **headers: str) -> KubeError:
    """Return the error for an answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(WHAT, status=status, headers=named, body=content)


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (404, b"404 page not found\n", "text/plain; charset=utf-8", f"{WHAT}: 404 Not Found: 404 page not found"),
        (502, b"<html>oh</html>", "text/html", f"{WHAT}: 502 Bad Gateway"),
        (500, b'{"kind":"Pod","message":"secret"}', "application/json", f"{WHAT}: 500 Internal Server Error"),
        (500, b"[]", "application/json", f"{WHAT}: 500 Internal Server Error"),
        (500, b"[" * 100_000 + b"]" * 100_000, "application/json", f"{WHAT}: 500 Internal Server Error"),
        (500, b"", "", f"{WHAT}: 500 Internal Server Error"),
        (799, b"", "", f"{WHAT}: 799 of no known meaning"),
    ],
)
def test_whoever_answers(status: int, body: bytes, kind: str, words: str) -> None:
    error = refused(status, body, content_type=kind)
    assert str(error) == words
    assert error.reason == ""


def test_long_words_are_cut() -> None:
    error = refused(422, {"kind": "Status", "message": "x" * 5000})
    assert str(error).endswith("x" * 1000 + "...")


@pytest.mark.parametrize(
    ("headers", "details", "wait"),
    [
        ({}, None, None),
        ({"retry_after": "3"}, {"retryAfterSeconds": 5}, 3),
        ({"retry_after": "Fri, 31 Dec 1999 23:59:59 GMT"}, {"retryAfterSeconds": 5}, 5),
        ({}, {"retryAfterSeconds": 5}, 5),
        ({"retry_after": "0"}, {"retryAfterSeconds": "soon"}, None),
        ({"retry_after": "3"}, ["soon"], 3),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], details: object, wait: float | None) -> None:
    assert refused(429, {"kind": "Status", "details": details}, **headers).retry_after == wait


def test_what_nobody_has_words_for_is_told_as_it_is() -> None:
    with (
        pytest.raises(KubeUnreachable, match=r"^the API server at https://a cannot be reached: some thing$") as raised,
        told_as_unreachable("https://a"),
    ):
        raise httpx2.ConnectError("some\n thing")
    assert isinstance(raised.value.__cause__, httpx2.ConnectError)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx2.ConnectTimeout(""), "does not take the connection in time"),
        (httpx2.ReadTimeout(""), "does not answer in time"),
        (socket.gaierror(-2, "unknown"), "has no address: its host name is not known here"),
        (ExceptionGroup("all", [OSError("a"), ConnectionRefusedError()]), "refuses connections"),
        (ssl.SSLError(1, "[SSL: TLSV1_ALERT_UNKNOWN_CA] a"), "cannot be spoken to by TLS"),
        (OSError(113, "No route to host"), "cannot be reached: .*No route to host"),
    ],
)
def test_the_innermost_reason_is_told(error: Exception, words: str) -> None:
    outer = httpx2.ConnectError(str(error))
    outer.__cause__ = error
    with pytest.raises(KubeUnreachable, match=words), told_as_unreachable("https://a"):
        raise outer


def test_the_causes_are_kept_and_what_is_none_is_passed_over() -> None:
    causes = [{"reason": "FieldValueInvalid", "field": "spec.a", "message": "no"}, "x", {"field": "b"}]
    body = {"kind": "Status", "message": "is invalid", "details": {"causes": causes}}
    error = refused(422, body)
    assert error.words == "is invalid"
    assert [(each.reason, each.field, each.message) for each in error.causes] == [
        ("FieldValueInvalid", "spec.a", "no"),
        ("", "b", ""),
    ]
    assert refused(422, {"kind": "Status", "details": {"causes": 3}}).causes == ()
    assert refused(502, b"<html>").words == ""


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (ConnectionRefusedError(), False),
        (httpx2.ConnectError("no"), False),
        (httpx2.ConnectTimeout("no"), False),
        (httpx2.ProxyError("no"), False),
        (httpx2.ReadError("no"), True),
        (httpx2.WriteError("no"), True),
        (httpx2.ReadTimeout("no"), True),
        (httpx2.RemoteProtocolError("no"), True),
        (TimeoutError(), True),
    ],
)
def test_it_is_known_whether_the_server_may_have_got_the_request(error: Exception, *, found: bool) -> None:
    with pytest.raises(KubeUnreachable) as raised, told_as_unreachable("https://a"):
        raise error
    assert raised.value.was_asked is found
