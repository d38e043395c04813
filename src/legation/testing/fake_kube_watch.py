"""One open watch of FakeKube: which lines it still has to say. No HTTP.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping

import msgspec

from legation.model.api_kinds import ApiKind
from legation.testing.fake_kube_answers import Json, Refusal
from legation.testing.fake_kube_depth import any_depth
from legation.testing.fake_kube_selectors import selector
from legation.testing.fake_kube_store import Change, Store

_ENDS_STATE = {"annotations": {"k8s.io/initial-events-end": "true"}}


class FakeWatch:
    """What happens to the objects of a kind, for one client."""

    def __init__(
        self, store: Store, kind: ApiKind, *, namespace: str, params: Mapping[str, str], streams: bool
    ) -> None:
        """Begin a watch.

        Args:
            store: What is watched.
            kind: Of which objects.
            namespace: Empty: all of them.
            params: Of the request.
            streams: Whether a first state is streamed for who asks for that (WatchList).
        """
        self.kind = kind
        self.woken = asyncio.Event()
        """Is set when there may be more to say."""
        self.over = False
        """Whether it ends, as soon as all is said."""
        self.broken = False
        """Whether the connection is to break."""
        self._store = store
        self._namespace = namespace
        self._selected = selector(kind, params)
        self._bookmarks = params.get("allowWatchBookmarks") == "true"
        self._lines: deque[bytes] = deque()
        version = params.get("resourceVersion", "")
        self._version = int(version or 0) or store.version
        streamed = params.get("sendInitialEvents") == "true"
        if streamed or "resourceVersionMatch" in params:
            _check_streaming(params, streams=streams)
        if streamed or not int(version or 0):
            for value in store.all(kind).values():
                if self._matches(value):
                    self._say("ADDED", value)
        if streamed:
            self._say_bookmark(_ENDS_STATE)

    def take(self) -> Iterator[bytes]:
        """Yield the lines that are to be said now."""
        try:
            for change in self._store.after(self._version):
                self._version = change.version
                if change.kind == self.kind:
                    self._tell(change)
        except Refusal as expired:
            self.fail(expired)
        self.over = self.over or self.kind not in self._store.kinds
        while self._lines:
            yield self._lines.popleft()

    def bookmark(self) -> None:
        """Say how far it is, to a client that wants to know."""
        # All of them first: what is put back would be taken again.
        self._lines.extend([*self.take()])
        if self._bookmarks:
            self._say_bookmark({})

    def fail(self, refusal: Refusal) -> None:
        """Say an ERROR, and end."""
        self._say("ERROR", refusal.status)
        self.over = True

    def wake(self) -> None:
        """Note that there may be more to say."""
        self.woken.set()

    def _tell(self, change: Change) -> None:
        before = change.before is not None and self._matches(change.before)
        after = change.after is not None and self._matches(change.after)
        if after and change.after is not None:
            self._say("MODIFIED" if before else "ADDED", change.after)
        elif before and change.before is not None:
            metadata = {**change.before["metadata"], "resourceVersion": str(change.version)}
            self._say("DELETED", {**change.before, "metadata": metadata})

    def _matches(self, value: Json) -> bool:
        namespaces = {"", value["metadata"].get("namespace", "")}
        return self._namespace in namespaces and self._selected(value)

    def _say_bookmark(self, more: Json) -> None:
        metadata = {"resourceVersion": str(self._version), "creationTimestamp": None, **more}
        kind = {"kind": self.kind.kind, "apiVersion": self.kind.api_version}
        self._say("BOOKMARK", {**kind, "metadata": metadata})

    @any_depth()
    def _say(self, event: str, value: Json) -> None:
        self._lines.append(msgspec.json.encode({"type": event, "object": value}) + b"\n")


def _check_streaming(params: Mapping[str, str], *, streams: bool) -> None:
    what = 'ListOptions.meta.k8s.io "" is invalid: '
    if not streams:
        gate = "is forbidden for watch unless the WatchList feature gate is enabled"
        raise Refusal(422, "Invalid", f"{what}sendInitialEvents: Forbidden: sendInitialEvents {gate}")
    if params.get("resourceVersionMatch") != "NotOlderThan" or "sendInitialEvents" not in params:
        raise Refusal(422, "Invalid", f"{what}resourceVersionMatch: Forbidden: sendInitialEvents needs NotOlderThan")
