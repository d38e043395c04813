r"""What stands in the journal: lines, each with a checksum. Pure; everything about the format is here.

::

    <CRC-32 of the JSON, 8 hexadecimal digits> <JSON>\n

The first line is the head: the format, the revision at which the journal was written anew and how many objects there
were. One line for each of these follows, then one line for each transaction: the revision of its first change, the last
revision that was on the disk for sure when it was written, and its changes.

That last number tells two things apart which look alike. After a power failure the last blocks may be missing in any
order; nobody was told that these writes are kept, and they are cut off. But if a later line says that a broken one was
on the disk, the file was damaged, and what is lost was promised to somebody: that is said.

Source: the write-ahead logs of etcd and SQLite, which tell a torn end from damage likewise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zlib import crc32

import msgspec

from legation.model.objects import ObjectKey
from legation.model.stored import Change, Owner, StoredObject

FORMAT = 1


class KeptOwner(msgspec.Struct, array_like=True):
    """An owner of fields, as it is written."""

    manager: str
    api_version: str
    time: str
    fields: dict[str, Any]


class Kept(msgspec.Struct):
    """An object, as it is written."""

    body: dict[str, Any]
    owners: list[KeptOwner]


class ChangeLine(msgspec.Struct, omit_defaults=True):
    """A change, as it is written: one of both."""

    put: Kept | None = None
    delete: tuple[str, str, str, str] | None = None


class Line(msgspec.Struct, omit_defaults=True):
    """A line: the head, an object or a transaction."""

    format: int | None = None
    objects: int = 0
    """Of a head."""
    revision: int = 0
    """Of a head or a transaction."""
    object: Kept | None = None
    durable: int = 0
    """Of a transaction."""
    changes: list[ChangeLine] | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Line)


def head_line(*, revision: int, objects: int) -> bytes:
    """Return the first line of a journal."""
    return _line(_encoder.encode(Line(format=FORMAT, revision=revision, objects=objects)))


def object_line(stored: StoredObject) -> bytes:
    """Return the line of an object that was there when the journal was written anew."""
    return _line(_encoder.encode(Line(object=_kept(stored))))


def transaction_line(changes: Sequence[Change], *, durable: int) -> bytes:
    """Return the line of changes that are kept together."""
    lines = [
        ChangeLine(put=_kept(each.stored)) if each.stored is not None else ChangeLine(delete=each.key)
        for each in changes
    ]
    return _line(_encoder.encode(Line(revision=changes[0].revision, durable=durable, changes=lines)))


def read_line(line: bytes) -> Line | None:
    """Return what a line without its end says; None if it is damaged."""
    text = line[9:]
    if line[8:9] != b" " or line[:8] != b"%08x" % crc32(text):
        return None
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def stored_of(kept: Kept) -> StoredObject:
    """Return an object that was written.

    Raises:
        LookupError: It says not which one it is.
    """
    body, metadata = kept.body, kept.body["metadata"]
    key = ObjectKey(body["apiVersion"].rpartition("/")[0], body["kind"], metadata["namespace"], metadata["name"])
    owners = tuple(
        Owner(manager=each.manager, api_version=each.api_version, time=each.time, fields=each.fields)
        for each in kept.owners
    )
    return StoredObject(key=key, body=body, owners=owners)


def changes_of(line: Line, objects: Mapping[ObjectKey, StoredObject]) -> Iterable[Change]:
    """Yield the changes of a transaction, to be made as they come.

    Args:
        line: The transaction.
        objects: What there was before; a change must be in it before the next is asked for.
    """
    for revision, change in enumerate(line.changes or (), line.revision):
        if change.put is not None:
            stored = stored_of(change.put)
            yield Change(revision=revision, key=stored.key, stored=stored, previous=objects.get(stored.key))
        elif change.delete is not None:
            key = ObjectKey(*change.delete)
            yield Change(revision=revision, key=key, stored=None, previous=objects.get(key))


def _kept(stored: StoredObject) -> Any:
    # Not a `Kept`: what is written is not copied.
    return {
        "body": stored.body,
        "owners": [(each.manager, each.api_version, each.time, each.fields) for each in stored.owners],
    }


def _line(text: bytes) -> bytes:
    return b"%08x %b\n" % (crc32(text), text)
