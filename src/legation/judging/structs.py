"""The same pretence for what travels as a Struct, because our protos do not know all of it. See `pretence`.

The type that it claims to be tells what its keys are, as far as they are known; the others are left as they are.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from legation.envoy import types
from legation.envoy.sensitive import is_secret_key, is_sensitive
from legation.judging import programs

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

TYPED_STRUCTS = frozenset({"xds.type.v3.TypedStruct", "udpa.type.v1.TypedStruct"})
STRUCT = "google.protobuf.Struct"

PROGRAM = "it holds a program that an Envoy runs as soon as it reads it"
UNKNOWN = "it has an extension of a type that is not known here, so nobody can say what an Envoy does as it reads it"
MORE_THAN_KNOWN = "it says more of a script than is known here"

_SOURCE = "envoy.config.core.v3.DataSource"
_OTHER_PLACES = frozenset({"filename", "environment_variable", "environmentVariable"})
_TEXTS, _BYTES = frozenset({"inline_string", "inlineString"}), frozenset({"inline_bytes", "inlineBytes"})
_BESIDE = frozenset({"watched_directory", "watchedDirectory"})


class Stand(Protocol):
    """What stands in for what is not here: `pretence.Pretence`."""

    def stand_in(self, field: Any, value: str) -> str | None:
        """Return the text in place of a field's; None: it may stay."""
        ...

    def stand_in_for_file(self, field: Any) -> str | None:
        """Return what is as good as the content of any file there; None: nothing is, and that is noted."""
        ...

    def stand_in_for_script(self, script: bytes) -> str:
        """Return what fails as a script of Lua does, and does nothing else."""
        ...

    def may_be_shown(self, name: str) -> bool:
        """Say whether what is of that type may be shown to Envoy, and take note if it may not."""
        ...

    def keep_away(self, why: str) -> None:
        """Note why it must not be shown to Envoy."""
        ...

    def hide(self, secret: object) -> None:
        """Take a text that must not be shown."""
        ...


def make_harmless(struct: Any, name: str, stand: Stand) -> None:
    """Rewrite a Struct that claims to be a message of that type."""
    if stand.may_be_shown(name):
        _walk(struct, types.find(name), stand)
    else:
        struct.Clear()


def _walk(struct: Any, descriptor: Descriptor | None, stand: Stand, *, secret: bool = False) -> None:
    """Rewrite a Struct of that type. Every text in it must not be shown if it stands below the key of a secret."""
    if descriptor is not None:
        rewrite = _REWRITES.get(descriptor.full_name)
        if rewrite is not None:
            rewrite(struct)
    fields = {} if descriptor is None else _fields(descriptor)
    is_lua = descriptor is not None and programs.is_lua(descriptor)
    for key in list(struct.fields):
        field = fields.get(key)
        if is_lua and field is None and key != types.TYPE_KEY:
            stand.keep_away(MORE_THAN_KNOWN)
        if field is not None and programs.is_program(field):
            stand.keep_away(PROGRAM)
        _enter(struct.fields[key], field, stand, secret=(secret and key != types.TYPE_KEY) or _is_secret(key, field))


def _is_secret(key: str, field: Any) -> bool:
    if field is not None and is_sensitive(field):
        return True
    # A message that is known tells itself what in it is a secret.
    known = field is not None and field.message_type is not None
    return not known and is_secret_key(key)


def _enter(value: Any, field: Any, stand: Stand, *, secret: bool) -> None:
    match value.WhichOneof("kind"):
        case "list_value":
            for each in value.list_value.values:
                _enter(each, field, stand, secret=secret)
        case "struct_value":
            _enter_struct(value.struct_value, field, stand, secret=secret)
        case "string_value":
            if secret:
                stand.hide(value.string_value)
            if field is not None and (other := stand.stand_in(field, value.string_value)) is not None:
                value.string_value = other


