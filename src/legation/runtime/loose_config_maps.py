"""ConfigMaps of which the server reads nothing, looked at as `legation sync` and crossover would publish them. Pure.

Each is taken for itself, because nobody knows yet which of them become files in one folder. A bootstrap that one holds
is looked at too: that is how an Envoy is often given its own. What is no file of Envoy's is nobody's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from legation.model.cluster import NamespacedName
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Problem
from legation.runtime import envoy_files
from legation.runtime.config_map_sets import CONFIG_MAP, ConfigMapSets
from legation.runtime.intake import Heard
from legation.translate import config_maps, discovery_files, traffic_split

WITHOUT_HOST = "split-without-host"
_OF_SYNC = frozenset({"config-map-empty", "config-map-missing", "config-map-gone"})


def check_loose(objects: Mapping[ObjectKey, ManifestObject]) -> Iterator[Problem]:
    """Yield what is wrong with the files in ConfigMaps without the label; places are those of the objects."""
    splits = {key: each for key, each in objects.items() if _is_of_splits(key)}
    for manifest in objects.values():
        if _is_loose(manifest):
            found = {(each.code, each.path): each for each in _of_bootstraps(manifest)}
            # What cannot be read at all may be either.
            found |= {(each.code, each.path): each for each in _of_sync(manifest, splits)}
            yield from found.values()


def split_in_files(objects: Mapping[ObjectKey, ManifestObject]) -> frozenset[ObjectKey]:
    """Return the splits that find their virtual host in such a ConfigMap: they are meant for files."""
    found: set[ObjectKey] = set()
    loose = {key: each for key, each in objects.items() if _is_loose(each)}
    for namespace in {key.namespace for key in loose}:
        splits = {key: each for key, each in objects.items() if key.namespace == namespace and _is_of_splits(key)}
        if not splits:
            continue
        files = {key: each for key, each in loose.items() if key.namespace == namespace}
        sets = ConfigMapSets()
        sets.update(Heard(number=1, objects={**splits, **files}, problems=(), broken=frozenset()))
        found |= splits.keys() - {each.object for each in sets.problems if each.code == WITHOUT_HOST}
    return frozenset(found)


def _is_loose(manifest: ManifestObject) -> bool:
    return (manifest.key.group, manifest.key.kind) == CONFIG_MAP and not config_maps.is_ours(manifest)


def _is_of_splits(key: ObjectKey) -> bool:
    return (key.group, key.kind) in traffic_split.STEP.kinds


def _of_sync(manifest: ManifestObject, splits: Mapping[ObjectKey, ManifestObject]) -> Iterator[Problem]:
    key = manifest.key
    sets = ConfigMapSets((NamespacedName(key.namespace, key.name),))
    sets.update(Heard(number=1, objects={**splits, key: manifest}, problems=(), broken=frozenset()))
    # Sync makes a file of every key; here nobody has said that these are to be some.
    files = {*filter(_may_be_envoys, manifest.body.get("data") or ())}
    yield from (
        each
        for each in sets.problems
        if each.object == key and each.code not in _OF_SYNC and len(each.path) > 1 and each.path[1] in files
    )


def _may_be_envoys(name: object) -> bool:
    return isinstance(name, str) and name.endswith(discovery_files.ENDINGS)


def _of_bootstraps(manifest: ManifestObject) -> Iterator[Problem]:
    data = manifest.body.get("data")
    for name, text in data.items() if isinstance(data, Mapping) else ():
        if not (isinstance(text, str) and name.endswith(discovery_files.ENDINGS)):
            continue
        if envoy_files.is_envoys(name, text) and envoy_files.is_bootstrap(name, text):
            for each in envoy_files.check(name, text):
                where = f" (line {each.place.line} of the value)" if each.place and not each.path else ""
                yield replace(
                    each,
                    message=each.message + where,
                    object=manifest.key,
                    place=manifest.place,
                    path=("data", name, *each.path),
                )
