"""The part of `metadata` that is read of every object, whatever its kind."""

from __future__ import annotations

import msgspec

from legation.model.cluster import NamespacedName


class Metadata(msgspec.Struct, frozen=True, gc=False):
    """What is kept of `metadata`; the rest is not even decoded."""

    name: str
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] | None = None

    @property
    def key(self) -> NamespacedName:
        """The object's name."""
        return NamespacedName(self.namespace, self.name)
