"""Our own names among an object's labels and annotations, and those that are written almost like them. Pure.

Whoever misspells one gets the opposite of what was meant, without a word: with `legation.dev/workload-selectors` every
Envoy of the namespace gets the files. In a cluster only ConfigMaps are read that have the label, so what is wrong with
the label itself is found in directories.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import Level, Problem
from legation.translate.faults import fault
from legation.translate.selectors import ANNOTATION
from legation.translate.spelling import did_you_mean

LABEL, YES = "legation.dev/xds", "true"
UNJUDGED = "legation.dev/unjudged"
"""The annotation of an object that no real Envoy is to be asked about."""
_OFF = frozenset({"false", "no", "off", "0", ""})
_ALMOST_YES = frozenset({"true", "yes", "on", "y", "1"})
_PREFIX = "legation.dev/"
_FIELD_OF = {LABEL: "labels", ANNOTATION: "annotations", UNJUDGED: "annotations"}
_CODE = "unknown-field"
_MEND = f'write {LABEL}: "{YES}", or remove the label'


def is_unjudged(manifest: ManifestObject) -> bool:
    """Say whether the object is served without a verdict because its owner wants that."""
    return any(name == UNJUDGED and value == YES for name, value in _values(manifest, "annotations"))


def label_faults(manifest: ManifestObject) -> Iterator[Problem]:
    """Yield why a ConfigMap without the label was perhaps to have it."""
    for name, value in _values(manifest, "labels"):
        path: FieldPath = ("metadata", "labels", name)
        if name == LABEL:
            said = str(value).casefold()
            if said not in _OFF:
                message = f'only the text "{YES}" means something here, so nothing of this ConfigMap is read'
                level = Level.ERROR if said in _ALMOST_YES else Level.WARNING
                yield fault(manifest, "not-labelled", message, path, level=level, mend=_MEND)
        elif mend := did_you_mean(name, (LABEL,)):
            yield fault(manifest, _CODE, "nobody understands this label", path, mend=mend)


def faults(manifest: ManifestObject) -> Iterator[Problem]:
    """Yield the labels and annotations of a ConfigMap with the label that are ours by their names, but are not."""
    for field in ("labels", "annotations"):
        for name, _ in _values(manifest, field):
            if _FIELD_OF.get(name) == field:
                continue
            meant = next((each for each in _FIELD_OF if did_you_mean(name, (each,))), None)
            if meant is None and not name.startswith(_PREFIX):
                continue
            mend = f"known: {', '.join(_FIELD_OF)}"
            if meant:
                mend = f'did you mean "{meant}", one of the {_FIELD_OF[meant]}?'
            yield fault(
                manifest,
                _CODE,
                f"nobody understands this one of the {field}",
                ("metadata", field, name),
                level=Level.ERROR if meant else Level.WARNING,
                mend=mend,
            )


def _values(manifest: ManifestObject, field: str) -> Iterator[tuple[str, Any]]:
    values = manifest.metadata.get(field)
    if isinstance(values, Mapping):
        yield from ((str(name), value) for name, value in values.items())
