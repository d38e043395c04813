"""A server's own certificate and who signs it, kept in one place: from what is kept to what is to be kept. Pure.

Two things are renewed when two thirds of their life are over: the server's certificate, and the authority that signs
it. Nobody fails meanwhile: `legation.pki.authorities` says how.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from legation.pki import authorities, certificates
from legation.pki.authorities import Authorities, Lives
from legation.pki.certificates import Pair, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """All that is kept between two starts, on all replicas."""

    server: Pair
    """What is shown."""
    authorities: Authorities
    """Those that are trusted, the newest first."""

    @property
    def trusted(self) -> bytes:
        """The bundle as one text."""
        return authorities.bundle(self.authorities)


def renewed(
    kept: Kept | None,
    *,
    names: Sequence[str],
    now: float,
    lives: Lives,
    usage: Usage = Usage.SERVER,
    common_name: str = "legation",
) -> Kept:
    """Return what is to be kept now: the same object where nothing is due.

    Args:
        kept: What there is; None: nothing that can be used.
        names: Those that others call the server by.
        now: Unix seconds.
        lives: How long things live.
        usage: What its certificate may be shown as.
        common_name: What people call it.
    """
    before = () if kept is None else kept.authorities
    shown = () if kept is None else (kept.server.certificate,)
    trusted = authorities.renewed(before, now=now, lives=lives, shown=shown, common_name=common_name)
    if kept is not None and not authorities.is_due(kept.server, names=names, authorities=trusted, now=now, lives=lives):
        return kept if trusted is before else replace(kept, authorities=trusted)
    signer = authorities.signer(trusted, now=now, lives=lives)
    server = certificates.issue(
        signer, names=names, now=now, seconds=lives.certificate, usage=usage, common_name=common_name
    )
    return Kept(server=server, authorities=trusted)


def published(kept: Kept, *, now: float) -> Kept:
    """Return what is to be kept when all have the bundle: the same object where that is known already."""
    found = authorities.published(kept.authorities, now=now)
    return kept if found is kept.authorities else replace(kept, authorities=found)


def next_look(kept: Kept, *, now: float, lives: Lives) -> float:
    """Return the next moment (Unix seconds) at which something may be due."""
    return min(
        authorities.next_look(kept.authorities, now=now, lives=lives),
        max(authorities.renew_at(kept.server.certificate, lives=lives), now),
    )
