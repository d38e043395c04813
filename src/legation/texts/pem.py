"""Certificates and private keys as PEM texts: whether they can be read, fit each other, and when they can be used.

What Envoy takes was tried on Envoy 1.40. Whoever asks has words of its own for the answers.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

# The library costs 22 MB and 80 ms, which only those pay who have certificates: it is loaded by the first one.
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
    from cryptography.x509 import Certificate

_BEGIN = re.compile(rb"-----BEGIN [^-\n]+-----")
_END = re.compile(rb"-----END [^-\n]+-----")
_BEGIN_LINE = re.compile(rb"^-----BEGIN [^-\n]+-----\s*$", re.MULTILINE)
_END_LINE = re.compile(rb"^-----END [^-\n]+-----\s*$", re.MULTILINE)
_PRIVATE = re.compile(rb"-----BEGIN [^-\n]*PRIVATE KEY-----")
_KEY = re.compile(
    rb"^-----BEGIN (?P<kind>[A-Z ]*PRIVATE KEY)-----\s*$.*?^-----END (?P=kind)-----\s*$", re.MULTILINE | re.DOTALL
)
_BLOCK = re.compile(
    rb"^-----BEGIN (?P<kind>(?:X509 |TRUSTED )?CERTIFICATE)-----[^\S\n]*$"
    rb"(?:(?P<body>[^-]*)^-----END (?P=kind)-----[^\S\n]*$)?",
    re.MULTILINE,
)
_ENCRYPTED = (b"ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED")
_TRUSTED = b"BEGIN TRUSTED CERTIFICATE"
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_SEQUENCE = 0x30
RSA_BITS = 2048
"""Envoy refuses shorter RSA keys."""


class Unreadable(Exception):
    """A text is no list of certificates."""


class Unfit(Enum):
    """Why a private key cannot be used with a certificate."""

    UNREADABLE = auto()
    ENCRYPTED = auto()
    """It needs a password."""
    OTHER = auto()
    """It is not the one that the certificate was made with."""
    SHORT_RSA = auto()
    OTHER_CURVE = auto()
    """It is on a curve that Envoy does not take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """When a certificate can be used, in Unix seconds."""

    start: float
    end: float


def has_private_key(pem: bytes) -> bool:
    """Say whether a private key stands in a text."""
    return _PRIVATE.search(pem) is not None


def is_tidy(pem: bytes) -> bool:
    """Say whether each mark stands on a line of its own, at its start, and each block ends.

    Envoy's library wants that; ours is more forgiving.
    """
    begins, ends = len(_BEGIN.findall(pem)), len(_END.findall(pem))
    return begins == ends == len(_BEGIN_LINE.findall(pem)) == len(_END_LINE.findall(pem))


def is_broken(pem: bytes) -> bool:
    """Say whether it is certain that Envoy can read no list of certificates there.

    It looks at the blocks alone: what is in them may be of a kind that one library reads and another does not.
    """
    blocks = list(_BLOCK.finditer(pem))
    return not blocks or any(_is_broken_block(each["body"]) for each in blocks)


def is_readable_here(pem: bytes) -> bool:
    """Say whether all certificates of a text are of a kind that our library knows."""
    return _TRUSTED not in pem


def _is_broken_block(body: bytes | None) -> bool:
    """Say whether what stands in a block is no value in DER: a tag, its length, and so many bytes."""
    if body is None:
        return True
    try:
        der = binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
    except binascii.Error:
        return True
    if len(der) < 2 or der[0] != _SEQUENCE:
        return True
    long = der[1] & 0x7F if der[1] & 0x80 else 0
    length = int.from_bytes(der[2 : 2 + long], "big") if long else der[1]
    return len(der) < 2 + long + length


def blocks(pem: bytes) -> bytes:
    """Return of a text the blocks that Envoy sees in it: those whose first mark begins a line."""
    return b"".join(each[0].rstrip() + b"\n" for each in _BLOCK.finditer(pem))


def certificates(pem: bytes) -> list[Certificate]:
    """Return all certificates of a text, at least one.

    Raises:
        Unreadable: One of them cannot be read, or there is none.
    """
    from cryptography import x509  # noqa: PLC0415 - see above

    try:
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, x509.InvalidVersion) as error:
        raise Unreadable from error


def unfit(certificate: Certificate, key: bytes, *, password: bytes | None = None) -> Unfit | None:
    """Return why a private key cannot be used with a certificate, or None where it can."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - see above

    # Other things may stand before it, such as the parameters of its curve.
    block = _KEY.search(key)
    if block is None:
        return Unfit.UNREADABLE
    # A password that nobody asks for is none; the library takes it for a mistake.
    password = password if any(mark in block[0] for mark in _ENCRYPTED) else None
    try:
        private = load_pem_private_key(block[0], password=password)
        public = certificate.public_key()
        fits = private.public_key() == public
    except TypeError:
        return Unfit.ENCRYPTED
    except (ValueError, UnsupportedAlgorithm):
        return Unfit.UNREADABLE
    return _weak(public) if fits else Unfit.OTHER


def period(certificate: Certificate) -> Period:
    """Return when a certificate can be used."""
    return Period(start=certificate.not_valid_before_utc.timestamp(), end=certificate.not_valid_after_utc.timestamp())


def _weak(public: CertificatePublicKeyTypes) -> Unfit | None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 - see above

    if isinstance(public, rsa.RSAPublicKey) and public.key_size < RSA_BITS:
        return Unfit.SHORT_RSA
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name not in _CURVES:
        return Unfit.OTHER_CURVE
    return None
