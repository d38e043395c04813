"""Every message type of Envoy's v3 API that the installed protos have."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

_V3 = re.compile(r"\.v3(alpha)?$")


@cache
def every_message() -> tuple[Descriptor, ...]:
    """Return the descriptors, those of nested messages too, without those of map entries."""
    top = [
        descriptor
        for module in _modules("envoy")
        for descriptor in importlib.import_module(module).DESCRIPTOR.message_types_by_name.values()
    ]
    return tuple(each for descriptor in top for each in _with_nested(descriptor))


def _with_nested(descriptor: Descriptor) -> Iterator[Descriptor]:
    if not descriptor.GetOptions().map_entry:
        yield descriptor
    for nested in descriptor.nested_types:
        yield from _with_nested(nested)


def _modules(package: str) -> Iterator[str]:
    root, *folders = package.split(".")
    paths = [str(Path(start, *folders)) for start in importlib.import_module(root).__path__]
    for found in pkgutil.iter_modules(paths):
        if found.ispkg:
            yield from _modules(f"{package}.{found.name}")
        elif found.name.endswith("_pb2") and _V3.search(package):
            yield f"{package}.{found.name}"
