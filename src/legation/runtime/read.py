"""One object, translated and encoded: its items, the workloads that it describes, and what is wrong with it.

No I/O, but that a fault of this program is logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from legation.envoy import codec
from legation.model.node import Workload
from legation.model.objects import ManifestObject, is_same_json
from legation.model.problems import Level, Problem, own_fault
from legation.model.resource import Resource
from legation.model.resource_types import BY_URL, RESOURCE_TYPES, ResourceType
from legation.runtime.as_problems import told
from legation.runtime.item import Item
from legation.runtime.problem_log import log_fault
from legation.translate import pipeline
from legation.translate.base import Draft, Selection

_Identity = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """What one version of one object means."""

    manifest: ManifestObject
    items: tuple[Item, ...] = field(default=(), repr=False)
    """Empty when the object is broken: it counts as a whole or not at all."""
    workloads: Mapping[str, Workload] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """Node ids that the object describes."""
    selections: tuple[Selection, ...] = field(default=(), repr=False)
    """The resources that are made of Pods; `selecting.py` adds them to the items."""
    notes: tuple[object, ...] = field(default=(), repr=False)
    """What the object says of resources that others hold."""
    problems: tuple[Problem, ...] = ()
    """With the place where the object begins; a source can tell the line of the field (`Source.locate`)."""
    broken: bool = False
    """A problem is an ERROR: nothing of this version is used."""
    may_hold: frozenset[ResourceType] = frozenset()
    """Types of which the object could hold resources, however broken it is."""
    encoded: tuple[tuple[Draft, codec.Encoded], ...] = field(default=(), repr=False)
    """What was encoded, whether it is used or not: for the reading after this one."""


def read(manifest: ManifestObject, previous: Reading | None = None, *, unknown_fields: Level = Level.ERROR) -> Reading:
    """Translate and encode one object.

    Args:
        manifest: The object.
        previous: An earlier reading of the object: resources whose JSON is the same are taken over, not encoded again.
        unknown_fields: See `Rules`.
    """
    translation = pipeline.translate(manifest)
    encoded = _encode(manifest, translation.drafts, previous, unknown_fields=unknown_fields)
    problems = (
        *translation.problems,
        *(misfit(manifest, draft, finding) for draft, each in encoded for finding in each.findings),
    )
    broken = any(problem.level is Level.ERROR for problem in problems)
    items = (
        item_of(manifest, draft, each.resource, position=position)
        for position, (draft, each) in enumerate(encoded)
        if each.resource is not None
    )
    return Reading(
        manifest=manifest,
        items=() if broken else tuple(items),
        workloads=MappingProxyType({}) if broken else translation.workloads,
        selections=() if broken else translation.selections,
        notes=() if broken else translation.notes,
        problems=problems,
        broken=broken,
        may_hold=pipeline.may_hold(manifest),
        encoded=encoded,
    )


def read_safely(manifest: ManifestObject, previous: Reading | None, *, unknown_fields: Level) -> Reading:
    """Do as `read` does; where this program itself fails on the object, that is what is wrong with it."""
    try:
        return read(manifest, previous, unknown_fields=unknown_fields)
    except Exception as error:  # noqa: BLE001 - a fault of this program in one object must not reach the others
        log_fault(error, manifest=manifest.key)
    mend = "report it; until then another way to write the object may help"
    return Reading(
        manifest=manifest,
        problems=(own_fault("on this object", mend=mend, manifest=manifest),),
        broken=True,
        may_hold=frozenset(RESOURCE_TYPES),
    )


def item_of(manifest: ManifestObject, draft: Draft, resource: Resource, *, position: int) -> Item:
    """Return what a draft of an object became."""
    return Item(
        resource=resource,
        scope=draft.scope,
        manifest=manifest,
        json=draft.json,
        path=draft.path,
        named_at=draft.named_at,
        position=position,
    )


def misfit(manifest: ManifestObject, draft: Draft, finding: codec.Finding) -> Problem:
    """Return what the codec finds in a draft as a problem of its object."""
    return replace(told(finding, draft.path), object=manifest.key, place=manifest.place)


def _encode(
    manifest: ManifestObject, drafts: tuple[Draft, ...], previous: Reading | None, *, unknown_fields: Level
) -> tuple[tuple[Draft, codec.Encoded], ...]:
    # Of several with one name, the first.
    before = () if previous is None else reversed(previous.encoded)
    earlier = {_identity(draft.json): (draft, each) for draft, each in before}
    encoded = []
    for draft in drafts:
        # It is used up: two that are the same in every word are still two, and rivals.
        known = earlier.pop(_identity(draft.json), None)
        unchanged = known is not None and is_same_json(known[0].json, draft.json)
        if known and unchanged:
            encoded.append((draft, known[1]))
        else:
            again = codec.encode(draft.json, origin=manifest.key, unknown_fields=unknown_fields)
            encoded.append((draft, again))
    return tuple(encoded)


def _identity(json: Mapping[str, Any]) -> _Identity:
    """Return what a resource is looked up by among those of an earlier version: its type and its name."""
    row = BY_URL.get(str(json["@type"]))
    return (json["@type"], str(json.get(row.name_field if row else "name")))
