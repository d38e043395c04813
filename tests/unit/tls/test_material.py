"""What can be shown at a moment, and in words why it cannot."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID

from legation.pki.certificates import Pair
from legation.tls.material import Material, Unusable, examine, vouches
from tests.unit.tls.signing import HOUR, NAME, Authority, encrypted, under

_other = Authority().server()


def _of(pair: Pair) -> Material:
    return Material(certificate=pair.certificate, key=pair.key)


def test_a_good_one_says_how_long_it_lasts_and_for_whom_it_is() -> None:
    authority = Authority(seconds=3 * HOUR)
    life = examine(authority.material(authority), now=time.time())
    assert life.ends == pytest.approx(time.time() + HOUR, abs=60)
    assert life.authorities is not None
    assert life.authorities.end == pytest.approx(time.time() + 3 * HOUR, abs=60)
    assert life.dns == (NAME,)


def test_a_chain_ends_with_the_first_of_it() -> None:
    authority = Authority(seconds=HOUR / 2)
    pair = Authority(seconds=3 * HOUR).server()
    life = examine(Material(certificate=pair.certificate + authority.pem, key=pair.key), now=time.time())
    assert life.ends == pytest.approx(time.time() + HOUR / 2, abs=60)


BAD: dict[str, tuple[Callable[[Authority], Material], str]] = {
    "key of another": (
        lambda signer: _of(Pair(certificate=signer.server().certificate, key=_other.key)),
        "the key belongs to another certificate",
    ),
    "expired": (
        lambda signer: _of(signer.server(now=time.time() - 2 * HOUR)),
        "the certificate expired on 20",
    ),
    "not yet valid": (
        lambda signer: _of(signer.server(now=time.time() + HOUR, seconds=HOUR / 2)),
        "the certificate is not valid before 20",
    ),
    "expired in the chain": (
        lambda signer: dataclasses.replace(
            (good := _of(signer.server())),
            certificate=good.certificate + Authority(now=time.time() - 2 * HOUR, seconds=HOUR).pem,
        ),
        "certificate 2 of the chain expired on 20",
    ),
    "for clients": (lambda signer: _of(signer.client("a")), "the certificate is none for servers"),
    "encrypted": (lambda signer: _of(encrypted(signer.server())), "the private key is encrypted"),
    "half a certificate": (
        lambda signer: dataclasses.replace((good := _of(signer.server())), certificate=good.certificate[:200]),
        "the certificate cannot be read",
    ),
    "half a chain": (
        lambda signer: dataclasses.replace(
            (good := _of(signer.server())), certificate=good.certificate + signer.pem[:200]
        ),
        "the certificate cannot be read",
    ),
    "half a key": (
        lambda signer: dataclasses.replace((good := _of(signer.server())), key=good.key[:80]),
        "the private key cannot be read",
    ),
    "no key": (lambda signer: dataclasses.replace(_of(signer.server()), key=b""), "the private key cannot be read"),
    "no certificate": (
        lambda signer: dataclasses.replace(_of(signer.server()), certificate=b""),
        "the certificate: the file is empty",
    ),
    "no authorities": (
        lambda signer: dataclasses.replace(signer.material(signer), authorities=b"\n"),
        "the authorities of clients (CA): the file is empty",
    ),
    "half of the authorities": (
        lambda signer: dataclasses.replace(signer.material(signer), authorities=signer.pem + signer.pem[:200]),
        "the authorities of clients (CA) cannot be read",
    ),
    "no authority there": (
        lambda signer: dataclasses.replace(signer.material(signer), authorities=b"<html>"),
        "the authorities of clients (CA) cannot be read",
    ),
    "authorities in another form": (
        lambda signer: dataclasses.replace(
            signer.material(signer), authorities=signer.pem + signer.pem.replace(b"CERT", b"TRUSTED CERT")
        ),
        "the authorities of clients (CA) cannot be read: write CERTIFICATE in place of",
    ),
    "a key beside the authorities": (
        lambda signer: dataclasses.replace(signer.material(signer), authorities=signer.pem + signer.pair.key),
        "a private key stands among the authorities (CA)",
    ),
    "authorities of yesterday": (
        lambda signer: dataclasses.replace(
            signer.material(signer), authorities=Authority(now=time.time() - 2 * HOUR, seconds=HOUR).pem
        ),
        "the last of the authorities of clients (CA) expired on 20",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_used_is_told_in_words_and_without_the_key(what: str) -> None:
    make, words = BAD[what]
    material = make(Authority(seconds=10 * HOUR))
    with pytest.raises(Unusable) as refused:
        examine(material, now=time.time())
    assert words in str(refused.value)
    assert "BEGIN" not in str(refused.value)


def test_a_key_that_grpc_cannot_sign_with_is_told() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.fromtimestamp(time.time() - HOUR, UTC))
        .not_valid_after(datetime.fromtimestamp(time.time() + HOUR, UTC))
        .sign(key, None)
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private = key.private_bytes(pem, form, serialization.NoEncryption())
    with pytest.raises(Unusable, match="neither RSA nor ECDSA"):
        examine(Material(certificate=certificate.public_bytes(pem), key=private), now=time.time())


def test_no_representation_shows_a_key() -> None:
    material = Authority().material()
    assert b"PRIVATE" in material.key
    assert "PRIVATE" not in repr(material)


def test_an_authority_that_has_ended_is_no_harm_beside_one_that_has_not() -> None:
    signer, old = Authority(), Authority(now=time.time() - 2 * HOUR, seconds=HOUR)
    assert examine(signer.material(signer, old), now=time.time()).authorities


def test_who_trusts_authorities_trusts_what_they_have_signed_and_what_that_has() -> None:
    root = Authority()
    between, other = under(root), Authority()
    leaf = between.server().certificate
    chain = leaf + between.pem
    assert vouches(root.pem, certificate=chain)
    assert vouches(other.pem + between.pem, certificate=leaf)
    assert vouches(leaf, certificate=leaf)
    assert not vouches(root.pem, certificate=leaf)
    assert not vouches(other.pem, certificate=chain)
    # What stands behind it and has not signed it says nothing.
    assert not vouches(root.pem, certificate=other.server().certificate + between.pem)
