"""The authorities of one place, from one look to the next: which are trusted, and which of them signs. Pure.

An authority is made when two thirds of the life of the one before it are over. It is trusted at once, and signs when
all have had the bundle with it in for a while; the one before it stays in the bundle until all that it has signed has
ended. When it was handed out to all is noted (`published`): what could not be handed out does not
sign as long as another one can.

The one invariant: who has the bundle of the look before trusts whatever is signed now. It breaks only where that bundle
is worth nothing to anybody, as all in it have ended. A clock that jumps forward and back within `trusted_before`
changes nothing: an authority that seems to have ended goes when another one has taken its place for that long.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from legation.pki import certificates
from legation.pki.certificates import Pair, Seen

DAY = 86_400.0
MOST = 8
"""Authorities that are kept at most: more come about only where a clock jumps about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """How long things live, in seconds."""

    authority: float = 365 * DAY
    certificate: float = 90 * DAY
    """Of what the authorities have signed: the longest."""
    trusted_before: float = 3_600.0
    """How long an authority has to be known everywhere before it signs."""
    jitter: float = 0.0
    """The part of its life by which a certificate is renewed earlier at most, so that not all are at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """One authority."""

    certificate: bytes
    key: bytes | None = field(repr=False)
    """None: it signs nothing any more."""
    published: float | None = None
    """Since when all have a bundle with it in, in Unix seconds; None: not all have one, as far as is known."""

    @property
    def seen(self) -> Seen:
        """What its certificate says."""
        return certificates.seen(self.certificate)

    def can_sign(self, now: float) -> bool:
        """Say whether what it signs is good for anything now."""
        return self.key is not None and self.seen.is_valid(now)

    def has_settled(self, now: float, *, lives: Lives) -> bool:
        """Say whether all have trusted it for long enough."""
        return self.published is not None and now - self.published >= lives.trusted_before


Authorities: TypeAlias = tuple[Authority, ...]
"""The newest first."""


def bundle(authorities: Authorities) -> bytes:
    """Return the certificates of all, as what everybody trusts."""
    return b"".join(each.certificate for each in authorities)


def renewed(
    authorities: Authorities,
    *,
    now: float,
    lives: Lives,
    shown: Collection[bytes] = (),
    common_name: str = "legation",
    force: bool = False,
) -> Authorities:
    """Return which there are to be now: the same object where nothing is due.

    Args:
        authorities: Those of the look before.
        now: Unix seconds.
        lives: How long things live.
        shown: Certificates that are shown; who has signed one of them stays.
        common_name: What people call them.
        force: Whether a new one is made, whatever is due.
    """
    able = [each for each in authorities if each.can_sign(now)]
    fresh = any(now < each.seen.renew_at for each in able)
    found = authorities
    # Where many can sign one waits until some have ended, rather than that one goes whose certificates are shown.
    if not able or ((force or not fresh) and len(able) < MOST - 1):
        made = certificates.authority(now=now, seconds=lives.authority, common_name=common_name)
        found = (Authority(certificate=made.certificate, key=made.key), *found)
    heirs = [each for each in able if each.has_settled(now, lives=lives)]
    found = tuple(
        each
        for each in found
        if not _is_over(each, heirs, now=now, lives=lives)
        or any(certificates.is_signed_by(one, each.certificate) for one in shown)
    )
    found = _bounded(found, now=now)
    return authorities if found == authorities else found


def published(authorities: Authorities, *, now: float) -> Authorities:
    """Return them with a note that all have a bundle of them; the same object where they had it already."""
    if all(each.published is not None for each in authorities):
        return authorities
    return tuple(each if each.published is not None else replace(each, published=now) for each in authorities)


def signer(authorities: Authorities, *, now: float, lives: Lives) -> Pair:
    """Return the one that signs now.

    Args:
        authorities: What `renewed` has returned at this look; what it has put in is not published yet.
        now: Unix seconds.
        lives: How long things live.

    Raises:
        ValueError: None of them can.
    """
    able = [each for each in authorities if each.can_sign(now)]
    lasting = [each for each in able if each.seen.ends - now >= lives.trusted_before]
    for among in (lasting, able):
        settled = [each for each in among if each.has_settled(now, lives=lives)]
        known = [each for each in among if each.published is not None]
        if settled:
            chosen = max(settled, key=lambda each: each.seen.made)
            break
        if known:
            # Who has been in the bundle for longest is known to most.
            chosen = min(known, key=lambda each: (each.published or 0.0, each.seen.made))
            break
    else:
        if not able:
            raise ValueError("none of the authorities can sign")
        chosen = min(able, key=lambda each: each.seen.made)
    return Pair(certificate=chosen.certificate, key=chosen.key or b"")


def is_due(pair: Pair, *, names: Collection[str], authorities: Authorities, now: float, lives: Lives) -> bool:
    """Say whether a certificate is to be made anew: it is old, damaged, for others, or nobody trusts it."""
    try:
        seen = certificates.seen(pair.certificate)
    except ValueError:
        return True
    return (
        not seen.is_valid(now)
        or now >= renew_at(pair.certificate, lives=lives)
        or seen.names != frozenset(map(certificates.as_shown, names))
        or not certificates.fits(pair)
        or not any(
            each.seen.is_valid(now) and certificates.is_signed_by(pair.certificate, each.certificate)
            for each in authorities
        )
    )


def renew_at(certificate: bytes, *, lives: Lives) -> float:
    """Return when a certificate is renewed, in Unix seconds: at two thirds of its life or somewhat before that."""
    seen = certificates.seen(certificate)
    chance = int.from_bytes(hashlib.sha256(certificate).digest()[:4]) / 2**32
    return seen.renew_at - (seen.ends - seen.made) * lives.jitter * chance


def next_look(authorities: Authorities, *, now: float, lives: Lives) -> float:
    """Return the next moment (Unix seconds) at which something may be due; inf: never."""
    return min((each for each in _moments(authorities, lives=lives) if each > now), default=float("inf"))


def _moments(authorities: Authorities, *, lives: Lives) -> Iterator[float]:
    for each in authorities:
        seen = each.seen
        yield from (seen.begins, seen.renew_at, seen.ends)
        if each.published is not None:
            yield from (
                each.published + lives.trusted_before,
                each.published + lives.trusted_before + lives.certificate,
            )


def _is_over(authority: Authority, heirs: Collection[Authority], *, now: float, lives: Lives) -> bool:
    """Say whether nothing that it has signed can be good any more, and others have taken its place."""
    seen = authority.seen
    if seen.ends <= now:
        return bool(heirs)
    # It has signed nothing since an heir does, and what it had signed before that has ended.
    return any(
        heir.seen.made > seen.made
        and heir.published is not None
        and now - heir.published >= lives.trusted_before + lives.certificate
        for heir in heirs
    )


def _bounded(authorities: Authorities, *, now: float) -> Authorities:
    if len(authorities) <= MOST:
        return authorities
    # What can be used now is never too much: `renewed` sees to that.
    useless = [each for each in authorities if not each.can_sign(now)]
    useless.sort(key=lambda each: (each.seen.is_valid(now), each.seen.ends > now, each.seen.ends))
    gone = useless[: len(authorities) - MOST]
    return tuple(each for each in authorities if each not in gone)
