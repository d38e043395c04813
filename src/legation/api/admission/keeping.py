"""Keeps the webhook's own certificate: in a Secret that all replicas read, and trusted by the API server.

Each replica shows what the Secret holds. The one that leads writes what `rotation` says into it, and the bundle into
the webhook configurations: the Secret first, so that nobody is trusted of whom others do not know. Both are
watched: what somebody else overwrites is mended. Nothing that the API server does ends `run`.

A Secret that is emptied or deleted is made anew with a new authority: so is a renewal forced.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import structlog

from legation.api.admission import configuration, kept_secret
from legation.api.admission.configuration import SETTINGS, Trusted
from legation.api.admission.kept_secret import SECRETS, KeptSecret
from legation.clock import Clock, set_or
from legation.errors import KubeConflict, KubeError, KubeForbidden, KubeUnreachable
from legation.kube import objects
from legation.kube.client import Client
from legation.kube.named_object import NamedObject
from legation.model.api_kinds import ApiKind
from legation.model.problems import Level, Problem
from legation.pki import rotation
from legation.pki.rotation import Kept, Lives
from legation.tls.shown import ShownCertificate

CODE = "webhook-certificate"
"""Of the problems that are told here."""
MANAGER = "legation-webhook"
"""Owns the field `caBundle`."""
_LOOK_WHO_LEADS = 5.0
"""Seconds between two looks of one that does not lead whether it does by now."""
_AGAIN = 10.0
"""Seconds until what failed is tried again."""
_LONGEST = 3_600.0
"""Seconds between two looks at the time of day, which may be set."""
_LIVES = Lives()

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Keeping:
    """The certificate of one server of several."""

    def __init__(
        self,
        client: Client,
        *,
        shown: ShownCertificate,
        names: Sequence[str],
        namespace: str,
        secret: str,
        configurations: Mapping[ApiKind, str],
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
            leads: Says whether this replica may write.
            clock: What pauses are measured by.
            chance: Returns random numbers, 0 <= x < 1.
            unix_time: Tells the time that certificates are valid at.
            lives: How long they live.
        """
        self._client, self._clock, self._chance = client, clock, chance
        self._shown, self._names = shown, tuple(names)
        self._namespace, self._name = namespace, secret
        self._leads, self._unix_time, self._lives = leads, unix_time, lives
        self._woken = asyncio.Event()
        self._secret: NamedObject[KeptSecret] = NamedObject(
            client,
            SECRETS,
            namespace=namespace,
            name=secret,
            decode=kept_secret.read,
            changed=self._woken.set,
            clock=clock,
            chance=chance,
        )
        self._configurations: dict[ApiKind, NamedObject[Trusted]] = {
            kind: NamedObject(
                client,
                kind,
                namespace="",
                name=name,
                decode=configuration.read,
                changed=self._woken.set,
                clock=clock,
                chance=chance,
            )
            for kind, name in configurations.items()
        }
        self._kept: Kept | None = None
        """What is shown."""
        self._mended: dict[ApiKind, str] = {}
        """The version of each configuration that was mended last: until the watch tells of another it looks wrong."""
        self._failed: dict[str, Problem] = {}

    def problems(self) -> tuple[Problem, ...]:
        """Return what is in the way of a certificate that the API server trusts."""
        return (*self._failed.values(), *self._lacking())

    async def run(self) -> None:
        """Keep it until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._secret.run())
            for each in self._configurations.values():
                tasks.create_task(each.run())
            while True:
                self._woken.clear()
                done = await self._look()
                await set_or(self._woken, self._next(done=done), clock=self._clock)

    def _next(self, *, done: bool) -> float:
        now = self._clock.now()
        if not done:
            return now + _AGAIN
        if not self._leads():
            return now + _LOOK_WHO_LEADS
        if self._kept is None:
            return now + _AGAIN
        due = rotation.next_look(self._kept, lives=self._lives) - self._unix_time()
        return now + min(max(due, 1.0), _LONGEST)

    async def _look(self) -> bool:
        """Do what is due. Returns whether it was done."""
        found = self._secret.object
        if found is not None and found.kept is not None:
            self._show(found.kept)
        if not self._leads():
            # What this one could not do is for another one to tell.
            self._failed.clear()
            return True
        if not self._secret.asked:
            return True
        kept = None if found is None else found.kept
        wanted = rotation.renewed(kept, names=self._names, now=self._unix_time(), lives=self._lives)
        if wanted is not kept and not await self._write(wanted, version="" if found is None else found.version):
            return False
        self._show(wanted)
        # Each is tried, whatever becomes of the others.
        return all([await self._trust(wanted, kind) for kind in self._configurations])

    def _show(self, kept: Kept) -> None:
        if self._kept is not None and kept.server == self._kept.server:
            self._kept = kept
            return
        self._shown.show(kept.server.certificate, kept.server.key)
        self._kept = kept
        _log.info("the webhook shows another certificate", secret=f"{self._namespace}/{self._name}")

    async def _write(self, kept: Kept, *, version: str) -> bool:
        where = f"the Secret {self._namespace}/{self._name}"
        value = kept_secret.value(kept, name=self._name, version=version)
        try:
            if version:
                await objects.merge_patch(
                    self._client, kind=SECRETS, name=self._name, namespace=self._namespace, value=value
                )
            else:
                await objects.create(self._client, kind=SECRETS, namespace=self._namespace, value=value)
        except KubeConflict:
            # Somebody was faster: what they wrote is on its way.
            return False
        except (KubeError, KubeUnreachable) as error:
            verb = "patch" if version else "create"
            rule = f'a Role in namespace {self._namespace} with the rule apiGroups: [""], resources: [secrets]'
            mend = f"it takes {rule}, verbs: [get, watch, {verb}]"
            self._fail("secret", f"cannot {verb} {where}: {error}", mend if isinstance(error, KubeForbidden) else "")
            return False
        self._failed.pop("secret", None)
        _log.info("the webhook's certificate was renewed", secret=f"{self._namespace}/{self._name}")
        return True

    async def _trust(self, kept: Kept, kind: ApiKind) -> bool:
        found, name = self._configurations[kind].object, self._configurations[kind].name
        if found is None:
            return True
        wanted = found.mended(kept.trusted)
        if wanted is None or found.version == self._mended.get(kind):
            return True
        try:
            await objects.apply(self._client, kind=kind, name=name, value=wanted, field_manager=MANAGER, force=True)
        except (KubeError, KubeUnreachable) as error:
            where = f"the {kind.kind} {name}"
            rule = "a ClusterRole with the rule apiGroups: [admissionregistration.k8s.io]"
            mend = f"it takes {rule}, resources: [{kind.plural}], verbs: [get, watch, patch]"
            words = f"cannot put the certificate's authority into {where}: {error}"
            self._fail(kind.kind, words, mend if isinstance(error, KubeForbidden) else "")
            return False
        self._mended[kind] = found.version
        self._failed.pop(kind.kind, None)
        _log.info("the API server trusts the webhook", configuration=name)
        return True

    def _fail(self, what: str, message: str, mend: str) -> None:
        self._failed[what] = Problem(code=CODE, level=Level.WARNING, message=message, mend=mend, subject=what)

    def _lacking(self) -> Iterator[Problem]:
        """Yield what cannot be read, or is not there."""
        for missing in (self._secret.missing, *(each.missing for each in self._configurations.values())):
            # What is wrong for every kind alike is told by the source.
            if missing is not None and missing.trouble and not missing.cause:
                yield Problem(
                    code="not-watched",
                    level=Level.WARNING,
                    message=missing.message,
                    mend=missing.mend,
                    subject=missing.scope,
                )
        for kind, configured in self._configurations.items():
            if configured.asked and configured.object is None:
                yield Problem(
                    code=CODE,
                    level=Level.WARNING,
                    message=f"there is no {kind.kind} {configured.name}, so nobody asks the webhook",
                    mend=f"apply the one of the chart, or name it by {SETTINGS[kind]}",
                    subject=f"{kind.kind} {configured.name}",
                )
