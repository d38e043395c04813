"""Reads HTTPRouteGroups of the Service Mesh Interface: which requests match. Pure.

A `pathRegex` and the regular expression of a header are held against the whole path and the whole value, as Envoy holds
those of its routes. The four versions differ in where the matches stand.

Source: https://github.com/servicemeshinterface/smi-spec/blob/main/apis/traffic-specs/v1alpha4/traffic-specs.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import Level, Problem
from legation.translate.base import Translation
from legation.translate.faults import fault, kind_of
from legation.translate.request_sets import ANYTHING, Pattern, Requests
from legation.translate.spelling import did_you_mean
from legation.translate.splits import RouteGroup, RouteMatch

_CODE = "invalid-route-group"
_FLAT = ("v1alpha1", "v1alpha2")
"""Versions in which the matches stand beside the metadata, and not in a spec."""
_KNOWN = ("name", "pathRegex", "methods", "headers")
_ANY = "*"


def translate_group(manifest: ManifestObject) -> Translation:
    """Return what the group matches; everything that is wrong with it breaks it, for it would match something else."""
    body = manifest.body
    spec = body.get("spec")
    # What a cluster keeps in one version and shows in another may stand where that other one does not have it.
    flat = "matches" in body if spec is None else manifest.api_version.endswith(_FLAT) and "matches" in body
    matches = body.get("matches") if flat else spec.get("matches") if isinstance(spec, Mapping) else None
    path: FieldPath = ("matches",) if flat else ("spec", "matches")
    if not isinstance(matches, list) or not matches:
        message = "there are no matches" if not matches else f"this is {kind_of(matches)}, not a list"
        mend = "write a list of matches, each with a name and a pathRegex, methods or headers"
        return Translation(problems=(fault(manifest, _CODE, message, path, mend=mend),))
    found = [_match(manifest, each, (*path, index)) for index, each in enumerate(matches)]
    problems = tuple(each for part in found if isinstance(part, tuple) for each in part)
    if problems:
        return Translation(problems=problems)
    group = RouteGroup(matches=tuple(each for each in found if isinstance(each, RouteMatch)))
    return Translation(notes=(group,))


def _match(manifest: ManifestObject, match: object, path: FieldPath) -> RouteMatch | tuple[Problem, ...]:
    if not isinstance(match, Mapping):
        return (fault(manifest, _CODE, f"a match must be a map, this is {kind_of(match)}", path),)
    problems = tuple(_faults(manifest, match, path))
    if problems:
        return problems
    regex, methods = match.get("pathRegex"), match.get("methods") or [_ANY]
    return RouteMatch(
        name=match.get("name") or "",
        requests=Requests(
            path=Pattern.of_regex(regex).of_paths() if regex else ANYTHING,
            methods=None if _ANY in methods else frozenset(each.upper() for each in methods),
            headers=frozenset(
                (name.lower(), Pattern.of_regex(value))
                for part in _header_maps(match.get("headers"))
                for name, value in part.items()
            ),
        ),
    )


def _faults(manifest: ManifestObject, match: Mapping[str, Any], path: FieldPath) -> Iterator[Problem]:
    for name in match:
        if name not in _KNOWN:
            mend = did_you_mean(name, _KNOWN) or f"known here: {', '.join(_KNOWN)}"
            yield fault(manifest, "unknown-field", "nobody understands this field", (*path, name), mend=mend)
    for name in ("name", "pathRegex"):
        if not isinstance(match.get(name), str | None):
            message = f"this must be text, and is {kind_of(match[name])}"
            yield fault(manifest, _CODE, message, (*path, name), mend="put it in quotes")
    methods = match.get("methods")
    if not isinstance(methods, list | None):
        message = f"methods must be a list, this is {kind_of(methods)}"
        yield fault(manifest, _CODE, message, (*path, "methods"), mend="write [GET], or leave it out for any")
    for index, each in enumerate(methods if isinstance(methods, list) else ()):
        if not isinstance(each, str):
            message = f"a method must be text, this is {kind_of(each)}"
            yield fault(manifest, _CODE, message, (*path, "methods", index), mend="put it in quotes")
    yield from _header_faults(manifest, match.get("headers"), (*path, "headers"))


def _header_faults(manifest: ManifestObject, headers: object, path: FieldPath) -> Iterator[Problem]:
    maps = _header_maps(headers)
    if not all(isinstance(each, Mapping) for each in maps):
        message = f"headers must be a map, or a list of maps, this is {kind_of(headers)}"
        yield fault(
            manifest, _CODE, message, path, mend="write the header's name and a regular expression of its value"
        )
        return
    for each in maps:
        for name, value in each.items():
            if not isinstance(value, str):
                message = f"the value of a header must be text, this is {kind_of(value)}"
                yield fault(manifest, _CODE, message, (*path, name), level=Level.ERROR, mend="put it in quotes")


def _header_maps(headers: Any) -> list[Any]:
    """Return the maps of headers: the specification shows a map, the definition of the kind a list of maps."""
    if headers is None:
        return []
    return headers if isinstance(headers, list) else [headers]
