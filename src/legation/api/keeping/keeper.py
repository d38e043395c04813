"""Keeps a certificate of our own: in a Secret that all replicas read and show, and trusted by those who are to.

Each replica shows what the Secret holds. The one that leads writes what `legation.pki.rotation` says into it, and has
the bundle handed out (`Publisher`): the Secret first, so that nobody is trusted of whom the other replicas do not know;
and when all have the bundle it notes that, so that a new authority signs only then. The Secret is watched: what
somebody else overwrites is mended. Nothing that the API server does ends `run`.

Where the Secret is emptied or deleted, a new authority is begun beside those that this replica still knows: so is a
renewal forced, and nobody is cut off by it. Only where no replica knows any more is all of it made anew.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import structlog

from legation.api.keeping import secret
from legation.api.keeping.secret import SECRETS, KeptSecret, Layout
from legation.clock import Clock, set_or
from legation.errors import KubeConflict, KubeError, KubeForbidden, KubeUnreachable
from legation.kube import objects
from legation.kube.client import Client
from legation.kube.named_object import NamedObject
from legation.kube.watch_words import Missing
from legation.model.problems import Level, Problem
from legation.pki import authorities, rotation
from legation.pki.authorities import Lives
from legation.pki.certificates import Usage
from legation.pki.rotation import Kept
from legation.tls.material import Material

_LOOK_WHO_LEADS = 5.0
"""Seconds between two looks of one that does not lead whether it does by now."""
_AGAIN = 10.0
"""Seconds until what failed is tried again."""
_LONGEST = 3_600.0
"""Seconds between two looks at the time of day, which may be set."""
_LIVES = Lives()

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Shows(Protocol):
    """What shows a certificate."""

    def show(self, material: Material) -> None:
        """Show it from the next connection on.

        Raises:
            ValueError: It cannot be used, and why; what was shown goes on.
        """
        ...


class Publisher(Protocol):
    """Hands the bundle out to those who are to trust the certificate."""

    def listen(self, changed: Callable[[], None]) -> None:
        """Call this when it is to be looked at again."""
        ...

    async def run(self) -> None:
        """Watch what it takes, until cancelled."""
        ...

    async def publish(self, bundle: bytes) -> bool:
        """Have all trust it that do not yet, and return whether all do."""
        ...

    def rest(self) -> None:
        """Forget what went wrong: another replica leads, and tells."""
        ...

    def due(self) -> float:
        """Return after how many seconds it is to be asked again; inf: not before something changes."""
        ...

    def problems(self) -> Sequence[Problem]:
        """Return what is in the way."""
        ...


class Keeper:
    """The certificate of one server of several."""

    def __init__(
        self,
        client: Client,
        *,
        shown: Shows,
        names: Sequence[str],
        namespace: str,
        name: str,
        layout: Layout,
        publisher: Publisher,
        leads: Callable[[], bool],
        clock: Clock,
        chance: Callable[[], float],
        code: str,
        subject: str,
        usage: Usage = Usage.SERVER,
        unix_time: Callable[[], float] = time.time,
        lives: Lives = _LIVES,
    ) -> None:
        """Take what it takes; nothing is asked yet.

        Args:
            client: Who speaks to the API server.
            shown: What shows it.
            names: Those that others call the server by.
            namespace: Where the Secret is.
            name: Of the Secret.
            layout: What stands where in it.
            publisher: What hands the bundle out.
            leads: Says whether this replica may write.
            clock: What pauses are measured by.
            chance: Returns random numbers, 0 <= x < 1.
            code: Of the problems that are told.
            subject: What people call the server: `legation`.
            usage: What the certificate may be shown as.
            unix_time: Tells the time that certificates are valid at.
            lives: How long they live.
        """
        self._client, self._clock, self._shown, self._publisher = client, clock, shown, publisher
        self._names, self._usage, self._subject = tuple(names), usage, subject
        self._namespace, self._name, self._layout = namespace, name, layout
        self._leads, self._unix_time, self._lives, self._code = leads, unix_time, lives, code
        self._woken = asyncio.Event()
        publisher.listen(self._woken.set)
        self._secret: NamedObject[KeptSecret] = NamedObject(
            client,
            SECRETS,
            namespace=namespace,
            name=name,
            decode=partial(secret.read, layout=layout),
            changed=self._woken.set,
            clock=clock,
            chance=chance,
        )
        self._kept: Kept | None = None
        """What is shown."""
        self._failed: dict[str, Problem] = {}

    def problems(self) -> tuple[Problem, ...]:
        """Return what is in the way of a certificate that is trusted."""
        lacking = not_watched(self._secret.missing)
        return (*self._failed.values(), *((lacking,) if lacking else ()), *self._publisher.problems())

    async def run(self) -> None:
        """Keep it until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._secret.run())
            tasks.create_task(self._publisher.run())
            while True:
                self._woken.clear()
                done = await self._look()
                await set_or(self._woken, self._next(done=done), clock=self._clock)

    def _next(self, *, done: bool) -> float:
        now = self._clock.now()
        if not self._leads():
            return now + _LOOK_WHO_LEADS
        pause = _AGAIN
        if done and self._kept is not None:
            moment = self._unix_time()
            pause = min(max(rotation.next_look(self._kept, now=moment, lives=self._lives) - moment, 1.0), _LONGEST)
        return now + (min(pause, max(self._publisher.due(), 1.0)) if done else pause)

    async def _look(self) -> bool:
        """Do what is due. Returns whether it was done."""
        found = self._secret.object
        kept = None if found is None else found.kept
        if kept is not None:
            self._show(kept)
        if not self._leads():
            # What this one could not do is for another one to tell.
            self._failed.pop("secret", None)
            self._publisher.rest()
            return True
        if not self._secret.asked:
            return True
        wanted = self._wanted(kept)
        version = "" if found is None else found.version
        if wanted is not kept or found is None or not found.whole:
            written = await self._write(wanted, version=version)
            if written is None:
                return False
            version = written
            _log.info("a certificate of our own was renewed", secret=f"{self._namespace}/{self._name}")
        self._show(wanted)
        if not await self._publisher.publish(wanted.trusted):
            return False
        told = rotation.published(wanted, now=self._unix_time())
        # The watch has not told of what was just written: what is shown is the newest.
        return told is wanted or await self._write(told, version=version) is not None

    def _wanted(self, kept: Kept | None) -> Kept:
        now = self._unix_time()
        if kept is None and self._kept is not None:
            known = self._kept
            begun = authorities.renewed(
                known.authorities, now=now, lives=self._lives, common_name=self._subject, force=True
            )
            kept = Kept(server=known.server, authorities=begun)
        return rotation.renewed(
            kept, names=self._names, now=now, lives=self._lives, usage=self._usage, common_name=self._subject
        )

    def _show(self, kept: Kept) -> None:
        shown = self._kept
        if shown is not None and (shown.server, shown.trusted) == (kept.server, kept.trusted):
            self._failed.pop("shown", None)
            self._kept = kept
            return
        pair = kept.server
        try:
            self._shown.show(Material(certificate=pair.certificate, key=pair.key, authorities=kept.trusted))
        except ValueError as error:
            # Who leads makes another one.
            self._fail("shown", f"what is in the Secret {self._namespace}/{self._name} cannot be shown: {error}", "")
            return
        self._failed.pop("shown", None)
        if shown is None or shown.server != pair:
            _log.info("another certificate is shown", of=self._subject, secret=f"{self._namespace}/{self._name}")
        self._kept = kept

    async def _write(self, kept: Kept, *, version: str) -> str | None:
        """Write the Secret, and return its version; None where that failed."""
        value = secret.value(kept, layout=self._layout, name=self._name, version=version)
        try:
            if version:
                written = await objects.merge_patch(
                    self._client, kind=SECRETS, name=self._name, namespace=self._namespace, value=value
                )
            else:
                written = await objects.create(self._client, kind=SECRETS, namespace=self._namespace, value=value)
        except KubeConflict:
            # Somebody was faster: what they wrote is on its way.
            return None
        except (KubeError, KubeUnreachable) as error:
            verb = "patch" if version else "create"
            rule = f'a Role in namespace {self._namespace} with the rule apiGroups: [""], resources: [secrets]'
            mend = f"it takes {rule}, verbs: [get, watch, {verb}]"
            where = f"the Secret {self._namespace}/{self._name}"
            self._fail("secret", f"cannot {verb} {where}: {error}", mend if isinstance(error, KubeForbidden) else "")
            return None
        self._failed.pop("secret", None)
        return str(written.get("metadata", {}).get("resourceVersion", "")) or None

    def _fail(self, what: str, message: str, mend: str) -> None:
        self._failed[what] = Problem(code=self._code, level=Level.WARNING, message=message, mend=mend, subject=what)


class Nobody:
    """Hands the bundle out to nobody: somebody else sees to that. Fulfils `Publisher`."""

    def listen(self, changed: Callable[[], None]) -> None:
        """Never call it."""

    async def run(self) -> None:
        """Watch nothing."""

    async def publish(self, bundle: bytes) -> bool:
        """Do nothing."""
        del bundle
        return True

    def rest(self) -> None:
        """Do nothing."""

    def due(self) -> float:
        """Return inf."""
        return math.inf

    def problems(self) -> Sequence[Problem]:
        """Return none."""
        return ()


def not_watched(missing: Missing | None) -> Problem | None:
    """Return what keeps an object from being read; None where nothing does."""
    # What is wrong for every kind alike is told by the source.
    if missing is None or not missing.trouble or missing.cause:
        return None
    return Problem(
        code="not-watched", level=Level.WARNING, message=missing.message, mend=missing.mend, subject=missing.scope
    )
