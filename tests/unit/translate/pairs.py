"""Certificates and their keys, made for one test run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

NOW = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
DAY = 24 * 3600.0


@cache
def private_key(which: str = "") -> CertificateIssuerPrivateKeyTypes:
    """One key of each name: `rsa 2048`, the name of a curve, else P-256."""
    if which.startswith("rsa"):
        return rsa.generate_private_key(65537, int(which.split()[1]))
    curve = {"secp384r1": ec.SECP384R1(), "secp256k1": ec.SECP256K1()}.get(which, ec.SECP256R1())
    return ec.generate_private_key(curve)


def certificate(key: CertificateIssuerPrivateKeyTypes | None = None, *, start: float = -30, end: float = 60) -> bytes:
    """A certificate that is valid from and until so many days after NOW."""
    key = key or private_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example")])
    moment = datetime.fromtimestamp(NOW, UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment + timedelta(start))
        .not_valid_after(moment + timedelta(end))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM)


def key_text(
    key: CertificateIssuerPrivateKeyTypes | None = None,
    *,
    form: PrivateFormat = PrivateFormat.PKCS8,
    password: bytes = b"",
) -> bytes:
    """The key in PEM form."""
    how: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
    return (key or private_key()).private_bytes(Encoding.PEM, form, how)
