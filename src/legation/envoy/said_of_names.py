"""What a resource says of names besides mentioning them: what has the name must fit it, or it is of no use.

A listener passes its routes' requests through filters by name, takes a Secret for one purpose, and an ExtensionConfig
of listed types alone; what is said where these are defined stands under the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from legation.envoy import types
from legation.envoy.filter_names import configured_in, names_in
from legation.envoy.understanding import type_of, walk
from legation.model.names import canonical
from legation.model.objects import FieldPath
from legation.model.resource import NOTHING_SAID, References, SaidOfNames
from legation.model.resource_types import EXTENSION_CONFIG, ROUTE_CONFIGURATION, SECRET

if TYPE_CHECKING:
    from google.protobuf.message import Message

_LOOKED_INTO = (ROUTE_CONFIGURATION.name, SECRET.name, EXTENSION_CONFIG.name)
"""A resource that mentions none of these types says nothing more."""
_SDS = f"{types.TLS}.SdsSecretConfig"
_PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        "session_ticket_keys_sds_secret_config": "session_ticket_keys",
        "tls_certificate_sds_secret_configs": "tls_certificate",
        "validation_context_sds_secret_config": "validation_context",
    }
)
"""Fields that name a Secret -> what of a Secret they take."""

_Said = tuple[tuple[str, str], frozenset[str]]


def said_of_names(message: Message, references: References) -> SaidOfNames:
    """Return what a message says of names.

    Args:
        message: The message.
        references: What it mentions.
    """
    found: dict[tuple[str, str], frozenset[str]] = {}
    for name, words in _said(message, references):
        found[name] = found.get(name, frozenset()) | words
    return MappingProxyType(found) if found else NOTHING_SAID


def _said(message: Any, references: References) -> Iterator[_Said]:
    match message.DESCRIPTOR.full_name:
        case ROUTE_CONFIGURATION.message:
            configured = frozenset(name for _, name in configured_in(message))
            if configured:
                yield (ROUTE_CONFIGURATION.name, canonical(message.name)), configured
        case SECRET.message:
            yield (SECRET.name, canonical(message.name)), frozenset(filter(None, (message.WhichOneof("type"),)))
        case EXTENSION_CONFIG.message:
            yield (EXTENSION_CONFIG.name, canonical(message.name)), frozenset({type_of(message.typed_config)})
    if any(each in references for each in _LOOKED_INTO):
        for path, each in walk(message):
            yield from _of(each, path)


def _of(message: Any, path: FieldPath) -> Iterator[_Said]:
    name = message.DESCRIPTOR.full_name
    if name == types.HTTP_MANAGER:
        if message.rds.route_config_name:
            yield (ROUTE_CONFIGURATION.name, canonical(message.rds.route_config_name)), names_in(message)
    elif name == _SDS:
        field = next((step for step in reversed(path) if isinstance(step, str)), "")
        if field in _PURPOSES:
            yield (SECRET.name, canonical(message.name)), frozenset({_PURPOSES[field]})
    elif "config_discovery" in message.DESCRIPTOR.fields_by_name and message.HasField("config_discovery"):
        urls = getattr(message.config_discovery, "type_urls", ())
        if urls:
            yield (EXTENSION_CONFIG.name, canonical(message.name)), frozenset(map(types.type_name, urls))
