"""What stored objects, their labels and annotations, and who owns them may be called: Kubernetes' rules in words. Pure.

What is stored here can go to a cluster later, and names of objects become names of files.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from legation.errors import InvalidQuery
from legation.model.objects import FieldPath

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_LABEL = re.compile(_LABEL)
_DNS_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_KIND = re.compile(r"[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?")
_WORD = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")

_SUBDOMAIN_RULE = "write small letters, digits, - and ., with a letter or digit at both ends and beside each dot"
_LABEL_RULE = "write small letters, digits and -, with a letter or digit at both ends"
_WORD_RULE = "write letters, digits, -, _ and ., at most 63 of them, with a letter or digit at both ends"


_LONGEST_MANAGER = 128
"""Letters; the API server's own limit: https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers"""


class NameFault(NamedTuple):
    """A name that cannot be one."""

    path: FieldPath
    message: str
    mend: str


def name_faults(body: Mapping[str, Any]) -> Iterator[NameFault]:
    """Yield what is wrong with the names in an object that has them, as text."""
    group, _, version = body["apiVersion"].rpartition("/")
    if (group and not is_subdomain(group)) or not is_label(version) or body["apiVersion"].startswith("/"):
        mend = 'write "group/version", such as "bootes.io/v1", or "v1"'
        yield NameFault(("apiVersion",), "this is no apiVersion", mend)
    if not (_KIND.fullmatch(body["kind"]) and len(body["kind"]) <= 63):
        mend = "write letters and digits, such as Cluster, at most 63"
        yield NameFault(("kind",), "this is no name of a kind", mend)
    metadata = body["metadata"]
    if not is_subdomain(metadata["name"]):
        message = "an object cannot have this name" + _too_long(metadata["name"], 253)
        yield NameFault(("metadata", "name"), message, _SUBDOMAIN_RULE)
    if not is_label(metadata.get("namespace") or "default"):
        message = "a namespace cannot have this name" + _too_long(metadata["namespace"], 63)
        yield NameFault(("metadata", "namespace"), message, _LABEL_RULE)
    for field in ("labels", "annotations"):
        yield from _noted(metadata.get(field) or {}, ("metadata", field))


def is_subdomain(text: str) -> bool:
    """Say whether an object may have this name."""
    return len(text) <= 253 and _DNS_SUBDOMAIN.fullmatch(text) is not None


def is_label(text: str) -> bool:
    """Say whether a namespace may have this name."""
    return len(text) <= 63 and _DNS_LABEL.fullmatch(text) is not None


def check_manager(manager: str) -> None:
    """Look whether somebody who applies has a name that can be kept.

    Raises:
        InvalidQuery: It is none.
    """
    if not manager or len(manager) > _LONGEST_MANAGER or not manager.isprintable():
        raise InvalidQuery("manager", f"say who applies, in at most {_LONGEST_MANAGER} printable letters")


def _noted(notes: Any, path: FieldPath) -> Iterator[NameFault]:
    if not isinstance(notes, Mapping):
        yield NameFault(path, f"metadata.{path[-1]} is not a mapping", 'write "name: value" lines below it')
        return
    for name, value in notes.items():
        prefix, slash, word = str(name).rpartition("/")
        if not _is_word(word) or (slash and not is_subdomain(prefix)):
            mend = f"{_WORD_RULE}; a domain and / may stand before it"
            yield NameFault(
                (*path, name), f"{'a label' if path[-1] == 'labels' else 'an annotation'} cannot have this name", mend
            )
        if not isinstance(value, str):
            yield NameFault((*path, name), "its value is not text", "quote it")
        elif path[-1] == "labels" and value and not _is_word(value):
            yield NameFault((*path, name), "a label cannot have this value", f"{_WORD_RULE}, or nothing")


def _is_word(text: str) -> bool:
    return len(text) <= 63 and _WORD.fullmatch(text) is not None


def _too_long(text: str, most: int) -> str:
    return f", which is longer than {most} letters" if len(text) > most else ""
