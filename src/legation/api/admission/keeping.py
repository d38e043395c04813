"""Keeps the webhook's own certificate: in a Secret that all replicas read, and trusted by the API server.

`legation.api.keeping.keeper` knows how; here is whom it is handed out to: the webhook configurations. They are watched,
so that what somebody else overwrites is mended. Without one of them the certificate is kept all the same. The path that
the API server alone knows is written there too, also where somebody else sees to the certificate (`Pointing`).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import structlog

from legation.api.admission import configuration
from legation.api.admission.configuration import SETTINGS, VALIDATING, Trusted
from legation.api.admission.secret_path import CODE, SecretPath
from legation.api.keeping.keeper import Keeper, Shows, not_watched
from legation.api.keeping.secret import WEBHOOK
from legation.clock import Clock, set_or
from legation.errors import KubeError, KubeForbidden, KubeUnreachable
from legation.kube import objects
from legation.kube.client import Client
from legation.kube.named_object import NamedObject
from legation.model.api_kinds import ApiKind
from legation.model.problems import Level, Problem
from legation.pki.authorities import Lives
from legation.tls.material import Material

MANAGER = "legation-webhook"
"""Owns the fields `caBundle` and `path`."""
_AGAIN = 10.0
"""Seconds until what failed is tried again, and between two looks whether this replica leads."""
_LIVES = Lives()

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Keeping(Keeper):
    """The webhook's certificate, of one server of several."""

    def __init__(
        self,
        client: Client,
        *,
        shown: Shows,
        names: Sequence[str],
        namespace: str,
        secret: str,
        configurations: Mapping[ApiKind, str],
        path: SecretPath | None = None,
        leads: Callable[[], bool],
        clock: Clock,
        chance: Callable[[], float],
        unix_time: Callable[[], float] = time.time,
        lives: Lives = _LIVES,
    ) -> None:
        """Take what it takes; nothing is asked yet.

        Args:
            client: Who speaks to the API server.
            shown: What shows it.
            names: Those that the API server calls the webhook by.
            namespace: Where the Secret is.
            secret: Its name.
            configurations: The webhook configurations that are to trust it, at most one of a kind; where there is none,
                somebody else sees to that.
            path: What keeps the path that the one that validates is to ask at; None: there is none.
            leads: Says whether this replica may write.
            clock: What pauses are measured by.
            chance: Returns random numbers, 0 <= x < 1.
            unix_time: Tells the time that certificates are valid at.
            lives: How long they live.
        """
        super().__init__(
            client,
            shown=_AsksNobody(shown),
            names=names,
            namespace=namespace,
            name=secret,
            layout=WEBHOOK,
            publisher=Configurations(client, configurations, path=path, clock=clock, chance=chance),
            leads=leads,
            clock=clock,
            chance=chance,
            code=CODE,
            subject="legation admission webhook",
            unix_time=unix_time,
            lives=lives,
        )


class Keeps(Protocol):
    """Keeps a certificate."""

    def problems(self) -> tuple[Problem, ...]:
        """Return what is in the way of that."""
        ...

    async def run(self) -> None:
        """Keep it until cancelled."""
        ...


class _AsksNobody:
    """Shows a certificate where no client has to show one."""

    def __init__(self, shown: Shows) -> None:
        self._shown = shown

    def show(self, material: Material) -> None:
        self._shown.show(Material(certificate=material.certificate, key=material.key))