def _enter_struct(struct: Any, field: Any, stand: Stand, *, secret: bool) -> None:
    if field is None or field.message_type is None or field.message_type.full_name == types.ANY:
        # Elsewhere this key is one that Envoy passes over.
        if types.TYPE_KEY in struct.fields:
            _enter_any(struct, stand, secret=secret)
        else:
            _walk(struct, None, stand, secret=secret)
    elif field.message_type.GetOptions().map_entry:
        for each in struct.fields.values():
            _enter(each, field.message_type.fields_by_name["value"], stand, secret=secret)
    elif field.message_type.full_name == _SOURCE:
        _take_source(struct, field, stand, secret=secret)
    else:
        _walk(struct, field.message_type, stand, secret=secret)


def _enter_any(struct: Any, stand: Stand, *, secret: bool) -> None:
    name = types.type_name(struct.fields[types.TYPE_KEY].string_value)
    if name not in TYPED_STRUCTS:
        if stand.may_be_shown(name):
            _walk(struct, types.find(name), stand, secret=secret)
        else:
            for key in set(struct.fields) - {types.TYPE_KEY}:
                del struct.fields[key]
        return
    if {"type_url", "typeUrl"} <= set(struct.fields):
        stand.keep_away(UNKNOWN)
    url = struct.fields["type_url" if "type_url" in struct.fields else "typeUrl"].string_value
    inner = types.type_name(url)
    if stand.may_be_shown(inner):
        _walk(struct.fields["value"].struct_value, types.find(inner), stand, secret=secret)
    else:
        struct.fields["value"].struct_value.Clear()


def _take_source(struct: Any, field: Any, stand: Stand, *, secret: bool) -> None:
    text: str | None = None
    if _OTHER_PLACES & set(struct.fields):
        text = stand.stand_in_for_file(field)
    elif programs.is_script(field):
        script = _script(struct)
        if script is None:
            stand.keep_away(MORE_THAN_KNOWN)
        else:
            text = stand.stand_in_for_script(script)
    else:
        _walk(struct, field.message_type, stand, secret=secret)
    if text is not None:
        struct.Clear()
        struct["inline_string"] = text


def _script(struct: Any) -> bytes | None:
    """Return the script in a data source; None where it is not certain how Envoy reads it."""
    keys = set(struct.fields) - _BESIDE
    if not keys:
        return b""
    if len(keys) > 1 or not keys <= _TEXTS | _BYTES:
        return None
    (key,) = keys
    if struct.fields[key].WhichOneof("kind") != "string_value":
        return None
    text: str = struct.fields[key].string_value
    if key in _TEXTS:
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _rewrite_config_source(struct: Any) -> None:
    struct.Clear()
    struct.update({"ads": {}, "resource_api_version": "V3"})


def _rewrite_grpc_service(struct: Any) -> None:
    if _take(struct, "google_grpc", "googleGrpc"):
        struct["envoy_grpc"] = {"cluster_name": "any"}


def _rewrite_routes(struct: Any) -> None:
    _take(struct, "validate_clusters", "validateClusters", "vhds")
    struct["validate_clusters"] = False


def _rewrite_secret_config(struct: Any) -> None:
    if not {"sds_config", "sdsConfig"} & set(struct.fields):
        struct["sds_config"] = {"ads": {}}


def _take(struct: Any, *keys: str) -> bool:
    """Take keys out. Returns whether there was any."""
    found = [key for key in keys if key in struct.fields]
    for key in found:
        del struct.fields[key]
    return bool(found)


_REWRITES: Mapping[str, Callable[[Any], None]] = {
    "envoy.config.core.v3.ConfigSource": _rewrite_config_source,
    "envoy.config.core.v3.GrpcService": _rewrite_grpc_service,
    "envoy.config.route.v3.RouteConfiguration": _rewrite_routes,
    f"{types.TLS}.SdsSecretConfig": _rewrite_secret_config,
}


@cache
def _fields(descriptor: Descriptor) -> Mapping[str, Any]:
    return {spelling: each for each in descriptor.fields for spelling in (each.json_name, each.name)}
