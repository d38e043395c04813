"""The same pretence for what travels as a Struct, because our protos do not know all of it. See `pretence`.

The type that it claims to be tells what its keys are, as far as they are known; the others are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from legation.envoy import types
from legation.envoy.sensitive import SECRET_KEY, is_sensitive

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

TYPED_STRUCTS = frozenset({"xds.type.v3.TypedStruct", "udpa.type.v1.TypedStruct"})

_TYPE = "@type"


class Stand(Protocol):
    """What stands in for what is not here: `pretence.Pretence`."""

    def stand_in(self, field: Any) -> str | None:
        """Return the text in place of a field's; None: it may stay."""
        ...

    def stand_in_for_file(self, field: Any) -> str | None:
        """Return what is as good as the content of any file there; None: nothing is, and that is noted."""
        ...

    def hide(self, secret: object) -> None:
        """Take a text that must not be shown."""
        ...


def make_harmless(struct: Any, name: str, stand: Stand) -> None:
    """Rewrite a Struct that claims to be a message of that type."""
    _walk(struct, types.find(name), stand)


def _walk(struct: Any, descriptor: Descriptor | None, stand: Stand) -> None:
    if descriptor is not None:
        rewrite = _REWRITES.get(descriptor.full_name)
        if rewrite is not None:
            rewrite(struct)
    fields = {} if descriptor is None else _fields(descriptor)
    for key in list(struct.fields):
        _enter(struct.fields[key], fields.get(key), stand, secret=bool(SECRET_KEY.search(key)))


def _enter(value: Any, field: Any, stand: Stand, *, secret: bool) -> None:
    match value.WhichOneof("kind"):
        case "list_value":
            for each in value.list_value.values:
                _enter(each, field, stand, secret=secret)
        case "struct_value":
            _enter_struct(value.struct_value, field, stand)
        case "string_value":
            if secret or (field is not None and is_sensitive(field)):
                stand.hide(value.string_value)
            elif field is not None and (other := stand.stand_in(field)) is not None:
                value.string_value = other


def _enter_struct(struct: Any, field: Any, stand: Stand) -> None:
    if _TYPE in struct.fields:
        _enter_any(struct, stand)
    elif field is None or field.message_type is None:
        _walk(struct, None, stand)
    elif field.message_type.GetOptions().map_entry:
        for each in struct.fields.values():
            _enter(each, field.message_type.fields_by_name["value"], stand, secret=False)
    elif field.message_type.full_name == "envoy.config.core.v3.DataSource":
        _take_source(struct, field, stand)
    else:
        _walk(struct, field.message_type, stand)


def _enter_any(struct: Any, stand: Stand) -> None:
    name = types.type_name(struct.fields[_TYPE].string_value)
    if name not in TYPED_STRUCTS:
        _walk(struct, types.find(name), stand)
        return
    url = struct.fields["type_url" if "type_url" in struct.fields else "typeUrl"].string_value
    _walk(struct.fields["value"].struct_value, types.find(types.type_name(url)), stand)


def _take_source(struct: Any, field: Any, stand: Stand) -> None:
    if not {"filename", "environment_variable", "environmentVariable"} & set(struct.fields):
        _walk(struct, field.message_type, stand)
        return
    text = stand.stand_in_for_file(field)
    if text is not None:
        struct.Clear()
        struct["inline_string"] = text


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
    "envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig": _rewrite_secret_config,
}


@cache
def _fields(descriptor: Descriptor) -> Mapping[str, Any]:
    return {spelling: each for each in descriptor.fields for spelling in (each.json_name, each.name)}
