from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import TYPE, told

HTTP = "envoy.extensions.filters.http"
FAR = {"http_uri": {"uri": "https://us.example/keys", "cluster": "web", "timeout": "1s"}}
HASH = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="


def config(message: str, **fields: Any) -> dict[str, Any]:
    """Return the configuration as it comes by discovery."""
    name = f"{TYPE}envoy.config.core.v3.TypedExtensionConfig"
    return {"@type": name, "name": "x", "typed_config": {"@type": TYPE + message, **fields}}


def jwt(**fields: Any) -> dict[str, Any]:
    return config(f"{HTTP}.jwt_authn.v3.JwtAuthentication", providers={"us": {"remote_jwks": FAR}}, **fields)


def rule(**fields: Any) -> list[dict[str, Any]]:
    return [{"match": {"prefix": "/"}, **fields}]


ALL = {"requires_all": {"requirements": [{"allow_missing": {}}, {"provider_name": "them"}]}}
ANY = {
    "requires_any": {"requirements": [{"provider_name": "us"}, {"provider_and_audiences": {"provider_name": "them"}}]}
}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"rules": rule(requires={"provider_name": "us"})}, ""),
        ({"rules": rule(requires={})}, ""),
        ({"rules": rule()}, ""),
        ({"rules": rule(requires={"provider_name": "them"})}, "rules[0].requires.provider_name"),
        ({"rules": rule(requires=ALL)}, "rules[0].requires.requires_all.requirements[1].provider_name"),
        (
            {"rules": rule(requires=ANY)},
            "rules[0].requires.requires_any.requirements[1].provider_and_audiences.provider_name",
        ),
        ({"requirement_map": {"x": {"provider_name": "them"}}}, "requirement_map.x.provider_name"),
        ({"rules": rule(requirement_name="x"), "requirement_map": {"x": {"provider_name": "us"}}}, ""),
        ({"rules": rule(requirement_name="x")}, "rules[0].requirement_name"),
        (
            {"filter_state_rules": {"name": "a", "requires": {"x": {"provider_name": "them"}}}},
            "filter_state_rules.requires.x.provider_name",
        ),
    ],
)
def test_tokens(fields: dict[str, Any], place: str) -> None:
    assert told(jwt(**fields)) == ([f"error unknown-name typed_config.{place}"] if place else [])


@pytest.mark.parametrize(
    ("keys", "fine"),
    [
        ('{"keys": [{"kty": "oct"}]}', True),
        ('{"keys": [{"kty": "oct"},]}', True),
        ('{"keys": []}', False),
        ("{}", False),
        ("[]", False),
        ("nothing", False),
    ],
)
def test_keys_of_tokens(keys: str, *, fine: bool) -> None:
    found = told(
        config(f"{HTTP}.jwt_authn.v3.JwtAuthentication", providers={"us": {"local_jwks": {"inline_string": keys}}})
    )

    assert found == ([] if fine else ["error bad-value typed_config.providers.us.local_jwks"])


def test_keys_of_tokens_in_a_file_are_not_looked_at() -> None:
    providers = {"us": {"local_jwks": {"filename": "/keys.json"}}}

    assert told(config(f"{HTTP}.jwt_authn.v3.JwtAuthentication", providers=providers)) == []


@pytest.mark.parametrize("message", ["ApiKeyAuth", "ApiKeyAuthPerRoute"])
def test_api_keys(message: str) -> None:
    def asked(*credentials: tuple[str, str], **source: str) -> list[str]:
        keys = [{"key": key, "client": client} for key, client in credentials]
        return told(config(f"{HTTP}.api_key_auth.v3.{message}", credentials=keys, key_sources=[source]))

    assert asked(("a", "one"), ("A", "two"), header="x") == []
    assert asked(("a", "one"), ("b", "one"), ("a", "two"), query="x") == [
        "error duplicate-credential typed_config.credentials[2].key"
    ]
    assert asked(("a", "one")) == ["error missing-field typed_config.key_sources[0].header"]


@pytest.mark.parametrize("message", ["BasicAuth", "BasicAuthPerRoute"])
@pytest.mark.parametrize(
    ("users", "fine"),
    [
        (f"a:{HASH}\nb:{HASH}\n", True),
        (f"a:{HASH}\n\n", True),
        (f"a:{HASH}\na:{HASH}\n", False),
        (f"a:{HASH}\r\nb:{HASH}\r\n", False),
        (f"a:{HASH}  ", False),
        (f":{HASH}", False),
        ("a", False),
        ("a:secret", False),
        ("a:{SHA}short", False),
    ],
)
def test_passwords(message: str, users: str, *, fine: bool) -> None:
    found = told(config(f"{HTTP}.basic_auth.v3.{message}", users={"inline_string": users}))

    assert found == ([] if fine else ["error bad-value typed_config.users.inline_string"])


HEADER = {"header": {"name": "a", "present_match": True}}
ANYBODY = {"any": True}


@pytest.mark.parametrize(
    ("permission", "principal", "place"),
    [
        (ANYBODY, ANYBODY, ""),
        ({"url_path": {"path": {"exact": "/"}}}, ANYBODY, ""),
        (HEADER, ANYBODY, "permissions[0].header"),
        ({"not_rule": HEADER}, ANYBODY, "permissions[0].not_rule.header"),
        ({"and_rules": {"rules": [ANYBODY, HEADER]}}, ANYBODY, "permissions[0].and_rules.rules[1].header"),
        (ANYBODY, HEADER, "principals[0].header"),
        (ANYBODY, {"or_ids": {"ids": [{"not_id": HEADER}]}}, "principals[0].or_ids.ids[0].not_id.header"),
    ],
)
@pytest.mark.parametrize("field", ["rules", "shadow_rules"])
def test_roles_of_connections(field: str, permission: Any, principal: Any, place: str) -> None:
    policies = {"p": {"permissions": [permission], "principals": [principal]}}
    rbac = config("envoy.extensions.filters.network.rbac.v3.RBAC", stat_prefix="x", **{field: {"policies": policies}})

    assert told(rbac) == ([f"error unfit-for-type typed_config.{field}.policies.p.{place}"] if place else [])


@pytest.mark.parametrize(
    ("permission", "principal", "place"),
    [
        (HEADER, HEADER, ""),
        ({"destination_ip": {"address_prefix": "10.0.0.1"}}, ANYBODY, ""),
        ({"destination_ip": {"address_prefix": "office"}}, ANYBODY, "permissions[0].destination_ip"),
        (ANYBODY, {"remote_ip": {"address_prefix": "2001:db8::", "prefix_len": 32}}, ""),
        (ANYBODY, {"source_ip": {"address_prefix": "10.0.0"}}, "principals[0].source_ip"),
        (ANYBODY, {"not_id": {"remote_ip": {"address_prefix": "a"}}}, "principals[0].not_id.remote_ip"),
    ],
)
def test_roles_of_requests(permission: Any, principal: Any, place: str) -> None:
    policies = {"p": {"permissions": [permission], "principals": [principal]}}
    rbac = config(f"{HTTP}.rbac.v3.RBAC", rules={"policies": policies})
    where = f"typed_config.rules.policies.p.{place}.address_prefix"

    assert told(rbac) == ([f"error bad-value {where}"] if place else [])
