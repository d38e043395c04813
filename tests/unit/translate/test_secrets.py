from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import pytest

from legation.model.cluster import Cluster, NamespacedName, SecretData
from legation.model.problems import Level
from legation.translate.by_name import Made, Target
from legation.translate.secrets import MAKER
from tests.unit.translate.clusters import made_by, secret
from tests.unit.translate.pairs import DAY, NOW, certificate, key_text, private_key

CHAIN, KEY = certificate(), key_text()


def make(cluster: Cluster, name: str = "shop/cert", *, now: float = NOW) -> Made:
    return made_by(MAKER, cluster, name, now=now)


def only_fault(made: Made, code: str) -> str:
    (fault,) = made.faults
    assert fault.code == code
    assert fault.level is (Level.WARNING if made.json is not None else Level.ERROR)
    return f"{fault.message} ({fault.mend})"


@pytest.mark.parametrize(
    ("name", "secret_name", "key"),
    [
        ("shop/cert", "cert", ""),
        ("shop/www.example.com", "www.example.com", ""),
        ("shop/cert:ca.crt", "cert", "ca.crt"),
        ("shop/a.b-c:Some_key-1.x", "a.b-c", "Some_key-1.x"),
        (f"shop/{'a' * 253}", "a" * 253, ""),
    ],
)
def test_a_name_is_a_namespace_a_secret_and_maybe_a_key(name: str, secret_name: str, key: str) -> None:
    assert MAKER.target(name) == Target(kind="Secret", namespace="shop", name=secret_name, rest=key)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "cert",
        "shop/",
        "/cert",
        "shop/cert:",
        "shop/cert:a:b",
        "shop/cert:a b",
        "shop/cert:a/b",
        "shop/Cert",
        "shop/-cert",
        "shop/a/cert",
        "shop.x/cert",
        "shop/cert\n",
        f"shop/{'a' * 254}",
        "spiffe://shop/cert",
    ],
)
def test_other_names_are_nobodys_business(name: str) -> None:
    assert MAKER.target(name) is None


def test_a_pair() -> None:
    made = make(secret(tls_crt=CHAIN, tls_key=KEY, ca_crt=b"junk"))

    assert made.json is not None
    assert made.json["@type"] == "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
    assert made.json["name"] == "shop/cert"
    assert content(made, "tls_certificate", "certificate_chain") == CHAIN
    assert content(made, "tls_certificate", "private_key") == KEY
    assert set(made.json) == {"@type", "name", "tls_certificate"}
    assert not made.faults
    assert made.again_at == NOW + 53 * DAY


def content(made: Made, *path: str) -> bytes:
    value: Any = made.json
    for part in path:
        value = value[part]
    assert set(value) == {"inline_bytes"}
    return b64decode(value["inline_bytes"], validate=True)


def test_authorities() -> None:
    made = make(secret(ca_crt=CHAIN), "shop/cert:ca.crt")

    assert made.json is not None
    assert set(made.json) == {"@type", "name", "validation_context"}
    assert content(made, "validation_context", "trusted_ca") == CHAIN
    assert not made.faults
    assert made.again_at == NOW + 53 * DAY


@pytest.mark.parametrize("value", [b"token", bytes(range(256)), KEY], ids=["text", "any bytes", "a key"])
def test_a_generic_secret_is_any_key(value: bytes) -> None:
    made = make(secret(tls_crt=value), "shop/cert:tls.crt")

    assert made.json is not None
    assert set(made.json) == {"@type", "name", "generic_secret"}
    assert content(made, "generic_secret", "secret") == value
    assert made.again_at is None


def test_a_renewal_that_does_not_fit_is_broken_not_missing() -> None:
    made = make(secret(tls_crt=CHAIN, tls_key=key_text(private_key("another"))))

    assert made.json is None
    assert not made.missing
    assert "tls.key of Secret shop/cert does not fit" in only_fault(made, "key-mismatch")


def test_a_certificate_that_is_not_valid_yet_is_looked_at_again() -> None:
    made = make(secret(tls_crt=certificate(start=1), tls_key=KEY))

    assert made.json is None
    assert made.again_at == NOW + DAY
    only_fault(made, "not-yet-valid")


