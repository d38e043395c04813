"""When the certificates that stand in a resource can be used. Which of them is out of date now is said elsewhere.

Envoy takes a certificate that has expired without a word, so this is no part of what it refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from legation.envoy.data_sources import inline, place
from legation.envoy.types import TLS
from legation.envoy.understanding import walk
from legation.model.objects import FieldPath
from legation.model.validity import Validity
from legation.texts import pem as pems

if TYPE_CHECKING:
    from google.protobuf.message import Message

_PEM = b"-----BEGIN "
"""Stands in the bytes of each resource that holds a certificate: texts are written as they are."""


def validity(message: Message, body: bytes) -> tuple[Validity, ...]:
    """Return when the certificates in a message can be used, those that can be read.

    Args:
        message: The message.
        body: Its bytes.
    """
    if _PEM not in body:
        return ()
    return tuple(found for path, each in walk(message) for found in _of(each, path))


def _of(message: Any, path: FieldPath) -> Iterator[Validity]:
    match message.DESCRIPTOR.full_name.removeprefix(f"{TLS}."):
        case "TlsCertificate":
            chain = message.certificate_chain
            yield from _periods(chain, (*path, *place("certificate_chain", chain)), what="the certificate", first=True)
        case "CertificateValidationContext":
            trusted = message.trusted_ca
            what = "every certificate in trusted_ca"
            yield from _periods(trusted, (*path, *place("trusted_ca", trusted)), what=what, first=False)


def _periods(source: Any, path: FieldPath, *, what: str, first: bool) -> Iterator[Validity]:
    pem = inline(source)
    if pem is None:
        return
    try:
        certificates = pems.certificates(pems.blocks(pem))
    except pems.Unreadable:
        return
    # Those that vouch for the first one are the affair of who believes them. Of authorities, old and new, one that can
    # be used is enough.
    periods = [pems.period(each) for each in (certificates[:1] if first else certificates)]
    start, end = min(each.start for each in periods), max(each.end for each in periods)
    yield Validity(path=path, what="trusted_ca" if not first and len(periods) == 1 else what, start=start, end=end)
