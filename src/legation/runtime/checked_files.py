"""One file that a ConfigMap holds, looked at as Envoy would: the resources in it, and what Envoy would refuse. Pure.

A file is one of xDS if its name ends as those do that Envoy reads as YAML or JSON and it holds `resources`: a
DiscoveryResponse. Anything else (a certificate, a script, a bootstrap) is nobody's business but its reader's.

Source: `path_config_source` in Envoy's configuration of sources
(https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/config_source.proto)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from legation.envoy import codec
from legation.model.objects import FieldPath
from legation.model.problems import Level, Problem
from legation.model.resource import Resource
from legation.texts import envoy_yaml
from legation.texts.kubectl_yaml import YamlFault
from legation.translate.config_map_files import ConfigMapFile
from legation.translate.faults import kind_of
from legation.translate.spelling import did_you_mean

_ENDINGS = (".yaml", ".yml", ".json")
_RESOURCES = "resources"
_FIELDS = frozenset(
    {
        _RESOURCES,
        "version_info",
        "versionInfo",
        "type_url",
        "typeUrl",
        "nonce",
        "canary",
        "control_plane",
        "controlPlane",
        "resource_errors",
        "resourceErrors",
    }
)
"""Those of a DiscoveryResponse, in both spellings."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedFile:
    """What was found in one file."""

    file: ConfigMapFile
    resources: tuple[Resource, ...] | None = field(default=None, repr=False)
    """In their order; None: it is no file of xDS."""
    problems: tuple[Problem, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether Envoy would refuse it."""
        return any(each.level is Level.ERROR for each in self.problems)


def check_file(file: ConfigMapFile) -> CheckedFile:
    """Return what the file holds, and all that is wrong with it."""
    if not file.name.endswith(_ENDINGS):
        return CheckedFile(file=file)
    try:
        value = envoy_yaml.read(file.content.decode()).value
    except UnicodeDecodeError:
        problem = _problem(file, code="not-text", message="this is not UTF-8 text, which its name says it is")
        return CheckedFile(file=file, problems=(problem,))
    except YamlFault as fault:
        message = f"{fault.message} (line {fault.line} of the value)"
        return CheckedFile(file=file, problems=(_problem(file, code=fault.code, message=message, mend=fault.mend),))
    if not isinstance(value, Mapping) or _RESOURCES not in value:
        return CheckedFile(file=file)
    resources: list[Resource] = []
    problems = list(_field_faults(file, value))
    for path, json in _members(file, value, problems):
        encoded = codec.encode(json, origin=file.origin)
        problems += (
            _problem(
                file,
                code=each.code,
                message=each.message,
                path=(*path, *each.path),
                level=each.level,
                mend=each.mend,
            )
            for each in encoded.findings
        )
        if encoded.resource is not None:
            resources.append(encoded.resource)
    return CheckedFile(file=file, resources=tuple(resources), problems=tuple(problems))


def _field_faults(file: ConfigMapFile, value: Mapping[str, Any]) -> Iterator[Problem]:
    for name in value:
        if name not in _FIELDS:
            yield _problem(
                file,
                code="unknown-field",
                message="a DiscoveryResponse has no such field",
                path=(name,),
                mend=did_you_mean(name, _FIELDS) or "remove it: Envoy refuses the whole file",
            )


def _members(
    file: ConfigMapFile, value: Mapping[str, Any], problems: list[Problem]
) -> Iterator[tuple[FieldPath, Mapping[str, Any]]]:
    listed = value[_RESOURCES]
    if listed is None:
        return
    if not isinstance(listed, list):
        message = f"resources must be a list, this is {kind_of(listed)}"
        problems.append(_problem(file, code="invalid-config", message=message, path=(_RESOURCES,)))
        return
    for index, each in enumerate(listed):
        path: FieldPath = (_RESOURCES, index)
        if isinstance(each, Mapping):
            yield path, each
        else:
            message = f"a resource must be a map, this is {kind_of(each)}"
            problems.append(_problem(file, code="invalid-config", message=message, path=path))


def _problem(
    file: ConfigMapFile,
    *,
    code: str,
    message: str,
    path: FieldPath = (),
    level: Level = Level.ERROR,
    mend: str = "",
) -> Problem:
    return Problem(code=code, message=message, level=level, object=file.origin, path=(*file.path, *path), mend=mend)
