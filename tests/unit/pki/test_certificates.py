"""Certificates of our own: what signs what, and for how long."""

from __future__ import annotations

import base64
import contextlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from legation.pki import certificates
from legation.pki.certificates import Pair, Usage

NOW, DAY = 1_800_000_000.0, 86_400.0
NAMES = ("hook.legation.svc", "10.0.0.1")


@pytest.fixture(scope="module")
def authority() -> Pair:
    return certificates.authority(now=NOW, seconds=365 * DAY)


def test_it_is_signed_by_its_authority_and_by_no_other(authority: Pair) -> None:
    made = certificates.issue(authority, names=NAMES, now=NOW, seconds=90 * DAY)
    other = certificates.authority(now=NOW, seconds=DAY)
    assert certificates.is_signed_by(made.certificate, authority.certificate)
    assert not certificates.is_signed_by(made.certificate, other.certificate)
    assert not certificates.is_signed_by(b"none", authority.certificate)
    assert certificates.fits(made)
    assert not certificates.fits(Pair(certificate=made.certificate, key=authority.key))


def test_it_says_its_names_and_its_life(authority: Pair) -> None:
    seen = certificates.seen(certificates.issue(authority, names=NAMES, now=NOW, seconds=90 * DAY).certificate)
    assert (seen.made, seen.ends) == (NOW, NOW + 90 * DAY)
    assert seen.names == set(NAMES)
    assert seen.renew_at == NOW + 60 * DAY


def test_clocks_may_be_a_little_behind(authority: Pair) -> None:
    leaf = certificates.issue(authority, names=NAMES, now=NOW, seconds=DAY)
    made = [x509.load_pem_x509_certificate(each.certificate) for each in (leaf, authority)]
    assert [each.not_valid_before_utc.timestamp() for each in made] == [NOW - 300, NOW - DAY]
    assert [certificates.seen(each.certificate).made for each in (leaf, authority)] == [NOW, NOW]


def test_it_ends_with_its_authority(authority: Pair) -> None:
    late = certificates.issue(authority, names=NAMES, now=NOW + 360 * DAY, seconds=90 * DAY)
    assert certificates.seen(late.certificate).ends == NOW + 365 * DAY


def test_what_it_may_be_used_for(authority: Pair) -> None:
    made = certificates.issue(authority, names=NAMES, now=NOW, seconds=DAY)
    leaf, root = (x509.load_pem_x509_certificate(each.certificate) for each in (made, authority))
    constraints = [each.extensions.get_extension_for_class(x509.BasicConstraints).value for each in (leaf, root)]
    assert [(each.ca, each.path_length) for each in constraints] == [(False, None), (True, 0)]
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage.CLIENT, [ExtendedKeyUsageOID.CLIENT_AUTH]),
        (Usage.BOTH, [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
    ],
)
def test_clients_have_theirs(authority: Pair, usage: Usage, expected: list[x509.ObjectIdentifier]) -> None:
    uri = "spiffe://legation/node/web%2F1"
    made = certificates.issue(authority, names=(uri, "::1"), now=NOW, seconds=DAY, usage=usage)
    leaf = x509.load_pem_x509_certificate(made.certificate)
    assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == expected
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [uri]
    assert certificates.seen(made.certificate).names == {uri, "::1"}


def test_names_are_compared_as_they_stand_there() -> None:
    assert certificates.as_shown("0:0:0:0:0:0:0:1") == "::1"
    assert certificates.as_shown("a.example") == "a.example"
    with pytest.raises(ValueError, match=r"."):
        certificates.as_shown("spiffe://legation/node/☃")


def test_two_authorities_are_told_apart_by_their_names() -> None:
    one, other = (certificates.authority(now=NOW, seconds=DAY) for _ in range(2))
    assert len({x509.load_pem_x509_certificate(each.certificate).subject for each in (one, other)}) == 2


def test_nothing_shows_a_key(authority: Pair) -> None:
    assert "PRIVATE" not in repr(authority)


@pytest.mark.parametrize("key", [b"", b"none", b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_fits_nothing(authority: Pair, key: bytes) -> None:
    assert not certificates.fits(Pair(certificate=authority.certificate, key=key))


def test_a_key_with_a_password_or_of_another_kind_fits_nothing(authority: Pair) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for encryption in (serialization.NoEncryption(), serialization.BestAvailableEncryption(b"secret")):
        key = other.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        assert not certificates.fits(Pair(certificate=authority.certificate, key=key))


@pytest.mark.parametrize(
    ("found", "patched"),
    [
        (b"\x55\x1d\x13", b"\x55\x1d\x11"),  # The names stand there twice.
        (b"\x30\x11\x82\x0f", b"\x30\x11\xa3\x0f"),  # A name of a kind that nobody uses.
        (b"\xce\x3d\x04\x03\x02", b"\xce\x3d\x04\x03\x7f"),  # Signed as nobody signs.
        (b"\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x2a\x86\x48\xce\x3d\x03\x01\x7f"),  # A key on no known curve.
    ],
)
def test_what_somebody_made_up_breaks_nothing(authority: Pair, found: bytes, patched: bytes) -> None:
    made = certificates.issue(authority, names=("a.example.of.us",), now=NOW, seconds=DAY)
    text = base64.b64decode(b"".join(made.certificate.splitlines()[1:-1]))
    assert found in text
    odd = b"-----BEGIN CERTIFICATE-----\n%b-----END CERTIFICATE-----\n" % base64.encodebytes(
        text.replace(found, patched)
    )
    with contextlib.suppress(ValueError):
        certificates.seen(odd)
    assert not certificates.is_signed_by(odd, authority.certificate)
    certificates.fits(Pair(certificate=odd, key=made.key))


def test_what_is_no_certificate_says_so() -> None:
    with pytest.raises(ValueError, match=r"."):
        certificates.seen(b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n")
