"""A connection from an address and the file of a token: what is trusted, what is shown, and what is read again."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from legation.errors import KubeConfigError, KubeError, KubeUnreachable
from legation.kube import direct
from legation.kube.client import Client
from legation.kube.connection import Connection, User
from legation.testing import FakeKube
from legation.tls.pem import NONE, Pem
from tests.unit.kube.certificates import Authority
from tests.unit.kube.loopback import Loopback, fine, loopback, server_tls

PODS = "/api/v1/namespaces/shop/pods/a"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is mounted."""
    for name, content in {"token": "hush\n", "ca.crt": "PEM"}.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def connection(folder: Path, *, server: str = "https://kubernetes.default", **options: Any) -> Connection:
    ca_file, token_file = str(folder / "ca.crt"), str(folder / "token")
    return direct.connection(server=server, **{"ca_file": ca_file, "token_file": token_file, **options})


@contextlib.asynccontextmanager
async def client_of(reached: Connection) -> AsyncIterator[Client]:
    client = Client(reached)
    try:
        yield client
    finally:
        await client.aclose()


def test_in_a_pod(folder: Path) -> None:
    assert connection(folder) == Connection(
        server="https://kubernetes.default",
        authority=Pem(file=str(folder / "ca.crt")),
        user=User(token_file=str(folder / "token"), token_may_lack=True),
    )


def test_where_things_lie_if_nothing_is_said() -> None:
    found = direct.connection(server="https://kubernetes", ca_file="/nowhere")
    assert found.user.token_file == "/var/run/secrets/kubernetes.io/serviceaccount/token"
    assert direct.CA_FILE == "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"


@pytest.mark.parametrize(
    ("written", "server"),
    [
        ("https://kubernetes.default/", "https://kubernetes.default"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("https://a:6443/prefix//", "https://a:6443/prefix"),
    ],
)
def test_addresses(folder: Path, written: str, server: str) -> None:
    assert connection(folder, server=written).server == server


@pytest.mark.parametrize("written", ["", "kubernetes", "ftp://a", "https://", "https://me:hush@a", "https://a?x"])
def test_what_is_no_address(folder: Path, written: str) -> None:
    with pytest.raises(KubeConfigError, match="the address of the API server: ") as raised:
        connection(folder, server=written)
    assert "hush" not in str(raised.value)


def test_whom_one_trusts(folder: Path) -> None:
    assert connection(folder).authority == Pem(file=str(folder / "ca.crt"))
    assert connection(folder, environment={"SSL_CERT_FILE": "/roots.pem"}).authority == Pem(file="/roots.pem")
    assert connection(folder, ca_file=str(folder / "none")).authority == NONE
    assert connection(folder, ca_file="").authority == NONE
    assert connection(folder, server="http://127.0.0.1:8001").authority == NONE
    insecure = connection(folder, insecure=True, environment={"SSL_CERT_FILE": "/roots.pem"})
    assert insecure.insecure
    assert insecure.authority == NONE


def test_the_proxy_of_the_environment(folder: Path) -> None:
    environment = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "10.0.0.0/8"}
    assert connection(folder, environment=environment).proxy == "http://proxy:3128"
    assert connection(folder, server="https://10.1.2.3", environment=environment).proxy == ""
    assert connection(folder).proxy == ""


@contextlib.asynccontextmanager
async def served(authority: Authority, folder: Path) -> AsyncIterator[Loopback]:
    tls = server_tls(authority.issue("127.0.0.1"), folder)
    async with loopback(fine, tls=tls) as server:
        yield server


async def test_a_ca_that_is_replaced_is_read_again(folder: Path) -> None:
    old, new = Authority("old"), Authority("new")
    (folder / "ca.crt").write_bytes(old.pem)
    async with served(new, folder) as server, client_of(connection(folder, server=server.url)) as client:
        with pytest.raises(KubeUnreachable, match="is signed by nobody"):
            await client.request("GET", PODS)
        (folder / "ca.crt").write_bytes(new.pem + old.pem)
        await client.request("GET", PODS)


async def test_who_trusts_anybody(folder: Path) -> None:
    async with (
        served(Authority(), folder) as server,
        client_of(connection(folder, server=server.url, insecure=True)) as client,
    ):
        await client.request("GET", PODS)


async def test_a_slash_at_the_end(folder: Path) -> None:
    async with loopback(fine) as server, client_of(connection(folder, server=f"{server.url}/")) as client:
        await client.request("GET", PODS)
        assert server.asked[0].target == PODS
        assert server.asked[0].headers["authorization"] == "Bearer hush"


@pytest.mark.parametrize("how", ["missing", "empty", "a folder"])
async def test_without_a_token_one_asks_as_nobody_until_there_is_one(folder: Path, how: str) -> None:
    token = folder / "token"
    token.unlink()
    if how == "empty":
        token.touch()
    elif how == "a folder":
        token.mkdir()
    async with loopback(fine) as server, client_of(connection(folder, server=server.url)) as client:
        await client.request("GET", PODS)
        assert "authorization" not in server.asked[-1].headers
        if how == "a folder":
            token.rmdir()
        token.write_text("hush")
        await client.request("GET", PODS)
        assert server.asked[-1].headers["authorization"] == "Bearer hush"
        # It is renewed, and taken away.
        token.write_text("other")
        await client.request("GET", PODS)
        assert server.asked[-1].headers["authorization"] == "Bearer other"
        token.unlink()
        await client.request("GET", PODS)
        assert server.asked[-1].headers["authorization"] == "Bearer other"


async def test_a_token_that_has_run_out_is_read_again_at_once(folder: Path) -> None:
    async with FakeKube() as kube:
        kube.put({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "a"}})
        (folder / "token").write_text("old")
        async with client_of(connection(folder, server=kube.url)) as client:
            with pytest.raises(KubeError, match="401") as raised:
                await client.request("GET", PODS)
            assert "old" not in str(raised.value)
            (folder / "token").write_text(next(iter(kube.tokens)))
            await client.request("GET", PODS)


async def test_what_is_no_token_is_not_shown(folder: Path) -> None:
    (folder / "token").write_text("hush häsh")
    async with loopback(fine) as server, client_of(connection(folder, server=server.url)) as client:
        with pytest.raises(KubeUnreachable, match="what stands there is no token") as raised:
            await client.request("GET", PODS)
    assert "hush" not in str(raised.value)


def test_why_there_is_no_token(folder: Path) -> None:
    token = folder / "token"
    assert direct.token_fault(str(token)) == ""
    token.write_text("hush häsh")
    assert direct.token_fault(str(token)) == (
        f"{token}: what stands there is no token: a token is one word of ASCII characters"
    )
    token.write_text(" \n")
    assert direct.token_fault(str(token)) == f"{token}: there is no token in it"
    token.unlink()
    assert direct.token_fault(str(token)) == f"{token}: the token cannot be read: no such file or directory"
