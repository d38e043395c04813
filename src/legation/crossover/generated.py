"""The ConfigMap `X-gen`, in which crossover showed what it wrote: what is to stand in it. Pure.

Nothing but crossover itself reads it, so it is kept for those who look into it, and for sidecars of before while they
are replaced. It has all keys of X, never none; whoever labels it keeps his labels; it goes when X goes.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from legation.model.objects import ManifestObject

SUFFIX = "-gen"
_MANAGED_BY = {"app.kubernetes.io/managed-by": "crossover"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Generated:
    """What is to stand in one of them."""

    template: ManifestObject
    """X itself."""
    data: Mapping[str, str]
    binary: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its name."""
        return self.template.key.name + SUFFIX


def generated(template: ManifestObject, files: Mapping[str, bytes]) -> Generated | None:
    """Return what is to stand there; None if it would be empty.

    Args:
        template: X.
        files: What is written of it, by key.
    """
    told = template.body.get("data") or {}
    binary = template.body.get("binaryData") or {}
    data = {key: files[key].decode() if key in files else value for key, value in told.items()}
    return Generated(template=template, data=data, binary=binary) if data or binary else None


def made(wanted: Generated) -> dict[str, Any]:
    """Return the object where there is none."""
    return merged(wanted, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": wanted.name}})


def merged(wanted: Generated, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object that stands there with what is to stand in it: equal to it if nothing is to change."""
    metadata = dict(found.get("metadata") or {})
    metadata["labels"] = {**(metadata.get("labels") or {}), **_MANAGED_BY}
    if owner := _owner(wanted.template):
        # Nobody but X is its owner: others of the same name were X before.
        others = [each for each in metadata.get("ownerReferences") or () if each.get("name") != owner["name"]]
        metadata["ownerReferences"] = [*others, owner]
    new = {**found, "metadata": metadata}
    for field, values in (("data", wanted.data), ("binaryData", wanted.binary)):
        if values or found.get(field):
            new[field] = dict(values)
    return new


def _owner(template: ManifestObject) -> dict[str, str] | None:
    """Return the reference by which the garbage collector knows whose it is.

    Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/
    """
    uid = (template.body.get("metadata") or {}).get("uid")
    if not uid:
        return None
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": template.key.name, "uid": uid}
