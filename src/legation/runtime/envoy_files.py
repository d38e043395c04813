"""Files that Envoy reads itself, as a person hands them in to be checked: a bootstrap, or a discovery file. Pure.

A text is told from a manifest by its shape: whoever writes `apiVersion` and `kind` means an object. What is wrong is
told with the place in the file, and by the very checks that resources of objects go through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from legation.envoy import codec
from legation.model.node import DEFAULT_NAMESPACE, Scope
from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place
from legation.model.problems import Level, Problem
from legation.model.resource import Resource
from legation.model.resource_types import TYPE_URL_PREFIX
from legation.runtime.as_problems import told
from legation.runtime.checked_bootstrap import check_bootstrap, static_items
from legation.runtime.checked_files import CheckedFile, check_file
from legation.runtime.item import Item
from legation.sources.manifests import first_document
from legation.texts import envoy_json, envoy_yaml, kubectl_yaml
from legation.texts.kubectl_yaml import YamlFault
from legation.translate import discovery_files
from legation.translate.config_map_files import ConfigMapFile
from legation.translate.spelling import Spelling

_NOBODY = ObjectKey("", "", "", "")
_IS_OBJECT = re.compile(r"""^["']?(?:apiVersion|kind)["']?[ \t]*:""", re.MULTILINE)
_TOP_KEY = re.compile(r"""^["']?([A-Za-z_@]+)["']?[ \t]*:""", re.MULTILINE)
_BOOTSTRAP = (
    "static_resources",
    "dynamic_resources",
    "layered_runtime",
    "cluster_manager",
    "overload_manager",
    "bootstrap_extensions",
    "hds_config",
    "stats_config",
    "stats_sinks",
)
"""Fields that nothing else has at its top."""
_COMMON = {"admin": ("address", "access_log", "access_log_path", "accessLog"), "node": ("id", "cluster", "locality")}
"""Fields that others have too, and what stands below them in a bootstrap."""
_SPELLING = Spelling(_BOOTSTRAP)
_JSON = ".json"
_RESPONSE = TYPE_URL_PREFIX + discovery_files.MESSAGE


def is_envoys(name: str, text: str) -> bool:
    """Say whether a text is a bootstrap or a discovery file, and no manifest."""
    if _IS_OBJECT.search(text):
        return False
    try:
        value = _read(name, text)
    except YamlFault:
        return any(_is_bootstrap_key(key) for key in _TOP_KEY.findall(text))
    return _is_bootstrap(value) or _is_discovery(name, value)


def check(name: str, text: str) -> tuple[Problem, ...]:
    """Return all that is wrong with such a file, each with its place."""
    try:
        value = _read(name, text)
    except YamlFault as fault:
        place = Place(name, fault.line, fault.column)
        return (Problem(code=fault.code, message=fault.message, mend=fault.mend, place=place),)
    if _is_bootstrap(value):
        found = check_bootstrap(value)
    elif _is_one_resource(value):
        found = _check_resource(value)
    else:
        found = _checked(name, text).problems
    return tuple(placed(each, name, text) for each in found)


def placed(problem: Problem, name: str, text: str) -> Problem:
    """Return a problem of such a file, by the path in it, with its place and of no object."""
    return replace(problem, object=None, place=_place(name, first_document(text), problem.path))


def items(name: str, text: str) -> tuple[Item, ...]:
    """Return the resources in such a file, each with its path; nothing of a file that cannot be read as a whole."""
    try:
        value = _read(name, text)
    except YamlFault:
        return ()
    if _is_bootstrap(value):
        return static_items(value)
    if _is_one_resource(value):
        encoded = codec.encode(value)
        return () if encoded.resource is None else (_item(encoded.resource, ()),)
    checked = _checked(name, text)
    if checked.broken or checked.resources is None:
        return ()
    return tuple(_item(each, (discovery_files.RESOURCES, index)) for index, each in enumerate(checked.resources))


def _item(resource: Resource, path: FieldPath) -> Item:
    manifest = ManifestObject(key=_NOBODY, api_version="", body={})
    return Item(resource=resource, scope=Scope(namespace=DEFAULT_NAMESPACE), manifest=manifest, path=path)


def is_bootstrap(name: str, text: str) -> bool:
    """Say whether a file that Envoy reads itself is a bootstrap."""
    try:
        return _is_bootstrap(_read(name, text))
    except YamlFault:
        return True


def _read(name: str, text: str) -> Any:
    return envoy_json.read(text) if name.endswith(_JSON) else envoy_yaml.read(text).value


def _is_bootstrap(value: object) -> bool:
    if not isinstance(value, Mapping) or "apiVersion" in value or "kind" in value:
        return False
    common = (value.get(key) for key in _COMMON)
    return any(_is_bootstrap_key(str(key)) for key in value) or any(
        isinstance(each, Mapping) and (not each or not each.keys().isdisjoint(below))
        for each, below in zip(common, _COMMON.values(), strict=True)
    )


def _is_bootstrap_key(key: str) -> bool:
    return _SPELLING.nearest(key) is not None


def _is_discovery(name: str, value: object) -> bool:
    if not isinstance(value, Mapping) or "apiVersion" in value or "kind" in value:
        return False
    if str(value.get("@type")).startswith(TYPE_URL_PREFIX) or discovery_files.named_type(_base(name)) is not None:
        return True
    listed = value.get(discovery_files.RESOURCES)
    return isinstance(listed, list) and any(isinstance(each, Mapping) and "@type" in each for each in listed)


def _is_one_resource(value: Mapping[str, Any]) -> bool:
    return str(value.get("@type", _RESPONSE)) != _RESPONSE


def _check_resource(value: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return what is wrong with a resource that stands alone, as in an answer of a server or a dump of Envoy's."""
    message = "this is one resource alone: Envoy takes such a file for one without resources"
    mend = "write resources: and the resource below it, in a list, where Envoy is to read this file"
    alone = Problem(code="no-discovery-response", level=Level.WARNING, message=message, mend=mend)
    return (alone, *map(told, codec.encode(value).findings))


def _checked(name: str, text: str) -> CheckedFile:
    base = _base(name)
    base = base if base.endswith(discovery_files.ENDINGS) else f"{base}.yaml"
    return check_file(ConfigMapFile(name=base, content=text.encode(), origin=_NOBODY, path=()))


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _place(name: str, document: str, path: FieldPath) -> Place:
    return Place(name, *kubectl_yaml.find(document, path)) if path else Place(name, 1, 1)
