"""Certificates and keys for the corpus, made anew for each run: no key stands in a file of the project."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

_NOW = dt.datetime.now(dt.UTC)
_DAY = dt.timedelta(days=1)
_SOON = _NOW + 30 * _DAY
_PKCS8 = serialization.PrivateFormat.PKCS8
_OPEN = serialization.NoEncryption()

_Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def texts() -> Mapping[str, str]:
    """Return what stands for each name that the corpus uses."""
    key, other = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    elliptic, odd = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256K1())
    certificate = _certificate(key, _SOON)
    return {
        "<certificate>": certificate,
        "<certificate in base64>": base64.b64encode(certificate.encode()).decode(),
        "<certificate with a text before it>": f"Issued to: web.example\n\n{certificate}",
        "<chain of two>": certificate + _certificate(other, _SOON),
        "<expired certificate>": _certificate(key, _NOW - _DAY),
        "<elliptic certificate>": _certificate(elliptic, _SOON),
        "<weak certificate>": _certificate(weak, _SOON),
        "<secp256k1 certificate>": _certificate(odd, _SOON),
        "<key>": _pem(key),
        "<key in base64>": base64.b64encode(_pem(key).encode()).decode(),
        "<key in the old form>": _pem(key, form=serialization.PrivateFormat.TraditionalOpenSSL),
        "<key with a password>": _pem(key, lock=serialization.BestAvailableEncryption(b"hush")),
        "<other key>": _pem(other),
        "<elliptic key>": _pem(elliptic),
        "<weak key>": _pem(weak),
        "<secp256k1 key>": _pem(odd),
    }


def _pem(
    key: _Key,
    *,
    form: serialization.PrivateFormat = _PKCS8,
    lock: serialization.KeySerializationEncryption = _OPEN,
) -> str:
    return key.private_bytes(serialization.Encoding.PEM, form, lock).decode()


def _certificate(key: _Key, until: dt.datetime) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "web.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - 30 * _DAY)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()
