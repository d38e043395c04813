"""The problems that several steps find, in the same words. Pure; no text holds a value of the object."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import AND_MORE, MOST_TOLD, Level, Problem
from legation.translate.spelling import Spelling


def fault(
    manifest: ManifestObject,
    code: str,
    message: str,
    path: FieldPath = (),
    *,
    level: Level = Level.ERROR,
    mend: str = "",
    example: str = "",
) -> Problem:
    """Return a problem of that object."""
    return Problem(
        code=code,
        message=message,
        level=level,
        object=manifest.key,
        place=manifest.place,
        path=path,
        mend=mend,
        example=example,
    )


def kind_of(value: object) -> str:
    """Return what a JSON value is, in words: `a list`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case Mapping():
            return "a map"
        case _:
            return "a list"


def version_fault(manifest: ManifestObject, *understood: str) -> Problem | None:
    """Return the problem that the object is of none of these versions, each with its API group."""
    if manifest.api_version in understood:
        return None
    message = f"this version of {manifest.key.kind} is not understood"
    mend = f"understood {'is' if len(understood) == 1 else 'are'} {', '.join(understood)}"
    return fault(manifest, "unknown-version", message, ("apiVersion",), mend=mend)


def spec_of(manifest: ManifestObject, *, mend: str) -> Mapping[str, Any] | Problem:
    """Return what stands below `spec`, or the problem that nothing does, or no map.

    Args:
        manifest: The object.
        mend: What to put there.
    """
    spec = manifest.body.get("spec")
    if spec is None:
        return fault(manifest, "no-spec", "the object has no spec", mend=mend)
    if not isinstance(spec, Mapping):
        return fault(manifest, "invalid-spec", f"spec must be a map, this is {kind_of(spec)}", ("spec",))
    return spec


def unknown_fields(
    manifest: ManifestObject, value: Mapping[str, Any], known: Collection[str], path: FieldPath
) -> Iterator[Problem]:
    """Yield a problem for each field that nobody understands.

    One that resembles a known field is an ERROR: its owner meant something by it, and without it the object means
    something else (without its selector, everyone gets it). Any other is a WARNING.
    """
    unknown = [name for name in value if name not in known]
    if not unknown:
        return
    resembled = Spelling(known)
    for name in unknown[:MOST_TOLD]:
        meant = resembled.nearest(name)
        yield fault(
            manifest,
            "unknown-field",
            "nobody understands this field",
            (*path, name),
            level=Level.ERROR if meant else Level.WARNING,
            mend=f'did you mean "{meant}"?' if meant else f"known here: {', '.join(sorted(known))}",
        )
    if more := unknown[MOST_TOLD:]:
        level = Level.ERROR if any(map(resembled.nearest, more)) else Level.WARNING
        yield fault(
            manifest,
            AND_MORE,
            f"and {len(more):,} more fields here that nobody understands",
            path,
            level=level,
            mend="mend those that are told, and look again",
        )


def string_map_faults(manifest: ManifestObject, value: object, path: FieldPath, *, code: str) -> Iterator[Problem]:
    """Yield a problem for each thing that keeps the value from being a map of texts to texts, as labels are."""
    if not isinstance(value, Mapping):
        yield fault(manifest, code, f"labels must be a map, this is {kind_of(value)}", path)
        return
    for name, text in value.items():
        if not isinstance(text, str):
            yield fault(
                manifest,
                code,
                f"the value of a label must be text, this is {kind_of(text)}",
                (*path, name),
                mend="" if isinstance(text, Mapping | list) else "put it in quotes",
            )
