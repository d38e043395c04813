"""When the webhook's own certificate is made anew, and who signs it: from what is kept to what is to be kept. Pure.

Two things are renewed when two thirds of their life are over: the server's certificate, and the authority that signs
it. Nobody fails meanwhile: a new authority is trusted beside the old one at once, and signs only when it has been
trusted for a while; the old one stays in the bundle until it ends, as certificates that it has signed may be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from legation.pki import certificates
from legation.pki.certificates import Pair

DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """How long things live, in seconds."""

    authority: float = 365 * DAY
    certificate: float = 90 * DAY
    trusted_before: float = 3_600.0
    """How long an authority has to be known everywhere before it signs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """All that is kept between two starts, on all replicas."""

    server: Pair
    """What is shown to the API server."""
    authority: Pair
    """The newest authority."""
    signer: Pair
    """The one that signs: the same, or the one before it while the newest is too young."""
    bundle: tuple[bytes, ...]
    """Certificates of all authorities that are trusted, the newest first."""

    @property
    def trusted(self) -> bytes:
        """The bundle as one text."""
        return b"".join(self.bundle)


def renewed(kept: Kept | None, *, names: Sequence[str], now: float, lives: Lives) -> Kept:
    """Return what is to be kept now: the same object where nothing is due.

    Args:
        kept: What there is; None: nothing that can be used.
        names: Those that the API server calls the server by.
        now: Unix seconds.
        lives: How long things live.
    """
    if kept is None or certificates.seen(kept.authority.certificate).ends <= now:
        return _afresh(names=names, now=now, lives=lives)
    found = _with_authority(kept, now=now, lives=lives)
    return _with_server(found, names=names, now=now, lives=lives)


def next_look(kept: Kept, *, lives: Lives) -> float:
    """Return the moment (Unix seconds) at which something may be due."""
    newest = certificates.seen(kept.authority.certificate)
    moments = [newest.renew_at, certificates.seen(kept.server.certificate).renew_at]
    if kept.signer != kept.authority:
        moments.append(newest.made + lives.trusted_before)
    moments += [certificates.seen(each).ends for each in kept.bundle]
    return min(moments)


def _afresh(*, names: Sequence[str], now: float, lives: Lives) -> Kept:
    made = certificates.authority(now=now, seconds=lives.authority)
    server = certificates.issue(made, names=names, now=now, seconds=lives.certificate)
    return Kept(server=server, authority=made, signer=made, bundle=(made.certificate,))


def _with_authority(kept: Kept, *, now: float, lives: Lives) -> Kept:
    newest = certificates.seen(kept.authority.certificate)
    authority, signer = kept.authority, kept.signer
    if now >= newest.renew_at:
        authority = certificates.authority(now=now, seconds=lives.authority)
        signer = kept.authority
    elif now >= newest.made + lives.trusted_before:
        signer = authority
    bundle = tuple(dict.fromkeys((authority.certificate, *kept.bundle)))
    bundle = tuple(each for each in bundle if each == authority.certificate or certificates.seen(each).ends > now)
    if (authority, signer, bundle) == (kept.authority, kept.signer, kept.bundle):
        return kept
    return Kept(server=kept.server, authority=authority, signer=signer, bundle=bundle)


def _with_server(kept: Kept, *, names: Sequence[str], now: float, lives: Lives) -> Kept:
    shown = certificates.seen(kept.server.certificate)
    trusted = any(certificates.is_signed_by(kept.server.certificate, each) for each in kept.bundle)
    if now < shown.renew_at and shown.names >= set(names) and trusted and certificates.fits(kept.server):
        return kept
    server = certificates.issue(kept.signer, names=names, now=now, seconds=lives.certificate)
    return Kept(server=server, authority=kept.authority, signer=kept.signer, bundle=kept.bundle)
