"""Certificates and keys that stand in a resource itself: they can be read, and they fit.

What comes from files and secrets of others is not known here, and the time is not part of it (`envoy/validity.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from legation.envoy.data_sources import inline, place
from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import doubtful, refused
from legation.envoy.types import TLS
from legation.model.objects import FieldPath
from legation.texts import pem as pems
from legation.texts.pem import RSA_BITS, Unfit

_PEM = "write it in PEM form, each mark (BEGIN CERTIFICATE, END CERTIFICATE) on a line of its own, at its beginning"
_KEY = "write it in PEM form (BEGIN PRIVATE KEY)"
_ANOTHER = "make the pair with another key"
_UNFIT: Mapping[Unfit, tuple[str, str, str]] = MappingProxyType(
    {
        Unfit.UNREADABLE: ("bad-private-key", "there is no private key here that can be read", _KEY),
        Unfit.ENCRYPTED: (
            "encrypted-key",
            "the private key needs a password",
            "add password, or write the key without one",
        ),
        Unfit.OTHER: (
            "key-mismatch",
            "the private key does not fit the first certificate in certificate_chain",
            "write the key that this certificate was made with, and this certificate before those that vouch for it",
        ),
        Unfit.SHORT_RSA: ("bad-private-key", f"Envoy refuses an RSA key of fewer than {RSA_BITS} bits", _ANOTHER),
        Unfit.OTHER_CURVE: (
            "bad-private-key",
            "Envoy refuses a key on a curve other than P-256, P-384 and P-521",
            _ANOTHER,
        ),
    }
)


def broken(pem: bytes, path: FieldPath) -> Iterator[Finding]:
    """Yield what is wrong with a list of certificates that stands there."""
    if pems.is_broken(pem):
        yield refused("bad-certificate", path, "this is no list of certificates that can be read", _PEM)
    elif pems.has_private_key(pem):
        yield doubtful(
            "misplaced-key",
            path,
            "a private key stands among the certificates, and Envoy shows those to everybody who may see its state",
            "take it out, and take it for known to others",
        )


def _certificate(certificate: Any) -> Iterator[Finding]:
    has = {field.name for field, _ in certificate.ListFields()}
    if "pkcs12" in has:
        for field in ("certificate_chain", "private_key"):
            if field in has:
                yield refused("either-or", (field,), "pkcs12 holds the certificate and the key already", "take it out")
        return
    if "ocsp_staple" in has and certificate.ocsp_staple.WhichOneof("specifier") == "inline_string":
        yield refused(
            "wrong-type",
            ("ocsp_staple", "inline_string"),
            "an OCSP response is no text",
            "write it as inline_bytes, or name a file",
        )
    if "certificate_chain" in has and not has & {"private_key", "private_key_provider"}:
        yield refused("missing-field", (), "the certificate has no private_key", "add it")
    elif "private_key" in has and "certificate_chain" not in has:
        yield refused("missing-field", (), "the private key has no certificate_chain", "add it")
    yield from _pair(certificate)


def _pair(certificate: Any) -> Iterator[Finding]:
    chain, key = inline(certificate.certificate_chain), inline(certificate.private_key)
    if chain is None:
        return
    found = list(broken(chain, place("certificate_chain", certificate.certificate_chain)))
    yield from found
    password = inline(certificate.password)
    if key is None or pems.is_broken(chain) or (password is None and certificate.HasField("password")):
        return
    if not pems.is_readable_here(chain):
        return
    try:
        first, *_ = pems.certificates(pems.blocks(chain))
    except pems.Unreadable:
        return
    why = pems.unfit(first, key, password=password)
    if why is not None:
        code, message, mend = _UNFIT[why]
        yield refused(code, place("private_key", certificate.private_key), message, mend)


LINTS: Lints = {f"{TLS}.TlsCertificate": _certificate}
