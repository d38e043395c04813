"""What changes in a cluster: one watch for each kind, joined.

It knows how watches go on. The one invariant: a change is told with a revision up to which everything was told, of all
kinds. So whoever goes on from there misses nothing; he may hear a change again that he knows, for each kind is heard of
in its own time.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from legation.clock import Clock
from legation.errors import Compacted, KubeError, KubeGone, KubeNotFound, KubeUnreachable
from legation.kube.client import Client
from legation.kube.nesting import decoded
from legation.model.api_kinds import ApiKind
from legation.model.stored import Change
from legation.sources.stored_in_cluster.bodies import key_of, stored_object
from legation.sources.stored_in_cluster.reading import PAGE, ClusterReader, in_any_version
from legation.sources.stored_in_cluster.refusals import NO_PATH, is_nowhere, of_read
from legation.sources.stored_in_cluster.scopes import Scope

_LASTS = 290
"""Seconds that a watch is asked to stand; a connection that is half open is given up soon after."""
_GRACE = 40.0
"""Seconds after that."""
_ABSENT = 30.0
"""Seconds after which is looked again whether a kind was installed."""
_WAITING = 100
"""Changes that wait for the reader before the cluster is read on."""
_OLDEST = re.compile(r"\((\d+)\)")


async def changes(
    scopes: Sequence[Scope], since: int | None, *, client: Client, reader: ClusterReader, clock: Clock
) -> AsyncGenerator[Change]:
    """Yield what changes in some scopes after a revision, or from now on.

    Args:
        scopes: What is followed.
        since: The revision; None or 0 for now.
        client: Who is asked.
        reader: Reads what is there to begin with.
        clock: What pauses are measured by.

    Raises:
        Compacted: Not all of it is remembered.
        StoreForbidden: The rules do not allow it.
        StoreUnavailable: The cluster does not answer (any more).
    """
    begin = {each: since or (await reader.listed(each, limit=1, token="")).revision for each in scopes}
    # Up to which revision each scope was told; a kind that is not there is not waited for.
    told = {each: revision for each, revision in begin.items() if revision}
    news: asyncio.Queue[_News | Exception] = asyncio.Queue(_WAITING)
    followers = [
        _Follower(each, revision, client=client, reader=reader, clock=clock, news=news)
        for each, revision in begin.items()
    ]
    tasks = [asyncio.create_task(each.run()) for each in followers]
    try:
        # The HTTP client leaves a connection to the collector that is given up in the middle of a handshake.
        for each in followers:
            await each.stands.wait()
        while True:
            heard = await news.get()
            if isinstance(heard, Exception):
                raise heard
            told[heard.scope] = heard.revision
            if heard.change is not None:
                yield replace(heard.change, revision=min(filter(None, told.values()), default=heard.revision))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _News(NamedTuple):
    """What was heard of a scope: a change, or only how far it is known; 0: it is not there."""

    scope: Scope
    revision: int
    change: Change | None = None


class _Follower:
    """Follows one scope."""

    def __init__(
        self,
        scope: Scope,
        revision: int,
        *,
        client: Client,
        reader: ClusterReader,
        clock: Clock,
        news: asyncio.Queue[_News | Exception],
    ) -> None:
        self._scope, self._revision = scope, revision
        self._client, self._reader, self._clock, self._news = client, reader, clock, news
        self.stands = asyncio.Event()
        """Whether it follows, or there is nothing to follow."""

    async def run(self) -> None:
        """Tell what changes, until cancelled; an error is the last thing that is told."""
        try:
            await self._follow()
        except Exception as error:  # noqa: BLE001 - whoever watches would wait for ever
            self.stands.set()
            await self._news.put(error)

    async def _follow(self) -> None:
        failed = False
        while True:
            try:
                if not self._revision:
                    await self._begin()
                await self._watch()
            except KubeNotFound as error:
                if not is_nowhere(error):
                    raise of_read(error) from error
                self._revision = 0
                self.stands.set()
                await self._news.put(_News(self._scope, 0))
                await self._clock.sleep_until(self._clock.now() + _ABSENT)
            except KubeGone as error:
                oldest = _OLDEST.search(error.words)
                raise Compacted(self._revision, int(oldest[1]) if oldest else self._reader.revision) from error
            except TimeoutError:
                continue
            except (KubeError, KubeUnreachable) as error:
                # Connections come and go; one that ends at once again is told to whom it is for.
                if failed or (isinstance(error, KubeError) and not error.is_of_server):
                    raise of_read(error) from error
                failed = True
                continue
            failed = False

    async def _begin(self) -> None:
        """Tell all that is there, where a kind was not there before.

        Raises:
            KubeNotFound: It is not there yet.
        """
        token, revision = "", 0
        while True:
            page = await self._reader.listed(self._scope, limit=PAGE, token=token)
            revision = revision or page.revision
            if not revision:
                raise KubeNotFound(404, "", f"{self._scope.kind}: {NO_PATH}")
            for each in page.objects:
                await self._tell(Change(revision=revision, key=each.key, stored=each), 0)
            if not (token := page.token):
                break
        self._revision = revision
        await self._news.put(_News(self._scope, revision))

    async def _tell(self, change: Change | None, revision: int) -> None:
        await self._news.put(_News(self._scope, revision, change))

    async def _watch(self) -> None:
        """Tell what changes until the API server ends it."""
        await in_any_version(self._scope.kind, self._watch_version)

    async def _watch_version(self, kind: ApiKind) -> None:
        params = {
            "watch": "true",
            "resourceVersion": str(self._revision),
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_LASTS),
        } | ({"labelSelector": self._scope.selector} if self._scope.selector else {})
        path = replace(self._scope, kind=kind).path
        async with asyncio.timeout(_LASTS + _GRACE), self._client.stream(path, params=params) as lines:
            self.stands.set()
            async for line in lines:
                await self._take(line, kind)

    async def _take(self, line: bytes, kind: ApiKind) -> None:
        try:
            event = decoded(_EVENT, line)
        except msgspec.DecodeError as error:
            raise KubeUnreachable(f"what answers at {self._client.server} is no API server: {error}") from None
        if event.type == "ERROR":
            status, words = int(event.object.get("code") or 0), str(event.object.get("message") or "")
            raise KubeError.of(status, str(event.object.get("reason") or ""), words, words=words)
        metadata = event.object["metadata"]
        self._revision = self._reader.note(metadata.get("resourceVersion") or "") or self._revision
        if event.type == "BOOKMARK":
            await self._tell(None, self._revision)
            return
        stored = None if event.type == "DELETED" else stored_object(event.object, kind=kind)
        change = Change(revision=self._revision, key=key_of(metadata, kind=kind), stored=stored)
        await self._tell(change, self._revision)


class _Event(msgspec.Struct):
    type: str
    object: dict[str, Any]


_EVENT = msgspec.json.Decoder(_Event)
