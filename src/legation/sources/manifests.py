"""The text of a manifest file -> objects, each with the place where it begins.

A text is cut at lines `---` before anything is parsed, as kubectl does, so that one broken document spoils no other,
and a document whose text stands in the file's earlier reading is not parsed again: its object is the same Python
object, even when lines above it came or went. `ManifestObject.place` therefore says where the object began when it was
first read; where it begins now is asked of `Reading.locate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place
from legation.model.problems import Problem
from legation.sources.identity import Fault, identify
from legation.texts import kubectl_yaml
from legation.texts.kubectl_yaml import YamlFault


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """An object of a document."""

    manifest: ManifestObject
    row: int
    """Lines of the document above it."""
    within: FieldPath
    """Where in the document it stands: empty, or the item of a List."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    """A fault of a document, with line and column counted from 1 inside it."""

    fault: Fault
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """What one document's text means, wherever in the file it stands."""

    text: str = field(repr=False)
    found: tuple[_Found, ...] = ()
    troubles: tuple[_Trouble, ...] = ()


_Positioned: TypeAlias = tuple[int, _Document]
"""A document and the lines of the file above it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """What a file said when it was read. Make it with `read_text` or `unreadable`."""

    file: str
    """As `Place.file` has it."""
    documents: tuple[_Positioned, ...] = field(default=(), repr=False)
    fault: Problem | None = None
    """Why the file as a whole says nothing."""
    ended: bool = True
    """The text's last line has an end, as a file that was written to its end has."""

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """All that is wrong, from top to bottom; each of them is an ERROR."""
        if self.fault:
            return (self.fault,)
        return tuple(
            Problem(
                code=trouble.fault.code,
                message=trouble.fault.message,
                mend=trouble.fault.mend,
                path=trouble.fault.path,
                object=trouble.fault.key,
                place=Place(self.file, above + trouble.line, trouble.column),
            )
            for above, document in self.documents
            for trouble in document.troubles
        )

    @cached_property
    def keys(self) -> frozenset[ObjectKey]:
        """The keys of all objects."""
        return frozenset(manifest.key for manifest in self)

    def __iter__(self) -> Iterator[ManifestObject]:
        return (found.manifest for _, document in self.documents for found in document.found)

    @cached_property
    def places(self) -> tuple[tuple[ManifestObject, Place], ...]:
        """The objects, and where each begins now. An object stands here twice if its text does."""
        return tuple(
            (found.manifest, Place(self.file, above + found.row + 1, 1))
            for above, document in self.documents
            for found in document.found
        )

    @property
    def looks_cut_off(self) -> bool:
        """Whether the text stops in the middle of a line, and there is nothing but comments before."""
        return not (self.ended or self.keys or self.problems)

    def says(self, other: Reading | None) -> bool:
        """Whether the other reading is of the same text (or failed for the same reason)."""
        return (
            other is not None
            and self.fault == other.fault
            and self.ended == other.ended
            and len(self.documents) == len(other.documents)
            # A document is the same Python object for as long as its text is the same.
            and all(mine[1] is yours[1] for mine, yours in zip(self.documents, other.documents, strict=True))
        )

    def locate(self, place: Place, path: FieldPath) -> Place | None:
        """Return where a field of an object stands now; None if no object here was given that place.

        Args:
            place: The object's `place`, the very Python object: objects that were read at different times may have
                equal ones.
            path: The field, inside the object; empty for the object itself.
        """
        known = self._by_place.get(id(place))
        if known is None:
            return None
        above, document, found = known
        line, column = kubectl_yaml.find(document.text, (*found.within, *path)) if path else (found.row + 1, 1)
        return Place(self.file, above + line, column)

    @cached_property
    def _by_place(self) -> dict[int, tuple[int, _Document, _Found]]:
        # Identities of places are safe as keys: the objects that hold them live as long as this reading.
        return {
            id(found.manifest.place): (above, document, found)
            for above, document in reversed(self.documents)
            for found in document.found
        }


def unreadable(file: str, *, message: str, mend: str, code: str = "unreadable-file") -> Reading:
    """Return the reading of a file that says nothing."""
    return Reading(file=file, fault=Problem(code=code, message=message, mend=mend, place=Place(file)))


def cut_off(file: str) -> Reading:
    """Return the reading of a file that held objects and now stops inside the comments that it begins with."""
    message = "only comments are left of the file, and the last line has no end; what it held before stays in use"
    mend = "to delete its objects, delete the file, or end its last line"
    return unreadable(file, code="empty-file", message=message, mend=mend)


def read_text(text: str, *, file: str, earlier: Iterable[Reading] = ()) -> Reading:
    """Read a file's text.

    Args:
        text: The file's whole text.
        file: The file's name, as places have it.
        earlier: What the file said before: documents and objects are taken over where the text did not change.
    """
    if not text.strip():
        message = "the file is empty; what it held before stays in use"
        return unreadable(file, code="empty-file", message=message, mend="to delete its objects, delete the file")
    known = {document.text: document for reading in earlier for _, document in reading.documents}
    documents: list[_Positioned] = []
    for above, part in _cut(text):
        if part not in known:
            known[part] = _read_document(part, file=file, above=above)
        documents.append((above, known[part]))
    return Reading(file=file, documents=tuple(documents), ended=text.endswith("\n"))


def first_document(text: str) -> str:
    """Return the text of the first document that is more than comments, with all lines above it."""
    end = 0
    for above, part in _cut(text):
        del above
        end += len(part)
        if any(line.strip() and not line.startswith(("#", "---", "%")) for line in part.splitlines()):
            break
    return text[:end]


def _cut(text: str) -> Iterator[tuple[int, str]]:
    """Cut before each line `---`, and tell the lines above each part."""
    above = start = 0
    for end in _separators(text):
        part = text[start:end]
        yield above, part
        above += part.count("\n")
        start = end


def _separators(text: str) -> Iterator[int]:
    """Return where lines begin that are `---` alone or with something after a space, and where the text ends."""
    at = text.find("\n---")
    while at >= 0:
        if text[at + 4 : at + 5].strip() == "":
            yield at + 1
        at = text.find("\n---", at + 4)
    yield len(text)


def _read_document(text: str, *, file: str, above: int) -> _Document:
    try:
        loaded = kubectl_yaml.load(text)
    except YamlFault as fault:
        said = Fault(code=fault.code, message=fault.message, mend=fault.mend)
        return _Document(text=text, troubles=(_Trouble(fault=said, line=fault.line, column=fault.column),))
    found: list[_Found] = []
    troubles: list[_Trouble] = []
    for within, body in _bodies(loaded.value):
        line, column = loaded.position(within)
        seen = identify(body, place=Place(file, above + line, 1))
        if isinstance(seen, Fault):
            line, column = loaded.position((*within, *seen.path))
            troubles.append(_Trouble(fault=seen, line=line, column=column))
        else:
            found.append(_Found(manifest=seen, row=line - 1, within=within))
    return _Document(text=text, found=tuple(found), troubles=tuple(troubles))


def _bodies(value: Any, within: FieldPath = ()) -> Iterator[tuple[FieldPath, Any]]:
    """Return the objects of a document: itself, or the items of a `kind: List`; nothing for one of comments only."""
    if value is None:
        return
    items = value.get("items") if isinstance(value, dict) else None
    if isinstance(items, list) and value.get("kind") == "List" and value.get("apiVersion") == "v1":
        for index, item in enumerate(items):
            yield from _bodies(item, (*within, "items", index))
    else:
        yield within, value
