from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.unit.envoy.lints.telling import TYPE, told
from tests.unit.translate.pairs import certificate, key_text, private_key

CHAIN, KEY = certificate(), key_text()
OTHER = private_key("another")
JUNK = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
EC_PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def secret(chain: bytes | None = CHAIN, key: bytes | None = KEY, **more: Any) -> list[str]:
    """Return what is told of a pair, without the beginning of the paths."""
    fields = {
        name: {"inline_string": value.decode()}
        for name, value in (("certificate_chain", chain), ("private_key", key))
        if value is not None
    }
    resource = {
        "@type": f"{TYPE}envoy.extensions.transport_sockets.tls.v3.Secret",
        "name": "cert",
        "tls_certificate": fields | more,
    }
    return [each.replace("tls_certificate.", "").replace(".inline_string", "") for each in told(resource)]


def forms_that_envoy_takes() -> dict[str, bytes]:
    return {
        "a chain": CHAIN + certificate(OTHER),
        "words around": b"subject=CN = example\n" + CHAIN + b"the end\n",
        "no last line end": CHAIN.strip(),
        "lines of Windows": CHAIN.replace(b"\n", b"\r\n"),
        "spaces behind": CHAIN.replace(b"\n", b" \n"),
        "another word": CHAIN.replace(b" CERTIFICATE", b" X509 CERTIFICATE"),
        "of OpenSSL": CHAIN.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE"),
        "another within a line before it": b"x " + certificate(OTHER) + CHAIN,
    }


@pytest.mark.parametrize("chain", forms_that_envoy_takes().values(), ids=forms_that_envoy_takes())
def test_what_envoy_takes(chain: bytes) -> None:
    assert secret(chain) == []


def forms_that_envoy_refuses() -> dict[str, bytes]:
    return {
        "nothing": b"",
        "words": b"certificate",
        "not at the beginning of a line": b"x " + CHAIN,
        "indented": b"".join(b"  " + line for line in CHAIN.splitlines(keepends=True)),
        "one line": CHAIN.replace(b"\n", b" "),
        "no end": CHAIN + b"-----BEGIN CERTIFICATE-----\nMIIC\n",
        "a broken end": CHAIN.replace(b"-----END CERTIFICATE-----", b"-----END CERTIFICATE----"),
        "junk behind it": CHAIN + JUNK,
        "a key alone": KEY,
    }


@pytest.mark.parametrize("chain", forms_that_envoy_refuses().values(), ids=forms_that_envoy_refuses())
def test_what_envoy_refuses(chain: bytes) -> None:
    assert secret(chain) == ["error bad-certificate certificate_chain"]


def test_bytes_are_a_text_too() -> None:
    encoded = {"inline_bytes": base64.b64encode(JUNK).decode()}

    assert secret(None, certificate_chain=encoded) == ["error bad-certificate certificate_chain.inline_bytes"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (KEY, []),
        (EC_PARAMETERS + key_text(form=PrivateFormat.TraditionalOpenSSL), []),
        (CHAIN + KEY, []),
        (b"none", ["error bad-private-key private_key"]),
        (KEY.replace(b"\n", b" "), ["error bad-private-key private_key"]),
        (key_text(OTHER), ["error key-mismatch private_key"]),
        (key_text(OTHER) + KEY, ["error key-mismatch private_key"]),
        (key_text(password=b"secret"), ["error encrypted-key private_key"]),
    ],
)
def test_keys(key: bytes, expected: list[str]) -> None:
    assert secret(key=key) == expected


def test_the_first_certificate_is_the_one_that_the_key_fits() -> None:
    assert secret(certificate(OTHER) + CHAIN) == ["error key-mismatch private_key"]


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ({"inline_string": "secret"}, []),
        ({"inline_string": "wrong"}, ["error bad-private-key private_key"]),
        ({"filename": "/etc/password"}, []),
    ],
)
def test_a_key_with_a_password(password: dict[str, str], expected: list[str]) -> None:
    assert secret(key=key_text(password=b"secret"), password=password) == expected


def test_a_password_that_nobody_asks_for() -> None:
    assert secret(password={"inline_string": "secret"}) == []


@pytest.mark.parametrize("which", ["rsa 1024", "secp256k1"])
def test_keys_that_envoy_does_not_take(which: str) -> None:
    key = private_key(which)

    assert secret(certificate(key), key_text(key)) == ["error bad-private-key private_key"]


@pytest.mark.parametrize(
    ("chain", "key", "more", "expected"),
    [
        (CHAIN, None, {}, ["error missing-field tls_certificate"]),
        (None, KEY, {}, ["error missing-field tls_certificate"]),
        (CHAIN, None, {"private_key": {"filename": "/etc/key"}}, []),
        (None, KEY, {"certificate_chain": {"filename": "/etc/chain"}}, []),
        (CHAIN, None, {"private_key_provider": {"provider_name": "hardware"}}, []),
        (None, None, {"pkcs12": {"filename": "/etc/p12"}}, []),
        (CHAIN, None, {"pkcs12": {"filename": "/etc/p12"}}, ["error either-or certificate_chain"]),
        (CHAIN, KEY, {"ocsp_staple": {"inline_string": "x"}}, ["error wrong-type ocsp_staple"]),
        (CHAIN, KEY, {"ocsp_staple": {"filename": "/etc/ocsp"}}, []),
        (None, None, {}, []),
    ],
)
def test_what_belongs_to_a_pair(
    chain: bytes | None, key: bytes | None, more: dict[str, Any], expected: list[str]
) -> None:
    assert secret(chain, key, **more) == expected


def test_a_key_among_certificates_is_shown_to_everybody() -> None:
    assert secret(CHAIN + KEY) == ["warning misplaced-key certificate_chain"]
