"""Whether an object has been heard of in a version that somebody waits for, or in a later one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from legation.model.objects import ManifestObject, ObjectKey, is_same_json

_NOT_ITS_OWN = frozenset({"metadata", "status"})
_OF_METADATA = ("labels", "annotations")


class Heard(Protocol):
    """What is known of an object, as far as it matters here."""

    @property
    def newest(self) -> ManifestObject:
        """The object as its source has it."""
        ...


def are_known(versions: Iterable[ManifestObject], known: Callable[[ObjectKey], Heard | None]) -> bool:
    """Say whether all of these are known in their versions, or in later ones.

    Args:
        versions: The objects as somebody stored them.
        known: Returns what is known of an object; None: it was not heard of.
    """
    found = ((known(each.key), each) for each in versions)
    return all(it is not None and is_as_new(it.newest, each) for it, each in found)


def is_as_new(known: ManifestObject, wanted: ManifestObject) -> bool:
    """Say whether what is known of an object is that version, or a later one, or says the same.

    A source need not notice a change of what nobody reads: a status that is written raises the resourceVersion, too.
    Versions are ordered: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions

    Args:
        known: The object as its source has it.
        wanted: The object as somebody stored it.
    """
    found, least = (str(each.metadata.get("resourceVersion") or "") for each in (known, wanted))
    if found.isdecimal() and least.isdecimal() and int(found) >= int(least):
        return True
    return is_same_json(_said(known), _said(wanted))


def _said(manifest: ManifestObject) -> Mapping[str, Any]:
    said = {key: value for key, value in sorted(manifest.body.items()) if key not in _NOT_ITS_OWN}
    return {**said, "metadata": [manifest.metadata.get(each) or {} for each in _OF_METADATA]}
