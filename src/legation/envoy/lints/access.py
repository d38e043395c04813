"""Filters that let in: tokens, keys, passwords and roles. No word here holds any of these."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from legation.envoy.findings import Finding, quote
from legation.envoy.lints.addresses import is_ip
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import at, refused
from legation.model.objects import FieldPath

_SHA = "{SHA}"
_SHA_LENGTH = 28


def _jwt(jwt: Any) -> Iterator[Finding]:
    for name, provider in jwt.providers.items():
        if not _holds_keys(provider.local_jwks):
            path = ("providers", name, "local_jwks")
            yield refused("bad-value", path, "these are no keys in JSON", 'write {"keys": [...]} with a key in it')
    for index, rule in enumerate(jwt.rules):
        if rule.WhichOneof("requirement_type") == "requires":
            yield from _requirement(rule.requires, jwt.providers, ("rules", index, "requires"))
        elif rule.requirement_name and rule.requirement_name not in jwt.requirement_map:
            words = f"requirement_map has no {quote(rule.requirement_name)}"
            yield refused("unknown-name", ("rules", index, "requirement_name"), words, "add it there")
    for name, each in jwt.requirement_map.items():
        yield from _requirement(each, jwt.providers, ("requirement_map", name))
    for name, each in jwt.filter_state_rules.requires.items():
        yield from _requirement(each, jwt.providers, ("filter_state_rules", "requires", name))


def _holds_keys(source: Any) -> bool:
    """Say whether the keys, if they stand here, are any. Whether each is valid is left to Envoy."""
    if source.WhichOneof("specifier") not in {"inline_string", "inline_bytes"}:
        return True
    text = source.inline_string or source.inline_bytes.decode(errors="replace")
    try:
        found = json.loads(text)
    except ValueError:
        # Envoy forgives a comma too many and the like.
        return "{" in text
    return isinstance(found, dict) and bool(found.get("keys"))


def _requirement(requirement: Any, providers: Collection[str], path: FieldPath) -> Iterator[Finding]:
    kind = requirement.WhichOneof("requires_type")
    match kind:
        case "provider_name":
            yield from _provider(requirement.provider_name, providers, (*path, kind))
        case "provider_and_audiences":
            name = requirement.provider_and_audiences.provider_name
            yield from _provider(name, providers, (*path, kind, "provider_name"))
        case "requires_any" | "requires_all":
            for index, each in enumerate(getattr(requirement, kind).requirements):
                yield from _requirement(each, providers, (*path, kind, "requirements", index))


def _provider(name: str, providers: Collection[str], path: FieldPath) -> Iterator[Finding]:
    if name not in providers:
        words = f"providers has no {quote(name)}"
        yield refused("unknown-name", path, words, "add it there, or name one of these")


def _api_keys(auth: Any) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, credential in enumerate(auth.credentials):
        first = seen.setdefault(credential.key, index)
        if first != index:
            words = f"{at('credentials', first)} has the same key"
            path = ("credentials", index, "key")
            yield refused("duplicate-credential", path, words, "give each client a key of its own")
    for index, source in enumerate(auth.key_sources):
        if not (source.header or source.query or source.cookie):
            words = "it is not said where the key is: in a header, a query or a cookie"
            yield refused("missing-field", ("key_sources", index, "header"), words, "set header, query or cookie")


def _basic(auth: Any) -> Iterator[Finding]:
    field = auth.users.WhichOneof("specifier")
    if field not in {"inline_string", "inline_bytes"}:
        return
    text = auth.users.inline_string or auth.users.inline_bytes.decode(errors="replace")
    if wrong := _wrong_in_passwords(text):
        mend = "make each line with `htpasswd -s`: name:{SHA}..., and no blanks around"
        yield refused("bad-value", ("users", field), wrong, mend)


def _wrong_in_passwords(text: str) -> str:
    seen: set[str] = set()
    for number, line in enumerate(text.split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        name, colon, password = line.partition(":")
        if not colon or not name or not password:
            return f"line {number} is no name:password"
        if not password.startswith(_SHA) or len(password) != len(_SHA) + _SHA_LENGTH:
            return f"the password in line {number} is no SHA hash, and Envoy reads no other"
        if name in seen:
            return f"the user of line {number} stands there twice"
        seen.add(name)
    return ""


def _network_rbac(rbac: Any) -> Iterator[Finding]:
    yield from _policies(rbac, headers=False)


def _http_rbac(rbac: Any) -> Iterator[Finding]:
    yield from _policies(rbac, headers=True)


def _policies(rbac: Any, *, headers: bool) -> Iterator[Finding]:
    for field in ("rules", "shadow_rules"):
        for name, policy in getattr(rbac, field).policies.items():
            for kind in ("permissions", "principals"):
                for index, each in enumerate(getattr(policy, kind)):
                    yield from _condition(each, (field, "policies", name, kind, index), headers=headers)


_MANY = {"and_rules": "rules", "or_rules": "rules", "and_ids": "ids", "or_ids": "ids"}
_RANGES = frozenset({"destination_ip", "source_ip", "direct_remote_ip", "remote_ip"})


def _condition(rule: Any, path: FieldPath, *, headers: bool) -> Iterator[Finding]:
    """Look at a permission, or at a principal: both are built in the same way."""
    kind = rule.WhichOneof("rule" if "rule" in rule.DESCRIPTOR.oneofs_by_name else "identifier")
    if kind == "header" and not headers:
        words = "a connection has no headers: Envoy knows this rule in HTTP filters alone"
        yield refused("unfit-for-type", (*path, kind), words, "use the RBAC filter of HTTP")
    elif kind in _RANGES and not is_ip(getattr(rule, kind).address_prefix):
        words = "this is no IP address"
        yield refused("bad-value", (*path, kind, "address_prefix"), words, "write it as 10.0.0.0 or 2001:db8::")
    elif kind in {"not_rule", "not_id"}:
        yield from _condition(getattr(rule, kind), (*path, kind), headers=headers)
    elif kind in _MANY:
        for index, each in enumerate(getattr(getattr(rule, kind), _MANY[kind])):
            yield from _condition(each, (*path, kind, _MANY[kind], index), headers=headers)


_HTTP = "envoy.extensions.filters.http"

LINTS: Lints = {
    "envoy.extensions.filters.network.rbac.v3.RBAC": _network_rbac,
    f"{_HTTP}.api_key_auth.v3.ApiKeyAuth": _api_keys,
    f"{_HTTP}.api_key_auth.v3.ApiKeyAuthPerRoute": _api_keys,
    f"{_HTTP}.basic_auth.v3.BasicAuth": _basic,
    f"{_HTTP}.basic_auth.v3.BasicAuthPerRoute": _basic,
    f"{_HTTP}.jwt_authn.v3.JwtAuthentication": _jwt,
    f"{_HTTP}.rbac.v3.RBAC": _http_rbac,
}
