"""What is asked of the API server: a status is applied, an Event is created.

It refuses to know when to ask and what to say. No error of the API server leaves it: each becomes an outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from legation.clock import Clock
from legation.errors import KubeError, KubeForbidden, KubeNotFound, KubeUnreachable
from legation.kube import objects
from legation.kube.client import Client
from legation.model.api_kinds import ApiKind
from legation.model.delivery import ObjectState
from legation.status.conditions import Status
from legation.status.events import EVENTS, News, event
from legation.status.obstacles import LONGEST_LOOK, Obstacles
from legation.status.retries import Answer, Outcome, answer_of

FIELD_MANAGER = "legation"
ANSWER = 5.0
"""Seconds for an answer: not longer than others wait for the Lease after we have stopped."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(slots=True)
class Counts:
    """What was done since the start."""

    writes: int = 0
    events: int = 0
    failures: int = 0


class Requests:
    """Asks the API server."""

    def __init__(
        self,
        client: Client,
        *,
        obstacles: Obstacles,
        counts: Counts,
        instance: str,
        clock: Clock,
        now: Callable[[], datetime],
    ) -> None:
        """Take what it takes; nothing is asked yet.

        Args:
            client: Who speaks to the API server.
            obstacles: Where to note what cannot be written.
            counts: Where to count.
            instance: Who tells Events.
            clock: What moments are measured by.
            now: Tells the time of day, for Events.
        """
        self._client = client
        self._obstacles = obstacles
        self._counts = counts
        self._instance = instance
        self._clock, self._now = clock, now
        self._no_events_until = -1.0
        self._event_failed = False

    async def put(self, state: ObjectState, kind: ApiKind, status: Status) -> Answer:
        """Apply a status.

        Args:
            state: Whose it is.
            kind: The object's kind.
            status: All of what we have to say.
        """
        key = state.key
        try:
            found = await objects.apply(
                self._client,
                kind=kind,
                name=key.name,
                namespace=key.namespace,
                value={"status": status},
                field_manager=FIELD_MANAGER,
                subresource="status",
                force=True,
                timeout=ANSWER,
            )
        except KubeNotFound:
            # The API server says the same where there is no such object, and where its kind has no status.
            return await self._look(state, kind)
        except (KubeError, KubeUnreachable) as error:
            self._counts.failures += 1
            return self._failed(state, kind, error)
        self._counts.writes += 1
        self._obstacles.clear(kind, key.namespace)
        # There is no way to name the UID beforehand: for a status, the API server takes that of what it has.
        return Answer(Outcome.WRITTEN if _uid(found) == state.uid else Outcome.AGAIN)

    async def tell(self, news: News, state: ObjectState, kind: ApiKind) -> None:
        """Create an Event, if that is possible: nothing waits for it, and it is not tried again."""
        if self._clock.now() < self._no_events_until:
            return
        made = event(news, state, kind, instance=self._instance, now=self._now())
        try:
            await objects.create(self._client, kind=EVENTS, value=made, namespace=state.key.namespace, timeout=ANSWER)
        except (KubeError, KubeUnreachable) as error:
            self._counts.failures += 1
            if isinstance(error, KubeForbidden):
                self._no_events_until = self._clock.now() + LONGEST_LOOK
            if not self._event_failed:
                self._event_failed = True
                _log.warning("event not told", error=str(error))
            return
        self._event_failed = False
        self._counts.events += 1

    async def _look(self, state: ObjectState, kind: ApiKind) -> Answer:
        key = state.key
        try:
            found = await objects.get(self._client, kind=kind, name=key.name, namespace=key.namespace, timeout=ANSWER)
        except KubeNotFound:
            return Answer(Outcome.GONE)
        except KubeForbidden:
            found = {"metadata": {"uid": state.uid}}
        except (KubeError, KubeUnreachable) as error:
            self._counts.failures += 1
            return self._failed(state, kind, error)
        if _uid(found) != state.uid:
            return Answer(Outcome.AGAIN)
        if self._obstacles.no_status(kind, now=self._clock.now()):
            _log.info("no status subresource", kind=str(kind), instead="Events alone", mend="legation crds prints ours")
        return Answer(Outcome.EVENTS_ONLY)

    def _failed(self, state: ObjectState, kind: ApiKind, error: KubeError | KubeUnreachable) -> Answer:
        if (answer := answer_of(error)) is not None:
            return answer
        now, namespace = self._clock.now(), state.key.namespace
        if isinstance(error, KubeForbidden):
            new = self._obstacles.forbidden(kind, namespace, error, now=now)
        else:
            new = self._obstacles.refused(kind, error, now=now)
        if new:
            _log.warning("status not written", kind=str(kind), namespace=namespace, error=str(error))
        return Answer(Outcome.EVENTS_ONLY)


def _uid(found: Mapping[str, Any]) -> object:
    metadata = found.get("metadata")
    return metadata.get("uid") if isinstance(metadata, Mapping) else None
