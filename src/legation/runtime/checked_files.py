"""One file that a ConfigMap holds, looked at as Envoy would: the resources in it, and what Envoy would refuse. Pure.

A file is one of xDS if its name ends as those do that Envoy reads as YAML or JSON and it holds a DiscoveryResponse, or
is called as if it did (`cds.yaml`). Anything else (a certificate, a script, a bootstrap) is nobody's business but its
reader's. What is not looked at: the rules of Envoy's protos for values, and whether somebody asks for a resource by the
name that it has.

Source: `path_config_source` in Envoy's configuration of sources
(https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/config_source.proto)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from legation.envoy import codec, reader, types
from legation.envoy.findings import Finding
from legation.model.objects import FieldPath
from legation.model.problems import Level, Problem
from legation.model.resource import Name, Resource
from legation.runtime.as_problems import told
from legation.texts import envoy_json, envoy_yaml
from legation.texts.kubectl_yaml import YamlFault
from legation.translate import discovery_files
from legation.translate.config_map_files import ConfigMapFile
from legation.translate.discovery_files import DiscoveryFile, Reader, Shape

_JSON = ".json"
_SIGNS = (b"resources", b"@type")
"""A text without them is no DiscoveryResponse, whatever is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedFile:
    """What was found in one file."""

    file: ConfigMapFile
    resources: tuple[Resource, ...] | None = field(default=None, repr=False)
    """In their order; None: it is no file of xDS."""
    problems: tuple[Problem, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether Envoy would refuse it, or take it for something else than it is meant to be."""
        return any(each.level is Level.ERROR for each in self.problems)


def check_file(file: ConfigMapFile) -> CheckedFile:
    """Return what the file holds, and all that is wrong with it."""
    if not file.name.endswith(discovery_files.ENDINGS):
        return CheckedFile(file=file)
    try:
        text = file.content.decode()
        value = envoy_json.read(text) if file.name.endswith(_JSON) else envoy_yaml.read(text).value
    except UnicodeDecodeError:
        message = "this is not UTF-8 text, which its name says it is"
        return _unreadable(file, Problem(code="not-text", message=message))
    except YamlFault as fault:
        message = f"{fault.message} (line {fault.line} of the value)"
        return _unreadable(file, Problem(code=fault.code, message=message, mend=fault.mend))
    found = discovery_files.read(value, key=file.name, reader=Reader.ENVOY)
    if found.shape is not Shape.RESPONSE:
        return CheckedFile(file=file, problems=tuple(_of(file, found.problems)))
    resources, problems = _read(file, found)
    whole = map(told, _of_the_whole(value))
    return CheckedFile(file=file, resources=resources, problems=tuple(_of(file, (*found.problems, *whole, *problems))))


def _unreadable(file: ConfigMapFile, problem: Problem) -> CheckedFile:
    is_xds = discovery_files.named_type(file.name) is not None or any(sign in file.content for sign in _SIGNS)
    return CheckedFile(file=file, problems=tuple(_of(file, (problem,) if is_xds else ())))


def _of_the_whole(value: Mapping[str, Any]) -> list[Finding]:
    """Return what is wrong with the values of the fields beside the resources."""
    fields = {
        name: each for name, each in value.items() if name in discovery_files.FIELDS - {discovery_files.RESOURCES}
    }
    return reader.read(types.message_class(discovery_files.MESSAGE)(), fields)[1]


def _read(file: ConfigMapFile, found: DiscoveryFile) -> tuple[tuple[Resource, ...], list[Problem]]:
    resources: list[Resource] = []
    members: list[tuple[FieldPath, Name]] = []
    problems: list[Problem] = []
    for path, json in found.members:
        encoded = codec.encode(json, origin=file.origin)
        problems += (told(each, path) for each in encoded.findings)
        if encoded.resource is not None:
            resources.append(encoded.resource)
            members.append((path, (encoded.resource.type, encoded.resource.name)))
    problems += discovery_files.what_does_not_go_together(members, key=file.name, count=found.count)
    return tuple(resources), problems


def _of(file: ConfigMapFile, problems: Iterable[Problem]) -> Iterator[Problem]:
    for each in problems:
        yield replace(each, object=file.origin, path=(*file.path, *each.path))