class Configurations:
    """The webhook configurations. Fulfils `legation.api.keeping.keeper.Publisher`."""

    def __init__(
        self,
        client: Client,
        configurations: Mapping[ApiKind, str],
        *,
        path: SecretPath | None = None,
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        """Take their names, by kind, and what keeps the secret path; nothing is asked yet."""
        self._client, self._path = client, path
        if path is not None:
            path.listen(self._tell)
        self._changed: Callable[[], None] = _nothing
        self._configurations: dict[ApiKind, NamedObject[Trusted]] = {
            kind: NamedObject(
                client,
                kind,
                namespace="",
                name=name,
                decode=configuration.read,
                changed=self._tell,
                clock=clock,
                chance=chance,
            )
            for kind, name in configurations.items()
        }
        self._mended: dict[ApiKind, tuple[str, bytes | None, str]] = {}
        """The version of each configuration that was mended last: until the watch tells of another it looks wrong."""
        self._failed: dict[ApiKind, Problem] = {}

    def listen(self, changed: Callable[[], None]) -> None:
        """Call this when one of them has changed."""
        self._changed = changed

    def _tell(self) -> None:
        self._changed()

    async def run(self) -> None:
        """Watch them until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for each in self._configurations.values():
                tasks.create_task(each.run())
            if self._path is not None:
                tasks.create_task(self._path.run())

    async def publish(self, bundle: bytes | None) -> bool:
        """Have the API server trust it (None: somebody else sees to that), and return whether it does."""
        # Each is tried, whatever becomes of the others.
        return all([await self._trust(bundle, kind) for kind in self._configurations])

    def rest(self) -> None:
        """Forget what went wrong."""
        self._failed.clear()

    def due(self) -> float:
        """Return inf: they are watched."""
        return math.inf

    def problems(self) -> tuple[Problem, ...]:
        """Return what keeps the API server from trusting it."""
        path = () if self._path is None else self._path.problems()
        return (*self._failed.values(), *self._lacking(), *path)

    async def _trust(self, bundle: bytes | None, kind: ApiKind) -> bool:
        found, name = self._configurations[kind].object, self._configurations[kind].name
        if found is None:
            # Nobody knows yet, or there is none to tell.
            return self._configurations[kind].asked
        secret = self._path.known if self._path is not None and kind is VALIDATING else ""
        wanted = found.mended(bundle, secret=secret)
        if wanted is None or (found.version, bundle, secret) == self._mended.get(kind):
            return True
        try:
            await objects.apply(self._client, kind=kind, name=name, value=wanted, field_manager=MANAGER, force=True)
        except (KubeError, KubeUnreachable) as error:
            self._failed[kind] = _refused(error, kind=kind, name=name, secret=secret)
            return False
        self._mended[kind] = found.version, bundle, secret
        self._failed.pop(kind, None)
        _log.info("the API server knows whom to trust at the webhook, and where to ask", configuration=name)
        return True

    def _lacking(self) -> Iterator[Problem]:
        """Yield what cannot be read, or is not there."""
        for kind, configured in self._configurations.items():
            unread = not_watched(configured.missing)
            if unread is not None:
                yield unread
            if configured.asked and configured.object is None:
                yield Problem(
                    code=CODE,
                    level=Level.WARNING,
                    message=f"there is no {kind.kind} {configured.name}, so nobody asks the webhook",
                    mend=f"apply the one of the chart, or name it by {SETTINGS[kind]}",
                    subject=f"{kind.kind} {configured.name}",
                )


class Pointing:
    """Keeps the path alone, beside what shows a certificate that somebody else makes."""

    def __init__(
        self, shown: Keeps, *, configurations: Configurations, leads: Callable[[], bool], clock: Clock
    ) -> None:
        """Take what it takes; nothing is asked yet."""
        self._shown, self._configurations, self._leads, self._clock = shown, configurations, leads, clock
        self._woken = asyncio.Event()
        configurations.listen(self._woken.set)

    def problems(self) -> tuple[Problem, ...]:
        """Return what is in the way."""
        return (*self._shown.problems(), *self._configurations.problems())

    async def run(self) -> None:
        """Keep it until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._shown.run())
            tasks.create_task(self._configurations.run())
            while True:
                self._woken.clear()
                if self._leads():
                    await self._configurations.publish(None)
                else:
                    self._configurations.rest()
                await set_or(self._woken, self._clock.now() + _AGAIN, clock=self._clock)


def _refused(error: Exception, *, kind: ApiKind, name: str, secret: str) -> Problem:
    # The API server may quote what it refuses.
    words = str(error).replace(secret, "...") if secret else str(error)
    rule = "a ClusterRole with the rule apiGroups: [admissionregistration.k8s.io]"
    mend = f"it takes {rule}, resources: [{kind.plural}], verbs: [get, watch, patch]"
    return Problem(
        code=CODE,
        level=Level.WARNING,
        message=f"cannot put the certificate's authority into the {kind.kind} {name}: {words}",
        mend=mend if isinstance(error, KubeForbidden) else "",
        subject=kind.kind,
    )


def _nothing() -> None:
    """Nobody listens yet."""
