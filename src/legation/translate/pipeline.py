"""Finds the step for each kind of object: every module of this folder that has a STEP is a member. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import UNKNOWN_KIND, Level
from legation.model.resource_types import RESOURCE_TYPES, ResourceType
from legation.translate.base import Step, Translation
from legation.translate.faults import fault, unknown_fields
from legation.translate.members import members
from legation.translate.spelling import Spelling

Kind = tuple[str, str]


def by_kind(steps: Iterable[Step]) -> Mapping[Kind, Step]:
    """Return the step of each (API group, kind).

    Raises:
        ValueError: Two steps claim one kind.
    """
    found: dict[Kind, Step] = {}
    for step in steps:
        for kind in step.kinds:
            if kind in found:
                raise ValueError(f"{type(found[kind]).__name__} and {type(step).__name__} both claim {_show(kind)}")
            found[kind] = step
    return MappingProxyType(found)


def _show(kind: Kind) -> str:
    return f"{kind[1]} ({kind[0]})" if kind[0] else kind[1]


STEPS: tuple[Step, ...] = members("STEP")
"""Every step, in the order of their modules."""
API_KINDS = tuple(kind for step in STEPS for kind in step.api_kinds)
"""What is read of a cluster as it is."""
_WITH_FINALIZER = frozenset((kind.group, kind.kind) for kind in API_KINDS if kind.finalizer)
_STEPS = by_kind(STEPS)
_TOP = frozenset(("apiVersion", "kind", "metadata", "spec", "status", "matches"))
"""The fields that objects have at the top; the last one, route groups of old versions. Kubernetes' own kinds have
others, such as `data`."""
_GROUPS = Spelling({group for group, _ in _STEPS if group})
_KINDS = Spelling({kind for _, kind in _STEPS})
_UNDERSTOOD = "understood are " + ", ".join(sorted(map(_show, _STEPS)))


def step_for(key: ObjectKey) -> Step | None:
    """Return the step that understands objects of this kind, or None."""
    return _STEPS.get((key.group, key.kind))


def translate(manifest: ManifestObject) -> Translation:
    """Return what the object means; a kind that nobody understands is a problem of it.

    One that we are to let go of means nothing once it is being deleted: status relies on that where it takes the
    finalizer off (`ObjectState.withdrawn`). Other kinds are not held to it: the Envoy of a Pod runs until its end.
    """
    step = step_for(manifest.key)
    if step is None:
        return _unknown_kind(manifest)
    key = manifest.key
    is_gone = manifest.is_being_deleted and (key.group, key.kind) in _WITH_FINALIZER
    if is_gone:
        return Translation()
    translation = step.translate(manifest)
    unknown = tuple(unknown_fields(manifest, manifest.body, _TOP, ())) if key.group else ()
    return replace(translation, problems=(*translation.problems, *unknown)) if unknown else translation


def may_hold(manifest: ManifestObject) -> frozenset[ResourceType]:
    """Return the types of which the object could hold resources, however broken it is.

    Every type, where its kind is most likely one of ours, misspelt.
    """
    step = step_for(manifest.key)
    if step is not None:
        return step.may_hold(manifest)
    return frozenset(RESOURCE_TYPES if is_misspelt(manifest.key) else ())


def _unknown_kind(manifest: ManifestObject) -> Translation:
    key = manifest.key
    if is_misspelt(key) or not _is_of_kubernetes(key.group):
        message, level = f"nobody understands the kind {_show((key.group, key.kind))}", Level.ERROR
    else:
        message, level = (
            f"objects of the kind {_show((key.group, key.kind))} are not understood, left out",
            Level.WARNING,
        )
    kind = _KINDS.nearest(key.kind)
    meant = [_show(each) for each in _STEPS if each[1] == kind]
    mend = f"did you mean {' or '.join(meant)}? {_UNDERSTOOD}" if meant else _UNDERSTOOD
    return Translation(problems=(fault(manifest, UNKNOWN_KIND, message, ("kind",), level=level, mend=mend),))


def is_misspelt(key: ObjectKey) -> bool:
    """Say whether a kind that nobody understands is most likely one of ours."""
    return (_GROUPS if key.group else _KINDS).nearest(key.group or key.kind) is not None


def _is_of_kubernetes(group: str) -> bool:
    """Say whether the API group is one of Kubernetes' own: these have no dot, or end so; others may not."""
    return "." not in group or group.endswith("k8s.io")
