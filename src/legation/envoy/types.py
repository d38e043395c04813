"""Where Envoy's message types are found: by full name, and a proto module is imported when it is first needed.

In the installed protos the folder of a module is its proto package, so a name leads to the few modules that may hold
it.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from legation.model.resource import Resource

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

ANY = "google.protobuf.Any"
STRUCTS = frozenset({"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"})
TEXTS = frozenset({"google.protobuf.Duration", "google.protobuf.Timestamp", "google.protobuf.FieldMask"})
_WRAPPED = ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
WRAPPERS = frozenset(f"google.protobuf.{kind}Value" for kind in _WRAPPED)
FORMS = STRUCTS | TEXTS | WRAPPERS | {ANY}
"""Message types with a JSON form of their own: in an `Any` it stands under `value`."""

TYPE_KEY = "@type"
"""What an `Any` says its type by, in JSON."""

HTTP_MANAGERS = "envoy.extensions.filters.network.http_connection_manager.v3"
HTTP_MANAGER = f"{HTTP_MANAGERS}.HttpConnectionManager"
TLS = "envoy.extensions.transport_sockets.tls.v3"
"""The package of TLS contexts, of certificates and of Secrets."""

ROOTS = frozenset({"cel", "envoy", "google", "opencensus", "opentelemetry", "udpa", "xds"})
"""Only below these packages are modules looked for: a name comes from the owner of a configuration, who must not be
able to import whatever is installed."""

_NAME = re.compile(r"(?P<package>[a-z]\w*(?:\.[a-z]\w*)+)\.[A-Z]\w*(?:\.[A-Z]\w*)*", re.ASCII)


@lru_cache(maxsize=4096)
def find(name: str) -> Descriptor | None:
    """Return the descriptor of the message type of that full name, or None where the installed protos lack it."""
    if not (match := _NAME.fullmatch(name)):
        return None
    pool = descriptor_pool.Default()
    for prepare in (lambda _: None, _import_package):
        prepare(match["package"])
        try:
            return pool.FindMessageTypeByName(name)
        except KeyError:
            continue
    return None


def message_class(name: str) -> type[Message]:
    """Return the class of a message type that is known to exist.

    Raises:
        LookupError: It does not exist after all.
    """
    descriptor = find(name)
    if descriptor is None:
        raise LookupError(name)
    return message_factory.GetMessageClass(descriptor)


def message_of(resource: Resource) -> Message | None:
    """Return the message of a resource, which is nobody else's; None where its bytes are no readable one."""
    try:
        return message_class(resource.type.message).FromString(resource.body)
    except DecodeError:
        return None


def type_name(url: str) -> str:
    """Return the full name of the message type that a type URL ends with."""
    return url.rpartition("/")[2]


def neighbours(name: str) -> list[str]:
    """Return the full names of the message types that stand in the same package as that name would."""
    if not (match := _NAME.fullmatch(name)):
        return []
    package = match["package"]
    modules = (importlib.import_module(module) for module in _modules(package))
    return sorted(f"{package}.{found}" for module in modules for found in module.DESCRIPTOR.message_types_by_name)


@lru_cache(maxsize=4096)
def successor(name: str) -> str | None:
    """Return the v3 name of a message type of an older API, or None for a type that is current.

    The protos say it themselves: a file of the old API is frozen and names the package that its messages moved to, and
    a message that got another name says that too.
    """
    descriptor = find(name)
    if descriptor is None:
        return None
    status = importlib.import_module("udpa.annotations.status_pb2")
    migrate = importlib.import_module("udpa.annotations.migrate_pb2")
    file: Any = descriptor.file
    options = file.GetOptions()
    if options.Extensions[status.file_status].package_version_status != status.FROZEN:
        return None
    package = options.Extensions[migrate.file_migrate].move_to_package or re.sub(r"\.v2(?=\.|$)", ".v3", file.package)
    rename = descriptor.GetOptions().Extensions[migrate.message_migrate].rename
    tail = rename or name.removeprefix(f"{file.package}.")
    candidate = f"{package}.{tail}"
    return candidate if candidate != name and find(candidate) else None


def _import_package(package: str) -> None:
    for module in _modules(package):
        importlib.import_module(module)


def _modules(package: str) -> list[str]:
    root, *folders = package.split(".")
    if root not in ROOTS:
        return []
    paths = [str(Path(start, *folders)) for start in importlib.import_module(root).__path__]
    return [f"{package}.{module.name}" for module in pkgutil.iter_modules(paths) if module.name.endswith("_pb2")]
