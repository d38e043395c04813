"""Envoy JSON of the old API -> the JSON that says the same to today's Envoy.

What has only another name now is known from the protos: a message names the one that it was before, and a field of that
one the name that it has got. What was taken apart or moved elsewhere stands in `_MOVED`. Pure: nothing is checked here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from legation.envoy import old_style, types
from legation.envoy.spelling import snake
from legation.envoy.typed_structs import field_of
from legation.envoy.types import TYPE_KEY
from legation.model.objects import FieldPath
from legation.model.resource_types import TYPE_URL_PREFIX

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

_VERSIONS = ("resource_api_version", "transport_api_version")
"""Fields in which the old API is meant where nothing is said."""
_MAX_DEPTH = 60
"""Levels of JSON. Nobody's configuration is as deep."""


class NoModernFormError(Exception):
    """There is something in it of which nobody here knows how it is said today."""


class Translation:
    """One way through JSON of the old API."""

    def __init__(self) -> None:
        self.left_out: list[FieldPath] = []
        """Fields that today's Envoy has nothing for."""

    def message(self, json: Any, descriptor: Descriptor, path: FieldPath) -> Any:
        """Return the JSON of a message in the words of its type of today.

        Raises:
            NoModernFormError: Of an extension in it nobody here knows the type, or it is too deep.
        """
        if len(path) > _MAX_DEPTH:
            raise NoModernFormError
        if not isinstance(json, Mapping) or descriptor.full_name in types.FORMS:
            return self._any(json, path) if descriptor.full_name == types.ANY else json
        made: dict[str, Any] = {}
        for key in json:
            for name, value in self._field(json, key, descriptor, path).items():
                both = isinstance(value, Mapping) and isinstance(made.get(name), Mapping)
                made[name] = {**made[name], **value} if both else value
        made |= {name: "V3" for name in _VERSIONS if name in descriptor.fields_by_name}
        if old_style.lacks_type(descriptor, made):
            made["typed_config"] = self._extension(json, path)
        return made

    def moved(self, json: Mapping[str, Any], key: str, descriptor: Descriptor) -> Mapping[str, Any]:
        """Return the fields that stand for one of the old API that went away; none: nobody knows."""
        move = _MOVED.get(f"{descriptor.full_name}.{snake(key)}")
        return {} if move is None else move(self, json, json[key])

    def _field(self, json: Mapping[str, Any], key: Any, descriptor: Descriptor, path: FieldPath) -> Mapping[str, Any]:
        """Return the fields that stand for a key."""
        if not isinstance(key, str):
            raise NoModernFormError
        field = field_of(descriptor, key) or _renamed(descriptor, key)
        if field is not None:
            return {} if json[key] is None else {field.name: self._value(json[key], field, (*path, key))}
        moved = self.moved(json, key, descriptor)
        if not moved and (key != old_style.CONFIG or "typed_config" not in descriptor.fields_by_name):
            self.left_out.append((*path, key))
        return moved

    def _value(self, value: Any, field: FieldDescriptor, path: FieldPath) -> Any:
        inner = field.message_type
        if inner is None:
            return value
        if inner.GetOptions().map_entry:
            item = inner.fields_by_name["value"].message_type
            if item is None or not isinstance(value, Mapping):
                return value
            return {key: self.message(each, item, (*path, key)) for key, each in value.items()}
        if field.is_repeated and isinstance(value, list | tuple):
            return [self.message(each, inner, (*path, index)) for index, each in enumerate(value)]
        return self.message(value, inner, path)

    def _any(self, json: Any, path: FieldPath) -> Any:
        if not isinstance(json, Mapping) or not isinstance(json.get(TYPE_KEY), str):
            raise NoModernFormError
        name = types.type_name(json[TYPE_KEY])
        return self._typed(types.successor(name) or name, {key: json[key] for key in json if key != TYPE_KEY}, path)

    def _extension(self, json: Mapping[str, Any], path: FieldPath) -> dict[str, Any]:
        name, config = json.get("name"), json.get(old_style.CONFIG)
        known = old_style.modern_type(name, path) if isinstance(name, str) else None
        if known is None or not isinstance(config, Mapping | None):
            raise NoModernFormError
        return self._typed(known, config or {}, (*path, old_style.CONFIG))

    def _typed(self, name: str, fields: Mapping[str, Any], path: FieldPath) -> dict[str, Any]:
        descriptor = types.find(name)
        if descriptor is None:
            raise NoModernFormError
        if descriptor.full_name in types.FORMS:
            return {TYPE_KEY: TYPE_URL_PREFIX + name, **fields}
        return {TYPE_KEY: TYPE_URL_PREFIX + name, **self.message(fields, descriptor, path)}

    def tls(self, side: str, context: Any) -> dict[str, Any]:
        """Return the transport socket for a TLS context."""
        if not isinstance(context, Mapping):
            raise NoModernFormError
        name = f"{types.TLS}.{side}TlsContext"
        return {"name": "envoy.transport_sockets.tls", "typed_config": self._typed(name, context, ("tls_context",))}


