"""What is known of the objects of one kind, and what each thing that the API server says changes in it.

The one invariant: whoever replays all changes that were ever returned has exactly `objects`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Generic, TypeAlias, TypeVar

import msgspec

from legation.kube.nesting import DEEPEST, is_deep
from legation.kube.watch_wire import Head, read_head
from legation.model.cluster import NamespacedName

Object = TypeVar("Object")
Object_co = TypeVar("Object_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Put(Generic[Object_co]):
    """An object is new, or has another version."""

    key: NamespacedName
    object: Object_co = field(repr=False)


@dataclass(frozen=True, slots=True)
class Gone(Generic[Object_co]):
    """An object was deleted, or no longer matches what is watched."""

    key: NamespacedName
    object: Object_co | None = field(repr=False)
    """As it was last known; None if it could never be read."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object is not what was expected of its kind. What was known of it stays until it is readable or gone."""

    key: NamespacedName
    words: str


Change: TypeAlias = Put[Object_co] | Gone[Object_co] | Unreadable


class Known(Generic[Object]):
    """The objects of one kind that were heard of."""

    def __init__(self, decode: Callable[[msgspec.Raw], Object]) -> None:
        """Know nothing yet.

        Args:
            decode: Makes of an object's JSON what is to be kept of it; `msgspec.ValidationError` refuses it. Any other
                error does, too, and is told by its name alone.
        """
        self._decode = decode
        self._objects: dict[NamespacedName, Object] = {}
        self._heads: dict[NamespacedName, tuple[str, str]] = {}
        self._unreadable: dict[NamespacedName, str] = {}
        self._unseen: set[NamespacedName] = set()
        self.objects: Mapping[NamespacedName, Object] = MappingProxyType(self._objects)
        """A view: it changes with what is known."""
        self.unreadable: Mapping[NamespacedName, str] = MappingProxyType(self._unreadable)
        """Why the newest version of an object is not the one that is known."""

    def __bool__(self) -> bool:
        """Say whether there is any object, readable or not."""
        return bool(self._heads)

    def begin(self) -> None:
        """Expect a whole state, told object by object."""
        self._unseen = set(self._heads)

    def end(self) -> list[Change[Object]]:
        """Note that the whole state was told: what it did not hold is gone."""
        gone, self._unseen = self._unseen, set()
        return [self._forget(key) for key in list(self._heads) if key in gone]

    def reread(self) -> None:
        """Expect all objects to be told in another form: each is read anew, whatever its version."""
        self._heads = {key: (uid, "") for key, (uid, _) in self._heads.items()}

    def clear(self) -> list[Change[Object]]:
        """Note that there is nothing at all."""
        self.begin()
        return self.end()

    def take(self, raw: msgspec.Raw) -> tuple[Head, list[Change[Object]]]:
        """Take an object that is there, and return which version of it that is, and what it changed.

        Raises:
            msgspec.DecodeError: Nobody can say which object it is.
        """
        head = read_head(raw)
        return head, self.put(head, raw)

    def put(self, head: Head, raw: msgspec.Raw) -> list[Change[Object]]:
        """Take an object that is there and whose head was read, and return what it changed."""
        key, uid, version = head.key, head.uid, head.version
        self._unseen.discard(key)
        before = self._heads.get(key)
        if before == (uid, version):
            return []
        changes: list[Change[Object]] = []
        if before is not None and before[0] != uid:
            # Deleted and made anew, unheard: who keeps something for the old one must hear that it ended.
            changes.append(self._forget(key))
        self._heads[key] = uid, version
        changes.append(self._read(key, raw))
        return changes

    def drop(self, raw: msgspec.Raw) -> tuple[Head, list[Change[Object]]]:
        """Take an object that is no longer there, and return what `take` returns.

        Raises:
            msgspec.DecodeError: Nobody can say which object it is.
        """
        head = read_head(raw)
        return head, [self._forget(head.key)] if head.key in self._heads else []

    def _read(self, key: NamespacedName, raw: msgspec.Raw) -> Change[Object]:
        try:
            found = self._decode(raw)
        except Exception as error:  # noqa: BLE001 - no object may stop the others, whatever is the matter with it
            words = self._unreadable[key] = _words(error, raw)
            return Unreadable(key, words)
        self._objects[key] = found
        self._unreadable.pop(key, None)
        return Put(key, found)

    def _forget(self, key: NamespacedName) -> Gone[Object]:
        del self._heads[key]
        self._unreadable.pop(key, None)
        return Gone(key, self._objects.pop(key, None))


def _words(error: Exception, raw: msgspec.Raw) -> str:
    if isinstance(error, msgspec.DecodeError):
        return str(error)
    if isinstance(error, RecursionError) and is_deep(bytes(raw)):
        return f"it is nested more than {DEEPEST} levels deep"
    # Its words may hold what stands in the object.
    return f"it cannot be read ({type(error).__name__})"
