"""The ConfigMaps by which Pods learn whom to trust: one in each namespace where a Pod mounts it.

It knows the ConfigMap's name and what stands in it. It refuses to know who asks for it and where the bundle comes from.
A namespace that is new is served within seconds, a bundle that is new at once, and what somebody else wrote or deleted
is mended after a while. None is ever deleted: a Pod that starts once more may still mount it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import structlog

from legation.clock import Clock
from legation.errors import KubeError, KubeForbidden, KubeNotFound, KubeUnreachable
from legation.kube import objects
from legation.kube.client import Client
from legation.model.api_kinds import ApiKind
from legation.model.problems import Level, Problem

CONFIG_MAPS = ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps", has_status=False)
MANAGER = "legation-tls"
"""Owns what stands in them."""
CODE = "tls"
CA = "ca.crt"
_LOOK = 2.0
"""Seconds between two looks for namespaces that are new."""
_MEND = 300.0
"""Seconds after which one is written again, whatever it is: somebody may have deleted it."""
_AGAIN, _LONGEST = 5.0, 300.0
"""Seconds until one that was refused is tried again, at first and at last."""
_AT_ONCE = 8
"""So many are written at a time."""
_TOLD = 5
"""So many problems are told by themselves."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Done:
    bundle: bytes
    again: float


@dataclass(frozen=True, slots=True)
class _Refused:
    error: KubeError | KubeUnreachable
    attempts: int
    again: float


class ConfigMaps:
    """All of them. Fulfils `legation.api.keeping.keeper.Publisher`."""

    def __init__(
        self,
        client: Client,
        *,
        name: str,
        namespaces: Callable[[], Collection[str]],
        files: Mapping[str, str],
        clock: Clock,
    ) -> None:
        """Take what is to stand in them.

        Args:
            client: Who speaks to the API server.
            name: The name of each.
            namespaces: Returns where Pods want it now.
            files: What stands in it beside the bundle.
            clock: What pauses are measured by.
        """
        self._client, self._name, self._namespaces, self._clock = client, name, namespaces, clock
        self._files = dict(files)
        self._done: dict[str, _Done] = {}
        self._refused: dict[str, _Refused] = {}

    def listen(self, changed: Callable[[], None]) -> None:
        """Take it; nothing is watched here."""
        del changed

    async def run(self) -> None:
        """Watch nothing."""

    async def publish(self, bundle: bytes) -> bool:
        """Have each say this bundle, and return whether all do."""
        wanted = frozenset(self._namespaces())
        for known in (self._done, self._refused):
            for namespace in known.keys() - wanted:
                del known[namespace]
        now = self._clock.now()
        due = sorted(each for each in wanted if self._is_due(each, bundle, now=now))
        turn = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._apply(each, bundle, turn) for each in due))
        return all(each in self._done and self._done[each].bundle == bundle for each in wanted)

    def rest(self) -> None:
        """Forget all: another one writes."""
        self._done.clear()
        self._refused.clear()

    def due(self) -> float:
        """Return when namespaces are looked at again."""
        return _LOOK

    def problems(self) -> tuple[Problem, ...]:
        """Return where it could not be written."""
        found = sorted(self._refused.items())
        told = [self._problem(namespace, each.error) for namespace, each in found[:_TOLD]]
        if len(found) > _TOLD:
            told.append(
                Problem(
                    code=CODE,
                    level=Level.WARNING,
                    message=f"the ConfigMap {self._name} could not be written in {len(found) - _TOLD} more namespaces",
                    subject=f"{self._name}: others",
                )
            )
        return tuple(told)

    def _is_due(self, namespace: str, bundle: bytes, *, now: float) -> bool:
        refused = self._refused.get(namespace)
        if refused is not None:
            return now >= refused.again
        done = self._done.get(namespace)
        return done is None or done.bundle != bundle or now >= done.again

    async def _apply(self, namespace: str, bundle: bytes, turn: asyncio.Semaphore) -> None:
        value = {"data": {CA: bundle.decode("ascii"), **self._files}}
        async with turn:
            try:
                await objects.apply(
                    self._client,
                    kind=CONFIG_MAPS,
                    name=self._name,
                    namespace=namespace,
                    value=value,
                    field_manager=MANAGER,
                    force=True,
                )
            except KubeNotFound:
                # The namespace has gone, and its Pods are about to.
                self._refused.pop(namespace, None)
                self._done[namespace] = _Done(bundle, self._clock.now() + _AGAIN)
                return
            except (KubeError, KubeUnreachable) as error:
                before = self._refused.get(namespace)
                attempts = 1 if before is None else before.attempts + 1
                pause = min(_AGAIN * math.pow(2, min(attempts - 1, 10)), _LONGEST)
                self._refused[namespace] = _Refused(error, attempts, self._clock.now() + pause)
                return
        self._refused.pop(namespace, None)
        if namespace not in self._done or self._done[namespace].bundle != bundle:
            _log.info("Pods learn whom to trust", config_map=f"{namespace}/{self._name}")
        self._done[namespace] = _Done(bundle, self._clock.now() + _MEND)

    def _problem(self, namespace: str, error: Exception) -> Problem:
        rule = 'a ClusterRole with the rules apiGroups: [""], resources: [configmaps], verbs: [create]'
        mend = f"it takes {rule}, and verbs: [get, patch], resourceNames: [{self._name}]"
        return Problem(
            code=CODE,
            level=Level.WARNING,
            message=f"Pods of namespace {namespace} do not learn whom to trust: cannot write the ConfigMap"
            f" {namespace}/{self._name}: {error}",
            mend=mend if isinstance(error, KubeForbidden) else "",
            subject=f"ConfigMap {namespace}/{self._name}",
        )
