"""Lists of objects, page by page, each page of what was there when the first was asked for. Pure.

A token says the revision of the first page and the last key. What has changed since then is taken back for the answer.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from legation.errors import InvalidQuery
from legation.kube.label_selector import label_selector
from legation.model.objects import ObjectKey
from legation.model.stored import Page, StoredObject
from legation.sources.stored.book import Book


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which objects are asked for; None is for all."""

    group: str | None = None
    kind: str | None = None
    namespace: str | None = None
    labels: str = ""

    def selects(self) -> Callable[[StoredObject], bool]:
        """Return what says whether an object is asked for.

        Raises:
            InvalidQuery: The labels are no selector.
        """
        try:
            by_labels = label_selector(self.labels)
        except ValueError as error:
            raise InvalidQuery("labels", f"{error}; write it as for kubectl -l: team=edge,stage!=test") from error
        wanted = (self.group, self.kind, self.namespace)
        return lambda stored: all(map(_fits, wanted, stored.key)) and by_labels(stored.labels)


class _Token(msgspec.Struct, array_like=True):
    revision: int
    key: tuple[str, str, str, str]


def page(book: Book, question: Question, *, limit: int = 0, token: str = "") -> Page:
    """Return a page of what is kept.

    Raises:
        InvalidQuery: The token or the labels cannot be read.
        Compacted: What has changed since the first page is not all known any more.
    """
    selects = question.selects()
    begin = _read(token) if token else None
    revision, after = (begin.revision, ObjectKey(*begin.key)) if begin else (book.revision, None)
    was = book.history.before(revision)
    found: list[StoredObject] = []
    for stored in filter(selects, _then(book, was, after=after)):
        if 0 < limit == len(found):
            return Page(objects=tuple(found), next_token=_shown(revision, found[-1].key), revision=revision)
        found.append(stored)
    return Page(objects=tuple(found), next_token="", revision=revision)


def _then(
    book: Book, was: Mapping[ObjectKey, StoredObject | None], *, after: ObjectKey | None
) -> Iterator[StoredObject]:
    """Yield what was there, in the order of keys, from behind one of them."""
    keys: Iterable[ObjectKey] = book.keys(after=after)
    gone = [key for key, stored in was.items() if stored and key not in book.kept and (after is None or key > after)]
    for key in sorted([*keys, *gone]) if gone else keys:
        stored = was[key] if key in was else book.kept[key]
        if stored is not None:
            yield stored


def _fits(wanted: str | None, found: str) -> bool:
    return wanted is None or wanted == found


def _shown(revision: int, key: ObjectKey) -> str:
    text = msgspec.json.encode(_Token(revision, key))
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _read(token: str) -> _Token:
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return msgspec.json.decode(text, type=_Token)
    except ValueError as error:
        raise InvalidQuery("token", "this is none; give the one that came with the page before") from error
