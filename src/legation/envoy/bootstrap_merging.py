"""Two bootstraps made one, as Envoy does it with a file and `--config-yaml`: a merge of protobuf messages.

What is one value is replaced, what is a message is merged field by field, what is a list is appended to, of a map each
key is replaced. What stands in an `Any` (`typed_config`) is one value. But a resource monitor replaces the one of its
name: Envoy does not start with two of them.

Source: https://www.envoyproxy.io/docs/envoy/latest/operations/cli#cmdoption-config-yaml
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from legation.envoy import printer, reader, types
from legation.envoy.findings import Finding
from legation.model.problems import Level

MESSAGE = "envoy.config.bootstrap.v3.Bootstrap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What became of two bootstraps."""

    json: Mapping[str, Any] | None
    """None where the second one cannot be read."""
    findings: tuple[Finding, ...] = ()
    """What is wrong with the second one, each with the path in it."""


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> Merged:
    """Return a bootstrap of ours with another one merged over it."""
    message, _ = _read(base)
    other, findings = _read(more)
    if any(each.level is Level.ERROR for each in findings):
        return Merged(json=None, findings=findings)
    monitors = message.overload_manager.resource_monitors
    names = {each.name for each in other.overload_manager.resource_monitors}
    for each in [each for each in monitors if each.name in names]:
        monitors.remove(each)
    message.MergeFrom(other)
    return Merged(json=printer.fields_to_json(message, show_secrets=True), findings=findings)


def _read(json: Mapping[str, Any]) -> tuple[Any, tuple[Finding, ...]]:
    """Return the message as it would travel, which may hold what the protos here do not know."""
    read: Any = types.message_class(MESSAGE)()
    body, findings = reader.read(read, json)
    travelled: Any = types.message_class(MESSAGE)()
    if not any(each.level is Level.ERROR for each in findings):
        travelled.ParseFromString(body)
    return travelled, tuple(findings)
