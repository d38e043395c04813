"""ConfigMaps that hold Envoy's files: a file's resources are served as those of any other object. Pure.

Only a ConfigMap with the label `legation.dev/xds: "true"` means anything. Each of its keys that ends as YAML or JSON
and holds a DiscoveryResponse, or one resource, is read. Where one of the files names another, that is asked for over
ADS. No Envoy reads these files: a file may hold any number of resources of any types, and is YAML as kubectl reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from legation.model.api_kinds import ApiKind
from legation.model.node import Scope
from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import Level, Problem
from legation.model.resource_types import RESOURCE_TYPES, ResourceType
from legation.texts import kubectl_yaml
from legation.texts.kubectl_yaml import YamlFault
from legation.translate import discovery_files, own_names
from legation.translate.base import Draft, Translation
from legation.translate.discovery_files import ENDINGS, Reader, Shape
from legation.translate.drafts import draft_of
from legation.translate.faults import fault, kind_of, unknown_fields
from legation.translate.file_sources import over_ads
from legation.translate.own_names import LABEL, YES
from legation.translate.selectors import scope_of_annotation

_BINARY = "binaryData"
_LEFT_OUT = "no-xds-file"
_FIELDS = frozenset({"apiVersion", "kind", "metadata", "data", _BINARY, "immutable"})


class ConfigMaps:
    """The step of ConfigMaps."""

    api_kinds = (
        ApiKind(
            group="",
            version="v1",
            kind="ConfigMap",
            plural="configmaps",
            selector=f"{LABEL}={YES}",
            has_status=False,
        ),
    )
    kinds = frozenset((each.group, each.kind) for each in api_kinds)

    def translate(self, manifest: ManifestObject) -> Translation:
        """Return the resources of all files, and who gets them."""
        if not is_ours(manifest):
            return Translation(problems=tuple(own_names.label_faults(manifest)))
        scope, selector_problems = scope_of_annotation(manifest)
        found = list(_read(manifest, scope))
        problems = (
            *unknown_fields(manifest, manifest.body, _FIELDS, ()),
            *own_names.faults(manifest),
            *selector_problems,
            *(each for each in found if isinstance(each, Problem)),
        )
        if any(problem.level is Level.ERROR for problem in problems):
            return Translation(problems=problems)
        return Translation(drafts=tuple(each for each in found if isinstance(each, Draft)), problems=problems)

    def may_hold(self, manifest: ManifestObject) -> frozenset[ResourceType]:
        """Return every type, where it means anything."""
        return frozenset(RESOURCE_TYPES if is_ours(manifest) else ())


STEP = ConfigMaps()


def is_ours(manifest: ManifestObject) -> bool:
    """Say whether a ConfigMap has the label by which it is read."""
    return manifest.labels.get(LABEL) == YES


def _read(manifest: ManifestObject, scope: Scope) -> Iterator[Draft | Problem]:
    for field in ("data", _BINARY):
        value = manifest.body.get(field)
        if not isinstance(value, Mapping | None):
            yield fault(manifest, "invalid-config", f"{field} must be a map, this is {kind_of(value)}", (field,))
    for key in _values(manifest, _BINARY):
        yield _left_out(manifest, (_BINARY, key), "it is binary")
    files = {key: list(_read_key(manifest, key, text, scope)) for key, text in _values(manifest, "data").items()}
    served = {key for key, found in files.items() if not any(_is_left_out(each) for each in found)}
    for found in files.values():
        for each in found:
            yield from _over_ads(manifest, each, served) if isinstance(each, Draft) else (each,)


def _values(manifest: ManifestObject, field: str) -> Mapping[str, Any]:
    value = manifest.body.get(field)
    return value if isinstance(value, Mapping) else {}


def _read_key(manifest: ManifestObject, key: str, text: object, scope: Scope) -> Iterator[Draft | Problem]:
    path: FieldPath = ("data", key)
    if not isinstance(text, str):
        mend = 'write "|" behind the key, and the file below it'
        yield fault(manifest, "invalid-config", f"a file is text, this is {kind_of(text)}", path, mend=mend)
    elif not key.endswith(ENDINGS):
        yield _left_out(manifest, path, f"its name ends with none of {', '.join(ENDINGS)}")
    else:
        try:
            value = kubectl_yaml.load(text).value
        except YamlFault as broken:
            message = f"line {broken.line} of the file: {broken.message}"
            yield fault(manifest, broken.code, message, path, mend=_mend(broken))
        else:
            yield from _read_file(manifest, key, value, scope)


def _mend(broken: YamlFault) -> str:
    return "a file is one document: no --- inside" if "single document" in broken.message else broken.mend


def _read_file(manifest: ManifestObject, key: str, value: object, scope: Scope) -> Iterator[Draft | Problem]:
    path: FieldPath = ("data", key)
    found = discovery_files.read(value, key=key, reader=Reader.SERVER)
    for each in found.problems:
        yield replace(each, object=manifest.key, place=manifest.place, path=(*path, *each.path))
    for where, resource in found.members:
        yield draft_of(manifest, resource, scope, (*path, *where))
    if found.shape is Shape.OTHER and not found.problems:
        neither = "it has neither resources, as a DiscoveryResponse has them, nor an @type"
        yield _left_out(manifest, path, neither if isinstance(value, Mapping) else "it holds no map")


def _left_out(manifest: ManifestObject, path: FieldPath, why: str) -> Problem:
    return fault(
        manifest,
        _LEFT_OUT,
        f"this key is left out: {why}",
        path,
        level=Level.WARNING,
        mend="put what is no xDS file into a ConfigMap without the label",
    )


def _is_left_out(found: Draft | Problem) -> bool:
    return isinstance(found, Problem) and found.code == _LEFT_OUT


def _over_ads(manifest: ManifestObject, draft: Draft, files: Collection[str]) -> Iterator[Draft | Problem]:
    served = over_ads(draft.json, files)
    yield Draft(json=served.json, scope=draft.scope, path=draft.path)
    for path in served.left:
        yield fault(
            manifest,
            "file-source",
            "this config source is a file that is no key of this ConfigMap: Envoys go on reading it from their disks",
            (*draft.path, *path),
            level=Level.WARNING,
            mend="add the file as a key of the same name, or write ads: {}",
        )
