"""What is kept of the webhook's certificates, as a Secret of Kubernetes. Pure.

It knows the keys of the Secret, which are none by which Envoys are given certificates. The one invariant: what it
returns can be used; of a Secret that somebody has damaged it returns nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from legation.model.api_kinds import ApiKind
from legation.pki import certificates
from legation.pki.certificates import Pair
from legation.pki.rotation import Kept

SECRETS = ApiKind(group="", version="v1", kind="Secret", plural="secrets", has_status=False)
TYPE = "legation.dev/webhook"
"""Of the Secret."""
_BUNDLE = "trusted.crt"
_END = b"-----END CERTIFICATE-----"


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
    """None: nothing is in it that can be used."""


def read(raw: msgspec.Raw) -> KeptSecret:
    """Return what a Secret holds."""
    secret = msgspec.json.decode(raw, type=_Secret)
    return KeptSecret(version=secret.metadata.resource_version, kept=_kept(secret.data or {}))


def data(kept: Kept) -> dict[str, str]:
    """Return the data of the Secret."""
    found = {
        "server.crt": kept.server.certificate,
        "server.key": kept.server.key,
        _BUNDLE: kept.trusted,
        "authority.crt": kept.authority.certificate,
        "authority.key": kept.authority.key,
        "signer.crt": kept.signer.certificate,
        "signer.key": kept.signer.key,
    }
    return {name: base64.b64encode(value).decode() for name, value in found.items()}


def _kept(found: Mapping[str, str]) -> Kept | None:
    try:
        pairs = {name: _pair(found, name) for name in ("server", "authority", "signer")}
        bundle = _split(base64.b64decode(found[_BUNDLE], validate=True))
        kept = Kept(server=pairs["server"], authority=pairs["authority"], signer=pairs["signer"], bundle=bundle)
        return kept if _is_usable(kept) else None
    except (KeyError, ValueError, binascii.Error):
        return None


def _pair(found: Mapping[str, str], name: str) -> Pair:
    certificate, key = (base64.b64decode(found[f"{name}.{part}"], validate=True) for part in ("crt", "key"))
    return Pair(certificate=certificate, key=key)


def _split(bundle: bytes) -> tuple[bytes, ...]:
    parts = (each.strip() for each in bundle.split(_END))
    return tuple(each + b"\n" + _END + b"\n" for each in parts if each)


def _is_usable(kept: Kept) -> bool:
    for each in kept.bundle:
        certificates.seen(each)
    pairs = (kept.server, kept.authority, kept.signer)
    certificates.seen(kept.server.certificate)
    return kept.authority.certificate in kept.bundle and all(map(certificates.fits, pairs))


def value(kept: Kept, *, name: str, version: str = "") -> dict[str, Any]:
    """Return the Secret as it is written.

    Args:
        kept: What it holds.
        name: Of the Secret.
        version: That of the one that is there; empty: there is none.
    """
    if version:
        return {"metadata": {"resourceVersion": version}, "data": data(kept)}
    head = {"apiVersion": SECRETS.api_version, "kind": SECRETS.kind, "metadata": {"name": name}, "type": TYPE}
    return {**head, "data": data(kept)}
