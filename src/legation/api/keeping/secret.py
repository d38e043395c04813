"""What is kept of certificates of our own, as a Secret of Kubernetes. Pure.

It knows the keys of the Secret. The one invariant: what it returns can be gone on from. Of a Secret that somebody has
damaged the authorities are taken that can be read, and the rest is made anew; where there are none it returns nothing.

The Secret of the webhook says the same once more in the way of releases before (`authority`, `signer`), of which a
replica may lead while others are renewed.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from legation.model.api_kinds import ApiKind
from legation.pki import certificates
from legation.pki.authorities import Authorities, Authority
from legation.pki.certificates import Pair
from legation.pki.ledger import read_authorities, written_authorities
from legation.pki.rotation import Kept

SECRETS = ApiKind(group="", version="v1", kind="Secret", plural="secrets", has_status=False)
AUTHORITIES = "authorities.json"
_END = b"-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What stands where in a Secret."""

    type: str
    """Of the Secret. It is none by which Envoys are given certificates."""
    certificate: str
    key: str
    bundle: str
    before: bool = False
    """Whether it is said in the way of releases before as well."""


TLS = Layout(type="legation.dev/tls", certificate="tls.crt", key="tls.key", bundle="ca.crt")
WEBHOOK = Layout(
    type="legation.dev/webhook", certificate="server.crt", key="server.key", bundle="trusted.crt", before=True
)


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Secret(msgspec.Struct):
    metadata: _Metadata
    data: dict[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSecret:
    """A Secret that is there."""

    version: str
    kept: Kept | None
    """None: nothing is in it that can be gone on from."""
    whole: bool = False
    """Whether all in it is as we write it."""


def read(raw: msgspec.Raw, *, layout: Layout) -> KeptSecret:
    """Return what a Secret holds."""
    secret = msgspec.json.decode(raw, type=_Secret)
    found = _decoded(secret.data or {})
    kept = _kept(found, layout)
    whole = kept is not None and all(found.get(name) == value for name, value in _values(kept, layout).items())
    return KeptSecret(version=secret.metadata.resource_version, kept=kept, whole=whole)


def data(kept: Kept, *, layout: Layout) -> dict[str, str]:
    """Return the data of the Secret."""
    return {name: base64.b64encode(value).decode() for name, value in _values(kept, layout).items()}


def value(kept: Kept, *, layout: Layout, name: str, version: str = "") -> dict[str, Any]:
    """Return the Secret as it is written.

    Args:
        kept: What it holds.
        layout: What stands where.
        name: Of the Secret.
        version: That of the one that is there; empty: there is none.
    """
    if version:
        return {"metadata": {"resourceVersion": version}, "data": data(kept, layout=layout)}
    head = {"apiVersion": SECRETS.api_version, "kind": SECRETS.kind, "metadata": {"name": name}, "type": layout.type}
    return {**head, "data": data(kept, layout=layout)}


def _values(kept: Kept, layout: Layout) -> dict[str, bytes]:
    found = {
        layout.certificate: kept.server.certificate,
        layout.key: kept.server.key,
        layout.bundle: kept.trusted,
        AUTHORITIES: written_authorities(kept.authorities),
    }
    if not layout.before:
        return found
    newest, signer = kept.authorities[0], _signer(kept)
    return {
        **found,
        "authority.crt": newest.certificate,
        "authority.key": newest.key or b"",
        "signer.crt": signer.certificate,
        "signer.key": signer.key or b"",
    }


def _signer(kept: Kept) -> Authority:
    """Return the one that has signed what is shown; who goes on from there has it sign until the newest has settled."""
    for each in kept.authorities:
        if each.key is not None and certificates.is_signed_by(kept.server.certificate, each.certificate):
            return each
    return kept.authorities[0]


def _decoded(found: Mapping[str, str]) -> dict[str, bytes]:
    decoded = {}
    for name, text in found.items():
        try:
            decoded[name] = base64.b64decode(text, validate=True)
        except ValueError:
            continue
    return decoded


def _kept(found: Mapping[str, bytes], layout: Layout) -> Kept | None:
    authorities = _authorities(found, layout)
    if not authorities:
        return None
    server = Pair(certificate=found.get(layout.certificate, b""), key=found.get(layout.key, b""))
    return Kept(server=server, authorities=authorities)


def _authorities(found: Mapping[str, bytes], layout: Layout) -> Authorities:
    try:
        authorities = read_authorities(found[AUTHORITIES])
    except (KeyError, ValueError):
        authorities = ()
    if layout.before and found.get(layout.bundle) != b"".join(each.certificate for each in authorities):
        # One of a release before has led meanwhile: it knows nothing of the other way.
        return _before(found, layout) or authorities
    return authorities


def _before(found: Mapping[str, bytes], layout: Layout) -> Authorities:
    """Return what a release before has written."""
    try:
        pairs = [Pair(certificate=found[f"{name}.crt"], key=found[f"{name}.key"]) for name in ("authority", "signer")]
        bundle = _split(found[layout.bundle])
        keys = {each.certificate: each.key for each in pairs if certificates.fits(each)}
        if pairs[0].certificate not in keys or pairs[0].certificate not in bundle:
            return ()
        # There it was taken to be known everywhere at once.
        return tuple(
            replace(each, published=each.seen.made)
            for each in (Authority(certificate=one, key=keys.get(one)) for one in bundle)
        )
    except (KeyError, ValueError):
        return ()


def _split(bundle: bytes) -> tuple[bytes, ...]:
    parts = (each.strip() for each in bundle.split(_END))
    return tuple(each + b"\n" + _END + b"\n" for each in parts if each)
