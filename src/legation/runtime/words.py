"""The words for what does not fit together: among objects of many owners, or within one file. Pure.

It refuses to know what is wrong; it says how those are called that it is said of, and what they can do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from legation.envoy.findings import quote
from legation.model.objects import ManifestObject
from legation.model.resource_types import CLUSTER, ResourceType


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What stands in a message where it matters who wrote the resources."""

    twice: Callable[[ResourceType], str]
    """Said of a resource whose name stands before in the same text."""
    senior: Callable[[ManifestObject], str]
    """Said after what came first, with what says it."""
    missing: str
    """Said after a name that nobody has."""
    other_name: str
    """How to mend that two want one name."""
    other_address: str
    """How to mend that two want one address."""
    if_missing: Callable[[ResourceType, str | None], str]
    """How to mend that a name of that type is missing; with the one that was meant, perhaps."""


def _senior(manifest: ManifestObject) -> str:
    place = f" ({manifest.place})" if manifest.place else ""
    return f" of {manifest.key}{place}, which came first"


def _if_missing(row: ResourceType, meant: str | None) -> str:
    asked = f"did you mean {quote(meant)}?" if meant else ""
    static = "it is right if it is static in the Envoy's bootstrap" if row is CLUSTER else ""
    return " ".join(filter(None, (asked, static)))


OF_OBJECTS = Words(
    twice=lambda _row: "stands in this object twice; the first one counts",
    senior=_senior,
    missing="which no object of this namespace holds",
    other_name="give one of them another name, or selectors that no workload fulfils both",
    other_address="give one of them another address, or selectors that no workload fulfils both",
    if_missing=_if_missing,
)
"""For what is served."""
