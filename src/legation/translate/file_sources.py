"""Config sources that are files: where the file is served over ADS too, the source is made to say so. Pure.

Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/config_source.proto
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from legation.model.objects import FieldPath

_FILE = frozenset({"path_config_source", "pathConfigSource"})
"""A field of config sources and of nothing else."""
_OLD_FILE = "path"
"""The old form of it. Much else has a field of that name, so it counts in fields that hold config sources."""
_SOURCES = frozenset(
    {
        "config_source",
        "configSource",
        "eds_config",
        "edsConfig",
        "leds_config",
        "ledsConfig",
        "odcds_config",
        "odcdsConfig",
        "rds_config_source",
        "rdsConfigSource",
        "scoped_rds_config_source",
        "scopedRdsConfigSource",
        "sds_config",
        "sdsConfig",
        "source",
    }
)
"""Fields that hold config sources and nothing else that has a `path`; a test holds them against the descriptors."""
_VERSION = frozenset({"resource_api_version", "resourceApiVersion"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A resource, or a part of one, whose files are asked for over ADS."""

    json: Any = field(repr=False)
    """The very same object where it names no such file."""
    left: tuple[FieldPath, ...] = ()
    """The config sources whose files are others."""


def over_ads(json: Any, files: Collection[str]) -> Served:
    """Return a resource in which a config source that is one of these files is `ads: {}`.

    Args:
        json: The resource, or a part of it.
        files: The names of the files, without folders.
    """
    left: list[FieldPath] = []
    found = _walk(json, frozenset(files), (), left)
    return Served(json=found, left=tuple(left))


def _walk(value: Any, files: frozenset[str], path: FieldPath, left: list[FieldPath]) -> Any:
    if isinstance(value, Mapping):
        for field_, file in _files(value, path):
            if file.rpartition("/")[2] in files:
                return _ads(value)
            left.append((*path, field_))
        new = {name: _walk(each, files, (*path, name), left) for name, each in value.items()}
        return value if all(new[name] is value[name] for name in new) else new
    if isinstance(value, list):
        items = [_walk(each, files, (*path, index), left) for index, each in enumerate(value)]
        return value if all(one is other for one, other in zip(items, value, strict=True)) else items
    return value


def _files(value: Mapping[str, Any], path: FieldPath) -> Iterator[tuple[str, str]]:
    """Yield the field of a config source that says that it is a file, and the file's path."""
    for name in _FILE & value.keys():
        inner = value[name]
        file = inner.get(_OLD_FILE) if isinstance(inner, Mapping) else None
        if isinstance(file, str):
            yield name, file
    if path and path[-1] in _SOURCES and isinstance(file := value.get(_OLD_FILE), str):
        yield _OLD_FILE, file


def _ads(source: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: each for name, each in source.items() if name not in {*_FILE, _OLD_FILE}}
    version = {} if _VERSION & kept.keys() else {"resource_api_version": "V3"}
    return {"ads": {}, **version, **kept}
