"""What a client's certificate says of its owner: the same at every door, whichever library did the handshake.

gRPC cuts names off at the first zero byte, and Python's ssl cannot read some: so they are read here, out of the
certificate itself. It refuses to know who has verified it. The one invariant: a certificate with a name that two could
read in two ways has no name at all.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from legation.model.identity import CertificateProof

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MOST = 10_000
"""Certificates whose names are remembered."""
_PLAIN = frozenset(map(chr, range(0x21, 0x7F)))
"""What a URI and a DNS name are made of (RFC 3986, RFC 1035): ASCII that is seen."""


@functools.lru_cache(maxsize=_MOST)
def of_pem(certificate: bytes) -> CertificateProof | None:
    """Return what one says; None where it cannot be read."""
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415 - only those pay who have certificates

    return _read(load_pem_x509_certificate, certificate)


@functools.lru_cache(maxsize=_MOST)
def of_der(certificate: bytes) -> CertificateProof | None:
    """Return the same of one in the form of the wire."""
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415 - as above

    return _read(load_der_x509_certificate, certificate)


def _read(load: Callable[[bytes], Certificate], certificate: bytes) -> CertificateProof | None:
    try:
        found = load(certificate)
        ends = found.not_valid_after_utc.timestamp()
    except ValueError:
        return None
    uris, dns = _names(found)
    if not all(name and _PLAIN.issuperset(name) for name in (*uris, *dns)):
        uris, dns = (), ()
    return CertificateProof(uris=uris, dns=dns, ends=ends)


def _names(certificate: Certificate) -> tuple[tuple[str, ...], tuple[str, ...]]:
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return (
            tuple(names.get_values_for_type(x509.UniformResourceIdentifier)),
            tuple(names.get_values_for_type(x509.DNSName)),
        )
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return (), ()
