"""An authority of our own and what it signs: certificates for servers and clients. Pure, but for fresh keys.

It refuses to know when they are renewed and where they are kept. No representation of a pair shows its key.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_SKEW = timedelta(minutes=5)
"""What clocks may differ by: a certificate is valid a little before it is made."""
_AUTHORITY_SKEW = timedelta(days=1)
"""The same of an authority: a clock that is set back makes none unusable that others trust already."""
_COMMON_NAME = "legation admission webhook"
_UNREADABLE = (x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
"""What `cryptography` raises beside ValueError where extensions are odd."""


class Usage(Enum):
    """What a certificate may be shown as."""

    SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)
    CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)
    BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate and its private key, as PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a certificate says of itself."""

    made: float
    """Unix seconds."""
    begins: float
    """When it can be used: a little earlier, for clocks differ."""
    ends: float
    names: frozenset[str]

    @property
    def renew_at(self) -> float:
        """When two thirds of its life are over."""
        return self.made + (self.ends - self.made) * 2 / 3

    def is_valid(self, now: float) -> bool:
        """Say whether it can be used at that moment."""
        return self.begins <= now < self.ends


def authority(*, now: float, seconds: float, common_name: str = _COMMON_NAME) -> Pair:
    """Return a new authority that is valid for so long from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    # Two authorities may live side by side: the name tells them apart.
    name = _name(f"{common_name} CA {_moment(now):%Y-%m-%dT%H:%M:%SZ} {x509.random_serial_number() % 0x10000:04x}")
    builder = (
        _builder(name, name, key, begins=_moment(now) - _AUTHORITY_SKEW, ends=_moment(now) + timedelta(seconds=seconds))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _pair(builder, key, signed_by=key)


def issue(
    signer: Pair,
    *,
    names: Sequence[str],
    now: float,
    seconds: float,
    usage: Usage = Usage.SERVER,
    common_name: str = _COMMON_NAME,
) -> Pair:
    """Return a certificate that ends before its authority does.

    Args:
        signer: The authority.
        names: Whose it is: DNS names, IP addresses, URIs such as SPIFFE IDs.
        now: Unix seconds.
        seconds: How long it lives at most.
        usage: What it may be shown as.
        common_name: What people call it; nobody is known by that.

    Raises:
        ValueError: One of the names cannot stand in a certificate, or the authority has no usable key.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_pem_x509_certificate(signer.certificate)
    own = _private(signer.key)
    ends = min(_moment(now) + timedelta(seconds=seconds), issuer.not_valid_after_utc)
    begins = max(_moment(now) - _SKEW, issuer.not_valid_before_utc)
    builder = (
        _builder(_name(common_name), issuer.subject, key, begins=begins, ends=ends)
        .add_extension(x509.SubjectAlternativeName([_alternative(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usage.value), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(own.public_key()), critical=False)
    )
    return _pair(builder, key, signed_by=own)


def seen(certificate: bytes) -> Seen:
    """Return what a certificate of ours says.

    Raises:
        ValueError: It is none that can be read.
    """
    found = _loaded(certificate)
    try:
        alternatives = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = frozenset(str(each.value) for each in alternatives)
    except x509.ExtensionNotFound:
        names = frozenset()
    except _UNREADABLE as error:
        raise ValueError("it has extensions that cannot be read") from error
    begins, ends = found.not_valid_before_utc, found.not_valid_after_utc
    made = begins + (_AUTHORITY_SKEW if _is_authority(found) else _SKEW)
    return Seen(made=made.timestamp(), begins=begins.timestamp(), ends=ends.timestamp(), names=names)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def fits(pair: Pair) -> bool:
    """Say whether the key is the certificate's, and can be used without a person."""
    try:
        return _private(pair.key).public_key() == _loaded(pair.certificate).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def is_signed_by(certificate: bytes, signer: bytes) -> bool:
    """Say whether an authority has signed a certificate."""
    try:
        _loaded(certificate).verify_directly_issued_by(_loaded(signer))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def as_shown(name: str) -> str:
    """Return how a name stands in a certificate.

    Raises:
        ValueError: It cannot stand there.
    """
    return str(_alternative(name).value)


def _loaded(certificate: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(certificate)
    except x509.InvalidVersion as error:
        raise ValueError("it is of a version that does not exist") from error


def _private(pem: bytes) -> ec.EllipticCurvePrivateKey:
    found = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        # Ours are of this kind.
        raise ValueError("the key is of another kind")  # noqa: TRY004 - as what cannot be read
    return found


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def _pair(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, *, signed_by: ec.EllipticCurvePrivateKey
) -> Pair:
    return Pair(
        certificate=builder.sign(signed_by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
        key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _moment(unix: float) -> datetime:
    return datetime.fromtimestamp(int(unix), UTC)
