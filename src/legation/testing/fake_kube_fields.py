"""Fields of objects: a merge patch, and who owns which field for server-side apply.

Lists belong to one owner as a whole; the real one merges those that their schema calls maps.

Sources: https://www.rfc-editor.org/rfc/rfc7386, https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, TypeAlias

from legation.testing.fake_kube_answers import Json, other_owners

Path: TypeAlias = tuple[str, ...]

_OWNED_METADATA = frozenset({"labels", "annotations", "finalizers", "ownerReferences"})
"""The rest of the metadata belongs to the server."""
_HEAD = frozenset({"apiVersion", "kind"})
"""What names an object is nobody's."""


def merged(base: Any, patch: Any) -> Any:
    """Return what a merge patch makes of a value: null removes, a list replaces."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


class Owners:
    """Who owns which field of one object."""

    def __init__(self) -> None:
        self._owners: dict[Path, set[str]] = {}

    def apply(self, now: Json, wanted: Json, *, manager: str, force: bool, concerns: Callable[[str], bool]) -> Json:
        """Return what an object becomes when a manager applies these fields, and note that they are its own.

        Args:
            now: The object; empty if it is new.
            wanted: All fields that the manager wants to own.
            manager: Who.
            force: Whether fields of others may be taken.
            concerns: Says for a field of the object itself whether this request is about it: status has its own.
        """
        before, after = dict(_leaves(now)), {path: value for path, value in _leaves(wanted) if concerns(path[0])}
        if not force and (taken := self._taken(before, after, manager)):
            raise other_owners(taken)
        result = deepcopy(now)
        for path in [path for path, owners in self._owners.items() if manager in owners and concerns(path[0])]:
            if path not in after:
                self._owners[path].discard(manager)
                if not self._owners[path]:
                    del self._owners[path]
                    _remove(result, path)
        for path, value in after.items():
            _set(result, path, deepcopy(value))
            same = before.get(path) == value
            self._owners[path] = {manager, *(self._owners.get(path, ()) if same else ())}
        return result

    def update(self, before: Json, after: Json, *, manager: str) -> None:
        """Note that a manager changed an object otherwise: what has another value now is its own."""
        old, new = dict(_leaves(before)), dict(_leaves(after))
        self._owners = {path: owners for path, owners in self._owners.items() if path in new}
        for path, value in new.items():
            if old.get(path) != value:
                self._owners[path] = {manager}

    def _taken(self, before: dict[Path, Any], after: dict[Path, Any], manager: str) -> list[tuple[str, Path]]:
        return [
            (owner, path)
            for path, value in after.items()
            if before.get(path) != value
            for owner in sorted(self._owners.get(path, set()) - {manager})
        ]


def _leaves(value: Json, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    for key, each in value.items():
        here = (*path, key)
        if path == ("metadata",) and key not in _OWNED_METADATA:
            continue
        if isinstance(each, dict) and (each or not path):
            yield from _leaves(each, here)
        elif path or key not in _HEAD:
            yield here, each


def _set(target: Json, path: Path, value: Any) -> None:
    *folders, last = path
    for each in folders:
        inner = target.get(each)
        if not isinstance(inner, dict):
            inner = target[each] = {}
        target = inner
    target[last] = value


def _remove(target: Json, path: Path) -> None:
    *folders, last = path
    for each in folders:
        inner = target.get(each)
        if not isinstance(inner, dict):
            return
        target = inner
    target.pop(last, None)