@cache
def _older(descriptor: Descriptor) -> Descriptor | None:
    """Return the message of the old API that a message was."""
    versioning: Any = importlib.import_module("udpa.annotations.versioning_pb2").versioning
    options: Any = descriptor.GetOptions()
    return types.find(options.Extensions[versioning].previous_message_type)


def _renamed(descriptor: Descriptor, key: object) -> FieldDescriptor | None:
    older = _older(descriptor)
    field = None if older is None else field_of(older, key)
    if field is None:
        return None
    options: Any = field.GetOptions()
    migrate: Any = importlib.import_module("udpa.annotations.migrate_pb2").field_migrate
    found: FieldDescriptor | None = descriptor.fields_by_name.get(options.Extensions[migrate].rename)
    return found


_Move: TypeAlias = Callable[[Translation, Mapping[str, Any], Any], Mapping[str, Any]]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _hosts(_: Translation, json: Mapping[str, Any], hosts: Any) -> Mapping[str, Any]:
    endpoints = [{"endpoint": {"address": each}} for each in _listed(hosts)]
    assignment = {"cluster_name": json.get("name", ""), "endpoints": [{"lb_endpoints": endpoints}]}
    return {"load_assignment": assignment}


def _regex(field: str) -> _Move:
    return lambda _, __, text: {field: {"regex": text}}


def _exact(field: str) -> _Move:
    return lambda _, __, texts: {field: [{"exact": each} for each in _listed(texts)]}


def _string_match(kind: str) -> _Move:
    def move(_: Translation, __: Mapping[str, Any], text: Any) -> Mapping[str, Any]:
        return {"string_match": {kind: {"regex": text} if kind == "safe_regex" else text}}

    return move


def _http2(_: Translation, __: Mapping[str, Any], wanted: Any) -> Mapping[str, Any]:
    return {"codec_client_type": "HTTP2"} if wanted is True else {}


_MATCHER = "envoy.config.route.v3"
_MOVED: Mapping[str, _Move] = {
    "envoy.config.cluster.v3.Cluster.hosts": _hosts,
    "envoy.config.cluster.v3.Cluster.tls_context": lambda walk, _, context: {
        "transport_socket": walk.tls("Upstream", context)
    },
    "envoy.config.listener.v3.FilterChain.tls_context": lambda walk, _, context: {
        "transport_socket": walk.tls("Downstream", context)
    },
    "envoy.config.core.v3.HealthCheck.HttpHealthCheck.service_name": lambda _, __, name: {
        "service_name_matcher": {"prefix": name}
    },
    "envoy.config.core.v3.HealthCheck.HttpHealthCheck.use_http2": _http2,
    f"{_MATCHER}.RouteMatch.regex": _regex("safe_regex"),
    f"{_MATCHER}.HeaderMatcher.regex_match": _string_match("safe_regex"),
    f"{_MATCHER}.QueryParameterMatcher.value": _string_match("exact"),
    f"{_MATCHER}.CorsPolicy.allow_origin": _exact("allow_origin_string_match"),
    f"{_MATCHER}.RouteAction.request_mirror_policy": lambda _, __, policy: {"request_mirror_policies": [policy]},
    "envoy.type.matcher.v3.StringMatcher.regex": _regex("safe_regex"),
    f"{types.HTTP_MANAGER}.idle_timeout": lambda _, __, span: {"common_http_protocol_options": {"idle_timeout": span}},
    f"{types.TLS}.CertificateValidationContext.verify_subject_alt_name": _exact("match_subject_alt_names"),
}
"""Fields of the old API by the names of today's messages, and what stands for them."""
