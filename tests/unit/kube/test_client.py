"""The client against a server on loopback: what it asks, what it makes of the answers, and of there being none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import traceback
from pathlib import Path

import pytest

from legation.errors import KubeConflict, KubeError, KubeForbidden, KubeGone, KubeNotFound, KubeUnreachable
from legation.kube.client import Client
from legation.kube.connection import Connection, User
from tests.unit.kube.loopback import TOKEN, Answer, Asked, client_of, fine, loopback


async def ask(client: Client, how: str, path: str) -> None:
    """Ask once, for the whole or line by line."""
    if how == "request":
        await client.request("GET", path)
    else:
        async with client.stream(path):
            pass


async def test_a_request_says_who_asks_for_what() -> None:
    async with loopback(fine) as server, client_of(server) as client:
        body = await client.request("GET", "/api/v1/pods", params={"labelSelector": "app in (a,b)", "limit": "5"})

    assert body == b'{"kind":"Pod"}'
    (asked,) = server.asked
    assert (asked.method, asked.target) == ("GET", "/api/v1/pods?labelSelector=app+in+%28a%2Cb%29&limit=5")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["user-agent"] == "legation"
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["accept-encoding"] == "identity"
    assert "content-type" not in asked.headers


async def test_what_is_sent_has_its_content_type() -> None:
    async with loopback(fine) as server, client_of(server) as client:
        await client.request(
            "PATCH", "/x", body=b"{}", content_type="application/merge-patch+json", accept="text/plain"
        )

    (asked,) = server.asked
    assert asked.body == b"{}"
    assert asked.headers["content-type"] == "application/merge-patch+json"
    assert asked.headers["accept"] == "text/plain"


async def test_a_path_of_the_server_goes_before_every_other() -> None:
    async with loopback(fine) as server:
        client = Client(Connection(server=f"{server.url}/k8s/clusters/c-1"))
        await client.request("GET", "/api/v1/pods")
        await client.aclose()

    assert server.asked[0].target == "/k8s/clusters/c-1/api/v1/pods"
    assert "authorization" not in server.asked[0].headers


async def test_name_and_password_and_whom_to_act_as() -> None:
    user = User(username="me", password="pässword", headers=(("Impersonate-Group", "a"), ("Impersonate-Group", "b")))
    async with loopback(fine) as server, client_of(server, user) as client:
        await client.request("GET", "/x")

    assert server.asked[0].headers["authorization"] == "Basic bWU6cMOkc3N3b3Jk"
    assert server.asked[0].headers["impersonate-group"] == "a, b"


async def test_connections_are_used_again() -> None:
    async with loopback(fine) as server, client_of(server) as client:
        for _ in range(3):
            await client.request("GET", "/x")
    assert server.connections == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, KubeError),
        (401, KubeError),
        (403, KubeForbidden),
        (404, KubeNotFound),
        (409, KubeConflict),
        (410, KubeGone),
        (422, KubeError),
        (500, KubeError),
    ],
)
@pytest.mark.parametrize("how", ["request", "stream"])
async def test_a_refusal_is_told_in_the_words_of_the_server(status: int, kind: type[KubeError], how: str) -> None:
    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.status(status, "SomeReason", 'pods "a" are not for you')

    async with loopback(speak) as server, client_of(server) as client:
        with pytest.raises(KubeError) as raised:
            await ask(client, how, "/api/v1/pods")
    assert type(raised.value) is kind
    assert raised.value.status == status
    assert raised.value.reason == "SomeReason"
    assert raised.value.retry_after is None
    assert f"GET /api/v1/pods at {server.url}: {status} " in str(raised.value)
    assert 'pods "a" are not for you' in str(raised.value)
    # A token that nobody renews is not tried twice.
    assert len(server.asked) == 1


async def test_who_is_asked_to_wait_is_told_how_long() -> None:
    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.status(429, "TooManyRequests", "slower", retry_after="7")

    async with loopback(speak) as server, client_of(server) as client:
        with pytest.raises(KubeError, match="slower") as raised:
            await client.request("GET", "/x")
    assert raised.value.retry_after == 7


async def test_a_redirect_is_not_followed() -> None:
    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.whole(302, b"", location=f"{server.url}/elsewhere")

    async with loopback(speak) as server, client_of(server) as client:
        with pytest.raises(KubeError, match="a redirect, which is not followed"):
            await client.request("GET", "/x")
    assert len(server.asked) == 1


async def test_cookies_are_not_kept() -> None:
    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.whole(set_cookie="a=b")

    async with loopback(speak) as server, client_of(server) as client:
        await client.request("GET", "/x")
        await client.request("GET", "/x")
    assert "cookie" not in server.asked[1].headers


async def test_a_token_that_was_renewed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old\n")
    async with loopback(fine) as server, client_of(server, User(token_file=str(file))) as client:
        await client.request("GET", "/x")
        file.write_text("newer\n")
        await client.request("GET", "/x")
        file.unlink()
        await client.request("GET", "/x")
    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer old", "Bearer newer", "Bearer newer"]


@pytest.mark.parametrize("how", ["request", "stream"])
async def test_who_is_refused_reads_the_token_again_once(tmp_path: Path, how: str) -> None:
    file = tmp_path / "token"
    file.write_text("same")

    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.status(401, "Unauthorized", "Unauthorized")

    async with loopback(speak) as server, client_of(server, User(token_file=str(file))) as client:
        with pytest.raises(KubeError, match=r"401 Unauthorized: Unauthorized \(log in again") as raised:
            await ask(client, how, "/x")
    assert raised.value.status == 401
    assert len(server.asked) == 2


async def test_a_second_try_may_succeed(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old")

    os.utime(file, (1, 1))

    async def speak(asked: Asked, answer: Answer) -> None:
        if asked.headers["authorization"] == "Bearer new":
            await answer.whole(body=b"1")
        else:
            # Nothing but its content tells that the file has changed.
            file.write_text("new")
            os.utime(file, (1, 1))
            await answer.status(401, "Unauthorized", "Unauthorized")

    async with loopback(speak) as server, client_of(server, User(token_file=str(file))) as client:
        assert await client.request("POST", "/x", body=b"once") == b"1"
    assert [asked.body for asked in server.asked] == [b"once"] * 2


async def test_nobody_listens() -> None:
    async with loopback(fine) as server:
        pass
    async with client_of(server) as client:
        with pytest.raises(KubeUnreachable, match=f"the API server at {server.url} refuses connections") as raised:
            await client.request("GET", "/x")
    assert raised.value.__cause__ is not None


async def test_a_server_that_says_nothing() -> None:
    async def speak(asked: Asked, answer: Answer) -> None:
        await asyncio.Event().wait()

    async with loopback(speak) as server, client_of(server) as client:
        with pytest.raises(KubeUnreachable, match="does not answer in time"):
            await client.request("GET", "/x", timeout=0.05)


async def test_a_server_that_never_comes_to_an_end() -> None:
    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.begin()
        with contextlib.suppress(ConnectionError):
            while True:
                await answer.part(b"a")
                await asyncio.sleep(0)

    async with loopback(speak) as server, client_of(server) as client:
        with pytest.raises(KubeUnreachable, match="does not answer in time"):
            await client.request("GET", "/x", timeout=0.1)


async def test_a_server_that_hangs_up() -> None:
    async def speak(asked: Asked, answer: Answer) -> None:
        answer.cut()

    async with loopback(speak) as server, client_of(server) as client:
        with pytest.raises(KubeUnreachable, match="broke the connection off"):
            await client.request("GET", "/x")


@pytest.mark.parametrize("token", ["zwei-wörter", "qqqq xxxx", "qqqq\r\nxxxx"])
async def test_a_token_that_no_header_can_carry_is_not_shown(tmp_path: Path, token: str) -> None:
    file = tmp_path / "token"
    file.write_bytes(token.encode())
    async with loopback(fine) as server, client_of(server, User(token_file=str(file))) as client:
        with pytest.raises(KubeUnreachable, match="what stands there is no token") as raised:
            await client.request("GET", "/x")
    async with loopback(fine) as server, client_of(server, User(token=token)) as client:
        with pytest.raises(KubeUnreachable, match="the token of the user: what stands there is no token"):
            await client.request("GET", "/x")
    shown = "".join(traceback.format_exception(raised.value))
    assert not any(word in shown for word in token.split())
    assert not server.asked


async def test_nothing_shows_a_credential() -> None:
    user = User(token=TOKEN, password=TOKEN)
    connection = Connection(server="http://localhost", user=user, proxy=f"http://me:{TOKEN}@localhost")
    assert TOKEN not in repr(connection)
    assert TOKEN not in repr(vars(Client(connection)))
