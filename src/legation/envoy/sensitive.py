"""Which texts are secrets: by the schema where there is one, by the key where there is none.

In the JSON of a TypedStruct the schema is that of its type. What that type does not know is hidden: nobody can say what
it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from udpa.annotations import sensitive_pb2

from legation.envoy import typed_structs, types

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

REDACTED = "[redacted]"

ALSO_SENSITIVE = frozenset({
    "envoy.config.core.v3.GrpcService.GoogleGrpc.CallCredentials.access_token",
    "envoy.config.core.v3.GrpcService.GoogleGrpc.CallCredentials.google_refresh_token",
    "envoy.config.core.v3.GrpcService.GoogleGrpc.CallCredentials.ServiceAccountJWTAccessCredentials.json_key",
    "envoy.config.core.v3.GrpcService.GoogleGrpc.CallCredentials.GoogleIAMCredentials.authorization_token",
    "envoy.config.trace.v3.LightstepConfig.access_token",
    "envoy.config.trace.v3.LightstepConfig.access_token_file",
})  # fmt: skip
"""Credentials that the protos do not mark."""
_SECRET_KEY = re.compile(r"passw|secret|token|credential|private.?key|api.?key", re.IGNORECASE)
_SECRET_NAMES = frozenset(each.replace("_", "") for each in (
    "auth_username",
    "context_extensions",
    "downstream_auth_username",
    "json_key",
    "keys",
    "pkcs12",
    "users",
))  # fmt: skip
"""Fields that the protos mark as sensitive and whose names do not say so; a test holds them against the descriptors."""
_HARMLESS_KEY = re.compile(
    r"token_?buckets?|max_?tokens|tokens_?per_?fill|allow_?credentials|\w*sds_?secret_?configs?|"
    r"secret_?name|secret_?namespace",
    re.IGNORECASE,
)
"""Keys that sound like one and hold none."""


@lru_cache(maxsize=4096)
def is_secret_key(key: str) -> bool:
    """Say whether what stands under a key may be a secret, where no proto says what is sensitive: in a Struct."""
    if _HARMLESS_KEY.fullmatch(key):
        return False
    return key.replace("_", "").lower() in _SECRET_NAMES or _SECRET_KEY.search(key) is not None


@cache
def is_sensitive(field: FieldDescriptor) -> bool:
    """Say whether the texts in a field are secrets."""
    return field.full_name in ALSO_SENSITIVE or bool(field.GetOptions().Extensions[sensitive_pb2.sensitive])


class _Keys(Enum):
    """What the keys of a map are."""

    FIELDS = auto()
    ANY = auto()
    """Keys of a map of messages, or of texts."""
    WRAPPER = auto()
    """Those of a TypedStruct: its type, and the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in a Struct, and what may be shown there."""

    hide: bool = False
    """Whether its texts are secrets."""
    descriptor: Descriptor | None = None
    """The type of the message that stands there as JSON; None: nobody knows of any."""
    keys: _Keys = _Keys.FIELDS

    @classmethod
    def of_typed_struct(cls, message: Any, *, hide: bool) -> Spot:
        """Return the place of the content of a TypedStruct."""
        return cls(hide=hide, descriptor=_schema(message.type_url))

    def inside(self, struct: Any) -> Spot:
        """Return the place as the Struct that stands there makes it: an `Any` says there what it holds."""
        if self.descriptor is None or self.descriptor.full_name != types.ANY or self.keys is not _Keys.FIELDS:
            return self
        found = _schema(_text(struct, types.TYPE_KEY))
        if found is not None and found.full_name in typed_structs.NAMES:
            url = _text(struct, "type_url") or _text(struct, "typeUrl")
            return Spot(hide=self.hide, descriptor=_schema(url), keys=_Keys.WRAPPER)
        return replace(self, descriptor=found)

    def below(self, key: str) -> Spot:
        """Return the place that a key leads to."""
        if self.keys is _Keys.ANY or (self.keys is _Keys.WRAPPER and key == "value"):
            return replace(self, keys=_Keys.FIELDS)
        if self.keys is _Keys.WRAPPER or key == types.TYPE_KEY:
            return Spot(hide=self.hide)
        if self.descriptor is None:
            return Spot(hide=self.hide or is_secret_key(key))
        field = typed_structs.field_of(self.descriptor, key)
        return Spot(hide=True) if field is None else _place(field, hide=self.hide or is_sensitive(field))


def _place(field: FieldDescriptor, *, hide: bool) -> Spot:
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        return Spot(hide=hide, descriptor=inner.fields_by_name["value"].message_type, keys=_Keys.ANY)
    return Spot(hide=hide, descriptor=None if inner is None or inner.full_name in types.STRUCTS else inner)


def _schema(url: str) -> Descriptor | None:
    found = types.find(types.type_name(url))
    return None if found is None or found.full_name in types.STRUCTS else found


def _text(struct: Any, key: str) -> str:
    return str(struct.fields[key].string_value) if key in struct.fields else ""
