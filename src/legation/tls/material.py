"""What a server shows and whom it trusts, as one value; and whether it can be used at a moment. Pure.

It refuses to know where it comes from. The one invariant: no word that leaves here holds a key or a part of one, and
authorities that are to be there and are empty are an error, never "no check".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from legation.texts import pem
from legation.texts.pem import Period, Unfit, Unreadable

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_UNFIT = {
    Unfit.UNREADABLE: "the private key cannot be read: it is no whole key in PEM",
    Unfit.ENCRYPTED: "the private key is encrypted, which only a person could undo; write it without a password",
    Unfit.OTHER: "the certificate and its private key cannot be used together: the key belongs to another certificate",
    Unfit.SHORT_RSA: f"the key has too few bits; Envoy wants {pem.RSA_BITS} at least for RSA",
    Unfit.OTHER_CURVE: "the key is on a curve that Envoy does not take; P-256 is taken everywhere",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A certificate with those that vouch for it behind it, its private key, and who may sign those of clients."""

    certificate: bytes
    key: bytes = field(repr=False)
    authorities: bytes | None = None
    """In PEM, old and new ones while they overlap. None: nobody is trusted, no client is asked for a certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What a certificate that can be used says of itself."""

    made: float
    """Unix seconds."""
    ends: float
    """Of the chain as a whole: when the first certificate in it ends."""
    dns: tuple[str, ...] = ()
    for_clients: bool = True
    """Whether it may be shown to a server too, as replicas do."""
    authorities: Period | None = None
    """The life of that of the authorities of clients that ends last; None without any."""
    each_authority: tuple[Period, ...] = ()
    """The lives of all of them."""

    def trusting(self, authorities: tuple[Period, ...]) -> Life:
        """Return the same with these lives of the authorities of clients."""
        return replace(self, authorities=max(authorities, key=_end, default=None), each_authority=authorities)

    def ended(self, now: float) -> int:
        """Return how many of the authorities of clients have ended, at a moment in Unix seconds."""
        return sum(each.end <= now for each in self.each_authority)


class Unusable(ValueError):
    """It cannot be shown; the words say what is wrong and how to mend it."""


def examine(material: Material, *, now: float) -> Life:
    """Return what the certificate says.

    Args:
        material: What is to be shown.
        now: Unix seconds.

    Raises:
        Unusable: It cannot be used now, and why.
    """
    chain = _certificates(material.certificate, what="the certificate")
    found = pem.unfit(chain[0], material.key)
    if found is not None:
        raise Unusable(_UNFIT[found])
    if not _is_common(chain[0]):
        raise Unusable("the key is neither RSA nor ECDSA, which gRPC and Envoy do not take; P-256 is taken everywhere")
    for_servers, for_clients = _purposes(chain[0])
    if not for_servers:
        raise Unusable("the certificate is none for servers: its extended key usage has to name server authentication")
    periods = [pem.period(each) for each in chain]
    for number, each in enumerate(periods):
        which = "the certificate" if number == 0 else f"certificate {number + 1} of the chain"
        if each.end <= now:
            raise Unusable(f"{which} expired on {_moment(each.end)}; put a newer one there")
        if each.start > now:
            raise Unusable(
                f"{which} is not valid before {_moment(each.start)}; put one there that is, or set the clock"
            )
    life = Life(
        made=periods[0].start,
        ends=min(each.end for each in periods),
        dns=_dns(chain[0]),
        for_clients=for_clients,
    )
    return life if material.authorities is None else life.trusting(examine_authorities(material.authorities, now=now))


def examine_authorities(authorities: bytes, *, now: float) -> tuple[Period, ...]:
    """Return the life of each of them.

    Args:
        authorities: In PEM.
        now: Unix seconds.

    Raises:
        Unusable: There is none that can be used now, or one of them cannot be read.
    """
    if pem.has_private_key(authorities):
        raise Unusable("a private key stands among the authorities (CA), which may go to others; take it out")
    found = _certificates(authorities, what="the authorities of clients (CA)")
    lives = tuple(pem.period(each) for each in found)
    last = max(map(_end, lives))
    if last <= now:
        expired = _moment(last)
        raise Unusable(f"the last of the authorities of clients (CA) expired on {expired}; put a newer one there")
    return lives


def vouches(authorities: bytes, *, certificate: bytes) -> bool:
    """Say whether who trusts these would trust a certificate that is shown with those that vouch for it behind it.

    Raises:
        Unusable: One of them cannot be read.
    """
    trusted = _certificates(authorities, what="the authorities (CA)")
    chain = _certificates(certificate, what="the certificate")
    for number, each in enumerate(chain):
        if any(each == one or _has_signed(one, each) for one in trusted):
            return True
        if number + 1 < len(chain) and not _has_signed(chain[number + 1], each):
            return False
    return False


def _has_signed(signer: Certificate, certificate: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see below

    try:
        certificate.verify_directly_issued_by(signer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _end(period: Period) -> float:
    return period.end


def _certificates(text: bytes, *, what: str) -> list[Certificate]:
    if not text.strip():
        raise Unusable(f"{what}: the file is empty")
    # A block without its end would be passed over by some libraries: of two authorities one would be trusted.
    if pem.is_broken(text) or not pem.is_tidy(text):
        raise Unusable(f"{what} cannot be read: it is no whole list of certificates in PEM")
    if not pem.is_readable_here(text):
        raise Unusable(
            f"{what} cannot be read: write CERTIFICATE in place of TRUSTED CERTIFICATE, without what is added"
        )
    try:
        return pem.certificates(text)
    except Unreadable:
        raise Unusable(f"{what} cannot be read: it is no list of certificates in PEM") from None


def _is_common(certificate: Certificate) -> bool:
    """Say whether the key is of a kind that BoringSSL signs a handshake with, unless it is told otherwise."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 - see below

    return isinstance(certificate.public_key(), ec.EllipticCurvePublicKey | rsa.RSAPublicKey)


def _purposes(certificate: Certificate) -> tuple[bool, bool]:
    """Return whether a certificate is for servers, and whether it is for clients; one that does not say is for both."""
    from cryptography import x509  # noqa: PLC0415 - see below
    from cryptography.x509.oid import ExtendedKeyUsageOID as Usage  # noqa: PLC0415 - see below

    try:
        found = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except (x509.ExtensionNotFound, ValueError):
        return True, True
    every = Usage.ANY_EXTENDED_KEY_USAGE in found
    return every or Usage.SERVER_AUTH in found, every or Usage.CLIENT_AUTH in found


def _dns(certificate: Certificate) -> tuple[str, ...]:
    from cryptography import x509  # noqa: PLC0415 - it costs memory, which only those pay who have certificates

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(names.get_values_for_type(x509.DNSName))


def _moment(unix: float) -> str:
    return f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d %H:%M:%S} UTC"