def test_a_certificate_that_expires_soon_is_delivered_and_told() -> None:
    made = make(secret(tls_crt=certificate(end=2), tls_key=KEY))

    assert made.json is not None
    assert made.again_at == NOW + 2 * DAY
    only_fault(made, "expires-soon")


def test_authorities_that_are_none() -> None:
    made = make(secret(ca_crt=b"junk"), "shop/cert:ca.crt")

    assert made.json is None
    assert "ca.crt of Secret shop/cert" in only_fault(made, "bad-certificate")


def test_no_secret() -> None:
    made = make(Cluster(secrets={}))

    assert made.json is None
    assert made.missing
    assert only_fault(made, "no-secret").startswith("there is no Secret shop/cert (")


def test_secrets_are_off() -> None:
    """Nothing is known of the Secret then, so it is not said to be gone."""
    made = make(Cluster())

    assert made.json is None
    assert not made.missing
    assert "--secrets" in only_fault(made, "secrets-off")


def test_keys_that_are_not_there() -> None:
    made = make(secret(username=b"x", password=b"y"))

    assert made.json is None
    assert not made.missing
    assert [(fault.code, fault.message) for fault in made.faults] == [
        ("no-key", "Secret shop/cert has no key tls.crt"),
        ("no-key", "Secret shop/cert has no key tls.key"),
    ]
    assert made.faults[0].mend == "its keys are password, username"


def test_a_secret_without_keys_and_one_with_very_many() -> None:
    assert "no keys at all" in only_fault(make(secret(), "shop/cert:token"), "no-key")
    many = secret(**{f"k{index:02}": b"x" for index in range(100)})
    assert only_fault(make(many, "shop/cert:token"), "no-key").endswith("k10, k11 and 88 more)")


@pytest.mark.parametrize("name", ["shop/cert:tls.key", "shop/cert"])
def test_a_key_that_is_empty(name: str) -> None:
    """Envoy refuses it."""
    assert "tls.key of Secret shop/cert is empty" in only_fault(
        make(secret(tls_crt=CHAIN, tls_key=b""), name), "empty-key"
    )


def test_no_secret_byte_in_any_text() -> None:
    """Whatever is wrong: neither the words nor the repr of what was made hold a line of what was given."""
    hidden = b"hidden-value"
    torn = KEY.replace(b"-----END", hidden + b"-----END")
    inputs = [
        {"tls_crt": CHAIN, "tls_key": KEY},
        {"tls_crt": KEY, "tls_key": CHAIN},
        {"tls_crt": CHAIN, "tls_key": torn},
        {"tls_crt": hidden, "tls_key": hidden},
        {"tls_crt": CHAIN, "tls_key": key_text(private_key("another"))},
        {"tls_crt": certificate(end=-1), "tls_key": KEY},
        {"ca_crt": KEY},
        {"ca_crt": hidden},
        {"token": hidden},
    ]
    for data in inputs:
        lines = {
            line for value in data.values() for line in value.decode().splitlines() if not line.startswith("-----")
        }
        lines |= {b64encode(value).decode() for value in data.values()}
        for name in ("shop/cert", "shop/cert:ca.crt", "shop/cert:token", "shop/cert:tls.key"):
            cluster = secret(**data)
            shown = f"{make(cluster, name)!r} {cluster!r} {cluster.secrets!r}"
            assert not [line for line in lines if line in shown]


def test_the_basis_is_the_secret_alone() -> None:
    target = MAKER.target("shop/cert")
    assert target is not None
    one = secret(tls_crt=CHAIN, tls_key=KEY)
    assert one.secrets is not None
    other = Cluster(secrets={**one.secrets, NamespacedName("shop", "db"): SecretData(namespace="shop", name="db")})

    assert MAKER.basis(target, one) is MAKER.basis(target, other)
    assert MAKER.basis(target, Cluster(secrets={})) is None
    assert MAKER.basis(target, Cluster()) is MAKER.basis(target, Cluster()) is not None
