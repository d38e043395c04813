"""What a client's certificate says: names that two libraries read in two ways are none."""

from __future__ import annotations

import ssl
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from legation.model.identity import CertificateProof
from legation.tls.client_certificates import of_der, of_pem
from legation.transports import grpc_tls
from tests.unit.tls.signing import HOUR, Authority

CART = b"spiffe://home/ns/shop/sa/cart"
_DNS, _URI, _EMAIL = 2, 6, 1


def named(*names: tuple[int, bytes]) -> bytes:
    """Return a certificate whose subject alternative names are these bytes, whatever they are."""
    key = ec.generate_private_key(ec.SECP256R1())
    body = b"".join(bytes((0x80 | kind, len(value))) + value for kind, value in names)
    given = x509.load_pem_x509_certificate(Authority().client("spiffe://home/node/edge").certificate)
    builder = (
        x509.CertificateBuilder()
        .subject_name(given.subject)
        .issuer_name(given.issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(given.not_valid_before_utc)
        .not_valid_after(given.not_valid_after_utc)
        .add_extension(
            x509.UnrecognizedExtension(x509.OID_SUBJECT_ALTERNATIVE_NAME, b"\x30" + bytes((len(body),)) + body),
            critical=False,
        )
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def read(certificate: bytes) -> CertificateProof:
    """Return what both doors make of it."""
    found, other = of_pem(certificate), of_der(ssl.PEM_cert_to_DER_cert(certificate.decode()))
    assert found is not None
    assert found == other
    assert found.ends == pytest.approx(time.time() + HOUR, abs=60)
    return found


def test_its_names_are_those_that_it_has() -> None:
    found = read(named((_URI, CART), (_DNS, b"cart.home.svc"), (_EMAIL, b"cart@home")))
    assert found == CertificateProof(uris=(CART.decode(),), dns=("cart.home.svc",))


@pytest.mark.parametrize(
    "name",
    [CART + b"\0.evil", b"x\0" + CART, b"https://x\n" + CART, b"https://x, URI:" + CART, CART + b"\xe9", b""],
)
@pytest.mark.parametrize("kind", [_URI, _DNS])
def test_with_a_name_that_could_be_read_in_two_ways_it_has_none(name: bytes, kind: int) -> None:
    assert read(named((kind, name), (_URI, CART))) == CertificateProof()


class Context:
    """A stream of a client whose names gRPC has cut off."""

    def __init__(self, certificate: bytes) -> None:
        self._certificate = certificate

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"

    def auth_context(self) -> dict[str, list[bytes]]:
        return {
            "transport_security_type": [b"ssl"],
            "x509_pem_cert": [self._certificate],
            "peer_uri": [CART],
            "peer_dns": [CART],
        }


def test_what_grpc_says_of_the_names_is_not_believed() -> None:
    assert grpc_tls.certificate_of(Context(named((_URI, CART + b"\0.evil")))) == CertificateProof()


def test_what_is_no_certificate_says_nothing() -> None:
    assert of_pem(b"none") is None
    assert of_der(b"none") is None
