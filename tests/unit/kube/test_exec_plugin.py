"""Plugins that log in: real programs, run by the shell."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from legation.errors import KubeUnreachable
from legation.kube.client import Client
from legation.kube.connection import Connection, ExecPlugin, User
from legation.kube.credentials import Login
from legation.kube.exec_plugin import PluginCredentials
from legation.kube.logins import credentials_for
from legation.tls.pem import Pem
from tests.unit.kube.loopback import PATIENCE, Answer, Asked, loopback

V1 = "client.authentication.k8s.io/v1"
SECRET = "hush-hush"


def answer(**status: Any) -> str:
    """Return what a plugin prints."""
    return json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": status})


class Program:
    """A plugin in a folder: it counts its runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "login"
        self.plugin = ExecPlugin(api_version=V1, command=str(self.path))
        self.prints(answer(token=SECRET))

    def does(self, script: str) -> None:
        """Let it do this."""
        self.path.write_text(f"#!/bin/sh\necho >>'{self.folder}/runs'\n{script}\n")
        self.path.chmod(0o755)

    def prints(self, text: str) -> None:
        """Let it print this."""
        (self.folder / "output").write_text(text)
        self.does(f"cat '{self.folder}/output'")

    @property
    def runs(self) -> int:
        """How often it ran."""
        runs = self.folder / "runs"
        return len(runs.read_text().splitlines()) if runs.exists() else 0

    def credentials(self, *, user: User | None = None, now: float = 0.0, limit: float = PATIENCE) -> PluginCredentials:
        """Return the logins that it gives."""
        return PluginCredentials(self.plugin, user=user or User(), wall=lambda: now, limit=limit)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A plugin."""
    return Program(tmp_path)


async def refusal(credentials: PluginCredentials) -> str:
    """Return why there is no login."""
    with pytest.raises(KubeUnreachable) as raised:
        await credentials.login()
    assert SECRET not in str(raised.value)
    return str(raised.value)


async def test_a_token_is_asked_for_once(program: Program) -> None:
    credentials = program.credentials()
    logins = [await credentials.login() for _ in range(3)]
    assert logins == [Login(authorization=f"Bearer {SECRET}")] * 3
    assert program.runs == 1
    assert SECRET not in repr(logins)


async def test_many_at_once_wait_for_one(program: Program) -> None:
    credentials = program.credentials()
    assert len({await each for each in asyncio.as_completed([credentials.login() for _ in range(5)])}) == 1
    assert program.runs == 1


async def test_many_at_once_fail_with_one(program: Program) -> None:
    program.does("exit 1")
    credentials = program.credentials()
    outcomes = await asyncio.gather(*(credentials.login() for _ in range(5)), return_exceptions=True)
    assert {type(each) for each in outcomes} == {KubeUnreachable}
    assert program.runs == 1
    # Who asks later has it try again.
    await refusal(credentials)
    assert program.runs == 2


@pytest.mark.parametrize(
    ("now", "runs"), [("2025-01-02T03:04:04+00:00", 1), ("2025-01-02T03:04:05+00:00", 2), ("2026-01-01T00:00:00Z", 2)]
)
async def test_a_login_that_runs_out(program: Program, now: str, runs: int) -> None:
    program.prints(answer(token=SECRET, expirationTimestamp="2025-01-02T03:04:05.000000000Z"))
    credentials = program.credentials(now=datetime.fromisoformat(now).timestamp())
    await credentials.login()
    await credentials.login()
    assert program.runs == runs


async def test_a_login_that_is_refused_is_asked_for_again(program: Program) -> None:
    credentials = program.credentials()
    first = await credentials.login()
    program.prints(answer(token="other"))
    assert credentials.refused(first)
    second = await credentials.login()
    assert second.authorization == "Bearer other"
    # Somebody else was refused with the first one meanwhile: that says nothing of the second.
    assert credentials.refused(first)
    assert await credentials.login() is second
    assert program.runs == 2


async def test_a_client_certificate(program: Program) -> None:
    program.prints(answer(clientCertificateData="CERT", clientKeyData="KEY"))
    user = User(certificate=Pem(data=b"mine"), key=Pem(data=b"mine"))
    assert await program.credentials(user=user).login() == Login(certificate=Pem(data=b"CERT"), key=Pem(data=b"KEY"))


async def test_the_user_s_own_certificate_stays(program: Program) -> None:
    user = User(certificate=Pem(file="a"), key=Pem(file="b"))
    login = await program.credentials(user=user).login()
    assert login == Login(authorization=f"Bearer {SECRET}", certificate=Pem(file="a"), key=Pem(file="b"))


async def test_what_it_is_told(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "ours")
    program.does(f"""
        env >'{program.folder}/env'; cat >'{program.folder}/stdin'; echo "$@" >'{program.folder}/args'
        cat '{program.folder}/output'
    """)
    program.plugin = replace(
        program.plugin,
        arguments=("a", "b c"),
        environment=(("THEIRS", "theirs"),),
        cluster_info='{"server":"https://a"}',
    )
    await program.credentials().login()
    environment = dict(line.split("=", 1) for line in (program.folder / "env").read_text().splitlines() if "=" in line)
    assert (environment["OURS"], environment["THEIRS"]) == ("ours", "theirs")
    assert json.loads(environment["KUBERNETES_EXEC_INFO"]) == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {"interactive": False, "cluster": {"server": "https://a"}},
    }
    assert (program.folder / "args").read_text() == "a b c\n"
    assert (program.folder / "stdin").read_text() == ""


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        (SECRET, "it printed no JSON"),
        (f'["{SECRET}"]', "it printed no ExecCredential"),
        (f'{{"kind":"{SECRET}"}}', "it printed no ExecCredential"),
        (answer(token=SECRET).replace("/v1", "/v1beta1"), f"it does not answer in {V1}; give the apiVersion that"),
        (answer().replace('"status": {}', '"status": null'), "its answer has no status"),
        (answer(), "its answer has neither a token nor a client certificate"),
        (answer(token=5), "status.token of its answer is no text"),
        (answer(token=f"{SECRET} {SECRET}"), "what stands there is no token"),
        (answer(clientKeyData=SECRET), "its answer has a certificate without a key, or a key without a certificate"),
        (answer(token=SECRET, expirationTimestamp="soon"), "status.expirationTimestamp of its answer is no time"),
        (answer(token=SECRET, expirationTimestamp="2025-01-01T00:00:00"), "status.expirationTimestamp of its answer"),
    ],
)
async def test_answers_that_do_not_fit(program: Program, printed: str, words: str) -> None:
    program.prints(printed)
    assert (await refusal(program.credentials())).startswith(f"exec plugin {program.path}: {words}")


async def test_it_fails_and_says_why(program: Program) -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl"
    program.does(f"echo '{SECRET}'; echo '{'x' * 400} cannot log\n  in with {token}' >&2; exit 3")
    words = await refusal(program.credentials())
    assert words.startswith(f"exec plugin {program.path}: its exit status is 3; it says: ...xxx")
    assert words.endswith("cannot log in with (a token)")
    assert len(words) < 400 + len(str(program.path))


async def test_it_fails_and_does_not_say_why(program: Program) -> None:
    program.does("exit 3")
    assert (await refusal(program.credentials())).endswith("its exit status is 3, and it does not say why")


async def test_there_is_no_such_program(program: Program) -> None:
    program.plugin = ExecPlugin(api_version=V1, command="no-such-program", install_hint="get it from a shelf")
    words = "exec plugin no-such-program: it cannot be started: no such file or directory; get it from a shelf"
    assert await refusal(program.credentials()) == words


@pytest.mark.parametrize("then", ["wait", "exit 0"])
async def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(program: Program, then: str) -> None:
    alive = fifo(program)
    program.does(f"exec 9>'{alive}'; sleep 1000 & {then}")
    # Nobody waits for the other one to open it: a program that starts slowly may be ended before it does.
    with os.fdopen(os.open(alive, os.O_RDONLY | os.O_NONBLOCK)) as held:
        os.set_blocking(held.fileno(), True)
        assert await refusal(program.credentials(limit=0.5)) == f"exec plugin {program.path}: it took longer than 0.5 s"
        assert await asyncio.to_thread(held.read) == ""


async def test_who_is_cancelled_ends_the_program(program: Program) -> None:
    alive = fifo(program)
    program.does(f"exec 9>'{alive}'; exec sleep 1000")
    task = asyncio.create_task(program.credentials().login())
    started = await asyncio.to_thread(alive.open)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with started:
        assert await asyncio.to_thread(started.read) == ""


def fifo(program: Program) -> Path:
    """Return a pipe that has an end when all have ended who hold it open."""
    path = program.folder / "alive"
    os.mkfifo(path)
    return path


@pytest.fixture
async def client(program: Program) -> AsyncIterator[Client]:
    """A client that logs in by the plugin, at a server that takes `new` alone."""

    async def speak(asked: Asked, reply: Answer) -> None:
        if asked.headers.get("authorization") == "Bearer new":
            await reply.whole()
        else:
            await reply.status(401, "Unauthorized", "Unauthorized")

    async with loopback(speak) as server:
        made = Client(Connection(server=server.url, user=User(plugin=program.plugin)))
        yield made
        await made.aclose()


async def test_a_client_whose_login_is_refused_has_the_plugin_run_again(program: Program, client: Client) -> None:
    program.does(
        f"""printf '{answer(token="%s")}' "$([ "$(wc -l <'{program.folder}/runs')" -gt 1 ] && echo new || echo old)" """
    )
    assert await client.request("GET", "/x") == b"{}"
    assert await client.request("GET", "/x") == b"{}"
    assert program.runs == 2


async def test_a_token_that_is_told_goes_before_the_plugin(program: Program) -> None:
    assert (await credentials_for(User(token="told", plugin=program.plugin)).login()).authorization == "Bearer told"
    assert program.runs == 0
