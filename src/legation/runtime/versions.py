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


class Wanted:
    """Versions that somebody waits for."""

    def __init__(
        self,
        versions: Iterable[ManifestObject],
        *,
        held: Callable[[ObjectKey], tuple[object, ManifestObject] | None],
        known: Callable[[ObjectKey], Heard | None],
    ) -> None:
        """Take them.

        Args:
            versions: The objects as somebody stored them.
            held: Returns a source and the object as it has it, looked at or not; None: no source has it.
            known: Returns what is known of an object; None: it was not heard of.
        """
        self._held = held
        self._known = known
        self._wanted = {each.key: each for each in versions}
        self._seen: set[ObjectKey] = set()
        """Those that a source has, or had."""

    def are_known(self) -> bool:
        """Say whether all are known in their versions, or in later ones; those that went again are not waited for."""
        for key, version in [*self._wanted.items()]:
            known = self._known(key)
            if known is not None and is_as_new(known.newest, version):
                continue
            held = self._held(key)
            if held is not None and is_as_new(held[1], version):
                self._seen.add(key)
            elif held is None and key in self._seen:
                del self._wanted[key]
                continue
            return False
        return True


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


def is_later(version: str, *, than: str) -> bool:
    """Say whether a resourceVersion is a later one; of what is no number, whether it is another."""
    return int(version) > int(than) if version.isdecimal() and than.isdecimal() else version != than
