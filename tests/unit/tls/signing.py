"""An authority for tests, and what it signs for whom; broken pairs too."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from legation.pki import certificates
from legation.pki.certificates import Pair, Usage
from legation.tls.material import Material

NAME = "xds.home.svc"
HOUR = 3600.0


class Authority:
    """Signs, and is trusted."""

    def __init__(self, *, now: float | None = None, seconds: float = 1000 * HOUR) -> None:
        self.pair = certificates.authority(now=now or time.time(), seconds=seconds)

    @property
    def pem(self) -> bytes:
        return self.pair.certificate

    def server(self, *names: str, now: float | None = None, seconds: float = HOUR) -> Pair:
        return certificates.issue(
            self.pair, names=names or (NAME, "127.0.0.1"), now=now or time.time(), seconds=seconds, usage=Usage.BOTH
        )

    def client(self, *names: str, now: float | None = None, seconds: float = HOUR) -> Pair:
        return certificates.issue(self.pair, names=names, now=now or time.time(), seconds=seconds, usage=Usage.CLIENT)

    def material(self, *trusted: Authority, pair: Pair | None = None) -> Material:
        """Return what a server shows that trusts these clients' authorities; without any it asks for nothing."""
        pair = pair or self.server()
        authorities = b"".join(each.pem for each in trusted) if trusted else None
        return Material(certificate=pair.certificate, key=pair.key, authorities=authorities)


def under(root: Authority) -> Authority:
    """Return an authority that another one vouches for."""
    found = Authority()
    key = serialization.load_pem_private_key(found.pair.key, password=None)
    signer = serialization.load_pem_private_key(root.pair.key, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    own, above = (x509.load_pem_x509_certificate(each.pem) for each in (found, root))
    builder = (
        x509.CertificateBuilder()
        .subject_name(own.subject)
        .issuer_name(above.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(own.not_valid_before_utc)
        .not_valid_after(own.not_valid_after_utc)
    )
    for each in own.extensions:
        builder = builder.add_extension(each.value, critical=each.critical)
    signed = builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    found.pair = Pair(certificate=signed, key=found.pair.key)
    return found


def trusting(*authorities: Authority, shows: Pair | None = None, folder: Path | None = None) -> ssl.SSLContext:
    """Return the context of a client that trusts these and shows that."""
    context = ssl.create_default_context(cadata=b"".join(each.pem for each in authorities).decode())
    if shows is not None:
        assert folder is not None
        file = folder / "shown.pem"
        file.write_bytes(shows.certificate + shows.key)
        context.load_cert_chain(file)
    return context


def encrypted(pair: Pair) -> Pair:
    """Return it with its key behind a password."""
    key = serialization.load_pem_private_key(pair.key, password=None)
    hidden = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    return Pair(certificate=pair.certificate, key=hidden)
