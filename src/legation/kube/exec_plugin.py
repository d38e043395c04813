"""Logins from a program: what it is told, what it answers, how long that holds.

It knows the exec plugins of client-go. It refuses to let one ask a person: there is none. Invariant: what the program
answers is kept until it runs out or is refused, and is never shown; those who wait for one run share its outcome.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from legation.errors import KubeUnreachable
from legation.kube.connection import ExecPlugin, User
from legation.kube.credentials import Login, bearer
from legation.small_files import why
from legation.tls.pem import Pem

LIMIT = 60.0
"""Seconds for one run."""
_LAST_WORDS = 1.0
"""Seconds for the output of a program that was killed to end."""
_LONGEST = 300
"""Characters of what the program complains."""
_JSON_WEB_TOKEN = re.compile(r"eyJ[\w-]+(\.[\w-]*)*")
_FOREVER = float("inf")


class PluginCredentials:
    """The logins that one plugin gives for one user."""

    def __init__(
        self, plugin: ExecPlugin, *, user: User, wall: Callable[[], float] = time.time, limit: float = LIMIT
    ) -> None:
        """Take the plugin; nothing runs yet.

        Args:
            plugin: The program.
            user: Whose client certificate to show if the plugin gives none.
            wall: The time of day in seconds since 1970, which a login's end is compared with.
            limit: Seconds for one run.
        """
        self._plugin = plugin
        self._user = user
        self._wall = wall
        self._limit = limit
        self._login: Login | None = None
        self._until = _FOREVER
        self._running = asyncio.Lock()
        self._failures = 0
        self._words = ""

    async def login(self) -> Login:
        """Return the login that holds, or have the program give another.

        Raises:
            KubeUnreachable: It fails, takes too long or says what cannot be understood.
        """
        failures = self._failures
        async with self._running:
            if self._login is not None and self._wall() < self._until:
                return self._login
            if failures != self._failures:
                raise KubeUnreachable(self._words)
            try:
                self._login, self._until = self._read(await self._run())
            except KubeUnreachable as error:
                self._login = None
                self._failures += 1
                self._words = str(error)
                raise
            return self._login

    def refused(self, login: Login, /) -> bool:
        """Forget that login, unless there is another one by now."""
        if login is self._login:
            self._login = None
        return True

    async def _run(self) -> bytes:
        """Return what the program prints."""
        try:
            process = await asyncio.create_subprocess_exec(
                self._plugin.command,
                *self._plugin.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **dict(self._plugin.environment), "KUBERNETES_EXEC_INFO": _told(self._plugin)},
                # So that what it starts itself can be ended with it.
                start_new_session=True,
            )
        except OSError as error:
            hint = f"; {self._plugin.install_hint}" if self._plugin.install_hint else ""
            raise self._failed(f"it cannot be started: {why(error)}{hint}") from error
        try:
            async with asyncio.timeout(self._limit):
                output, complaint = await process.communicate()
        except TimeoutError:
            await _end(process)
            raise self._failed(f"it took longer than {self._limit:g} s") from None
        except asyncio.CancelledError:
            await _end(process)
            raise
        if process.returncode:
            raise self._failed(f"its exit status is {process.returncode}{_said(complaint)}")
        return output

    def _read(self, output: bytes) -> tuple[Login, float]:
        """Return the login in an answer, and until when it holds."""
        try:
            answer = json.loads(output)
        except ValueError:
            raise self._failed("it printed no JSON") from None
        if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential":
            raise self._failed("it printed no ExecCredential")
        if answer.get("apiVersion") != self._plugin.api_version:
            raise self._failed(f"it does not answer in {self._plugin.api_version}; give the apiVersion that it speaks")
        status = answer.get("status")
        if not isinstance(status, dict):
            raise self._failed("its answer has no status")
        token, certificate, key = (self._text(status, name) for name in _PARTS)
        if bool(certificate) != bool(key):
            raise self._failed("its answer has a certificate without a key, or a key without a certificate")
        if not token and not certificate:
            raise self._failed("its answer has neither a token nor a client certificate")
        login = Login(
            authorization=bearer(token, place=self._place) if token else "",
            certificate=Pem(data=certificate.encode()) if certificate else self._user.certificate,
            key=Pem(data=key.encode()) if certificate else self._user.key,
        )
        return login, self._end(status)

    def _text(self, status: Mapping[str, Any], name: str) -> str:
        value = status.get(name) or ""
        if not isinstance(value, str):
            raise self._failed(f"status.{name} of its answer is no text")
        return value

    def _end(self, status: Mapping[str, Any]) -> float:
        written = self._text(status, "expirationTimestamp")
        if not written:
            return _FOREVER
        try:
            end = datetime.fromisoformat(written)
        except ValueError:
            end = None
        if end is None or end.tzinfo is None:
            raise self._failed("status.expirationTimestamp of its answer is no time as in RFC 3339")
        return end.timestamp()

    @property
    def _place(self) -> str:
        return f"exec plugin {self._plugin.command}"

    def _failed(self, what: str) -> KubeUnreachable:
        return KubeUnreachable(f"{self._place}: {what}")


_PARTS = ("token", "clientCertificateData", "clientKeyData")


def _told(plugin: ExecPlugin) -> str:
    spec: dict[str, Any] = {"interactive": False}
    if plugin.cluster_info:
        spec["cluster"] = json.loads(plugin.cluster_info)
    return json.dumps({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec})


def _said(complaint: bytes) -> str:
    """Return the end of what the program wrote for people, where the reason usually stands."""
    words = _JSON_WEB_TOKEN.sub("(a token)", " ".join(complaint.decode(errors="replace").split()))
    if not words:
        return ", and it does not say why"
    return f"; it says: {words if len(words) <= _LONGEST else f'...{words[-_LONGEST:]}'}"


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the program and all that it has started: that alone may be what keeps its output open."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # The output ends with the last of them, unless one has left for a session of its own.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORDS):
            await process.communicate()
