"""What values of runtime may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused
from legation.model.objects import FieldPath


def _runtime(runtime: Any) -> Iterator[Finding]:
    yield from _entries(runtime.layer.fields, ("layer",))


def _entries(fields: Any, path: FieldPath) -> Iterator[Finding]:
    for name, value in fields.items():
        match value.WhichOneof("kind"):
            case "struct_value":
                yield from _entries(value.struct_value.fields, (*path, name))
            case "list_value" | "null_value":
                words = "runtime holds numbers, texts, true and false, and maps of these; no lists, and no null"
                yield refused("bad-value", (*path, name), words, "take it out, or write it as text")


LINTS: Lints = {"envoy.service.runtime.v3.Runtime": _runtime}
