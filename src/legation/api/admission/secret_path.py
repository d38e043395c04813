"""The path that the API server alone knows: a random secret in a Secret, from which it gets into the configuration.

The API server shows nothing that it could be told from others by, and whoever reaches the port may ask. So what a
question may learn hangs on where it is asked. The one invariant: the secret stands in that Secret and in the
ValidatingWebhookConfiguration, and in no log line, problem or page.

One replica makes it, the one that leads; all replicas know it from the Secret. While none is known, nobody is let in.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from legation.api.keeping.keeper import not_watched
from legation.api.keeping.secret import SECRETS, WEBHOOK
from legation.clock import Clock, set_or
from legation.errors import KubeConflict, KubeError, KubeForbidden, KubeUnreachable
from legation.kube import objects
from legation.kube.client import Client
from legation.kube.named_object import NamedObject
from legation.model.problems import Level, Problem

CODE = "webhook-certificate"
"""Of the problems that are told of the webhook's Secret and configurations."""
KEY = "path"
"""Of the Secret."""
_BYTES = 32
_SECRET = re.compile(r"[0-9a-f]{64}", re.ASCII)
_AGAIN = 10.0
"""Seconds until what failed is tried again, and between two looks whether this replica leads."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Secret(msgspec.Struct):
    metadata: _Metadata
    data: dict[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    version: str
    secret: str = field(repr=False)
    """Empty: none that is good for anything."""


class SecretPath:
    """The secret, of one server of several."""

    def __init__(
        self,
        client: Client,
        *,
        namespace: str,
        name: str,
        leads: Callable[[], bool],
        clock: Clock,
        chance: Callable[[], float],
        make: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        """Take what it takes; nothing is asked yet.

        Args:
            client: Who speaks to the API server.
            namespace: Where the Secret is.
            name: Its name.
            leads: Says whether this replica may write.
            clock: What pauses are measured by.
            chance: Returns random numbers, 0 <= x < 1.
            make: Returns so many bytes that nobody guesses, in hexadecimal.
        """
        self._client, self._namespace, self._name = client, namespace, name
        self._leads, self._clock, self._make = leads, clock, make
        self._woken = asyncio.Event()
        self._changed: Callable[[], None] = self._woken.set
        self._found: NamedObject[_Found] = NamedObject(
            client,
            SECRETS,
            namespace=namespace,
            name=name,
            decode=_read,
            changed=self._tell,
            clock=clock,
            chance=chance,
        )
        self._failed: Problem | None = None

    @property
    def known(self) -> str:
        """What all replicas know, or are about to; empty: there is none."""
        found = self._found.object
        return "" if found is None else found.secret

    def is_it(self, told: str) -> bool:
        """Say whether that is it, in a time that says nothing. It may be called from any thread."""
        known = self.known
        return bool(known) and hmac.compare_digest(known.encode(), told.encode(errors="replace"))

    def listen(self, changed: Callable[[], None]) -> None:
        """Call this when it is another one."""
        self._changed = changed

    def problems(self) -> tuple[Problem, ...]:
        """Return what is in the way of one."""
        lacking = not_watched(self._found.missing)
        return tuple(each for each in (self._failed, lacking) if each is not None)

    async def run(self) -> None:
        """Keep it until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._found.run())
            while True:
                self._woken.clear()
                await self._look()
                await set_or(self._woken, self._clock.now() + _AGAIN, clock=self._clock)

    def _tell(self) -> None:
        self._woken.set()
        self._changed()

    async def _look(self) -> None:
        if self.known or not self._leads():
            self._failed = None
        elif self._found.asked:
            await self._write(self._found.object)

    async def _write(self, found: _Found | None) -> None:
        data = {KEY: base64.b64encode(self._make(_BYTES).encode()).decode()}
        try:
            if found is not None:
                value: dict[str, Any] = {"metadata": {"resourceVersion": found.version}, "data": data}
                await objects.merge_patch(
                    self._client, kind=SECRETS, name=self._name, namespace=self._namespace, value=value
                )
            else:
                head = {"apiVersion": SECRETS.api_version, "kind": SECRETS.kind, "type": WEBHOOK.type}
                value = {**head, "metadata": {"name": self._name}, "data": data}
                await objects.create(self._client, kind=SECRETS, namespace=self._namespace, value=value)
        except KubeConflict:
            # Somebody was faster: what they wrote is on its way.
            return
        except (KubeError, KubeUnreachable) as error:
            self._failed = self._refused(error, verb="create" if found is None else "patch")
            return
        self._failed = None
        _log.info("there is another path for the API server alone", secret=f"{self._namespace}/{self._name}")

    def _refused(self, error: Exception, *, verb: str) -> Problem:
        rule = f'a Role in namespace {self._namespace} with the rule apiGroups: [""], resources: [secrets]'
        return Problem(
            code=CODE,
            level=Level.WARNING,
            message=f"objects are checked in themselves alone: cannot {verb} the Secret"
            f" {self._namespace}/{self._name}: {error}",
            mend=f"it takes {rule}, verbs: [get, watch, {verb}]" if isinstance(error, KubeForbidden) else "",
            subject=f"path in {self._namespace}/{self._name}",
        )


def _read(raw: msgspec.Raw) -> _Found:
    found = msgspec.json.decode(raw, type=_Secret)
    try:
        text = base64.b64decode((found.data or {}).get(KEY, ""), validate=True).decode("ascii")
    except ValueError:
        text = ""
    return _Found(version=found.metadata.resource_version, secret=text if _SECRET.fullmatch(text) else "")
