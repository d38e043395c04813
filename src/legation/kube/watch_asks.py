"""What a watch asks the API server for: requests as values.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from legation.kube.pauses import Rest
from legation.kube.watch_words import Scope


@dataclass(frozen=True, slots=True)
class ListPage:
    """GET this; its whole body is the answer."""

    path: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Follow:
    """GET this; each line of the body is a message, and it goes on for minutes."""

    path: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Discover:
    """GET this; its whole body is the answer."""

    path: str


Ask: TypeAlias = ListPage | Follow | Discover | Rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Makes the requests of one watch."""

    scope: Scope
    label_selector: str = ""
    field_selector: str = ""

    def page(self, *, limit: int, token: str) -> ListPage:
        """Ask for a page of a list; without a limit (0) for all of it. It is the newest state: no version is named."""
        return self._list({"limit": str(limit) if limit else "", "continue": token})

    def state(self, *, seconds: int) -> Follow:
        """Ask for the newest state as a stream, and the changes after it."""
        return self._watch(seconds, {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"})

    def changes(self, *, after: str, seconds: int) -> Follow:
        """Ask for the changes after a version."""
        return self._watch(seconds, {"resourceVersion": after})

    def _list(self, own: Mapping[str, str]) -> ListPage:
        return ListPage(self._path, self._params(own))

    def _watch(self, seconds: int, own: Mapping[str, str]) -> Follow:
        common = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        return Follow(self._path, self._params({**common, **own}))

    @property
    def _path(self) -> str:
        return self.scope.kind.path(namespace=self.scope.namespace)

    def _params(self, own: Mapping[str, str]) -> dict[str, str]:
        every = {"labelSelector": self.label_selector, "fieldSelector": self.field_selector, **own}
        return {key: value for key, value in every.items() if value}
