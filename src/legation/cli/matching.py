"""`--l7mp-matching`: whom the selectors of VirtualServices mean, as rules for what serves them."""

from __future__ import annotations

from legation.translate.virtual_service import KIND

ALL, ANY = "all", "any"
"""Who has all labels, in the namespace of the object; who has any one of them, in all."""


def any_label(matching: str) -> frozenset[tuple[str, str]]:
    """Return the kinds of which one label is enough; see `Rules.any_label`."""
    return frozenset({(KIND.group, KIND.kind)} if matching == ANY else ())
