"""What a folder of certificates of our own remembers: its authorities, and what they have signed for whom. Pure.

The one invariant: no representation and no error of it shows a key.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import msgspec

from legation.pki import certificates
from legation.pki.authorities import DAY, Authorities, Authority, Lives
from legation.pki.certificates import Pair

HOUR = 3_600.0

Role: TypeAlias = Literal["server", "client"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One certificate that is kept up to date."""

    name: str
    names: tuple[str, ...]
    """What stands in it."""
    role: Role
    folder: str
    """Where it is: below the folder of the PKI, or absolute."""
    life: float
    """How long it lives, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All of it."""

    trust_domain: str
    authority_life: float = 3650 * DAY
    trusted_before: float = HOUR
    server_life: float = 90 * DAY
    client_life: float = DAY
    longest: float = 0.0
    """The longest life of all that was ever signed, in seconds."""
    entries: tuple[Entry, ...] = ()
    authorities: Authorities = ()

    def lives(self, life: float | None = None) -> Lives:
        """Return how long things live where a certificate lives so long; without that, the longest of them."""
        longest = max(self.longest, self.server_life, self.client_life)
        return Lives(
            authority=self.authority_life,
            certificate=longest if life is None else life,
            trusted_before=self.trusted_before,
            jitter=_JITTER,
        )

    def entry(self, name: str) -> Entry | None:
        """Return the one of that name."""
        return next((each for each in self.entries if each.name == name), None)

    def with_entry(self, entry: Entry) -> Ledger:
        """Return it with this one, in place of one of the same name."""
        others = tuple(each for each in self.entries if each.name != entry.name)
        return replace(self, entries=(*others, entry), longest=max(self.longest, entry.life))

    def without_entry(self, name: str) -> Ledger:
        """Return it without this one."""
        return replace(self, entries=tuple(each for each in self.entries if each.name != name))


_JITTER = 1 / 15
"""Not much: at a look each hour a certificate of a day is renewed between 14:24 and 16:00 of its life."""


class _Authority(msgspec.Struct, omit_defaults=True):
    certificate: str
    key: str | None = None
    published: float | None = None


class _Ledger(msgspec.Struct):
    version: int
    trust_domain: str
    authority_life: float
    trusted_before: float
    server_life: float
    client_life: float
    longest: float
    entries: list[Entry]
    authorities: list[_Authority]


_VERSION = 1


def written_authorities(authorities: Authorities) -> bytes:
    """Return authorities, with their keys, as JSON."""
    return msgspec.json.encode([_written(each) for each in authorities])


def read_authorities(text: bytes) -> Authorities:
    """Return what `written_authorities` has written.

    Raises:
        ValueError: It is no such thing.
    """
    return tuple(_read(each) for each in msgspec.json.decode(text, type=list[_Authority]))


def written(ledger: Ledger) -> bytes:
    """Return it as JSON."""
    found = _Ledger(
        version=_VERSION,
        trust_domain=ledger.trust_domain,
        authority_life=ledger.authority_life,
        trusted_before=ledger.trusted_before,
        server_life=ledger.server_life,
        client_life=ledger.client_life,
        longest=ledger.longest,
        entries=list(ledger.entries),
        authorities=[_written(each) for each in ledger.authorities],
    )
    return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"


def read(text: bytes) -> Ledger:
    """Return what `written` has written.

    Raises:
        ValueError: It is no such thing, or of a version that is not known here.
    """
    found = msgspec.json.decode(text, type=_Ledger)
    if found.version != _VERSION:
        raise ValueError(f"it is of version {found.version}, and only {_VERSION} is known here")
    return Ledger(
        trust_domain=found.trust_domain,
        authority_life=found.authority_life,
        trusted_before=found.trusted_before,
        server_life=found.server_life,
        client_life=found.client_life,
        longest=found.longest,
        entries=tuple(found.entries),
        authorities=tuple(_read(each) for each in found.authorities),
    )


def _written(each: Authority) -> _Authority:
    key = None if each.key is None else each.key.decode("ascii")
    return _Authority(certificate=each.certificate.decode("ascii"), key=key, published=each.published)


def _read(found: _Authority) -> Authority:
    key = None if found.key is None else found.key.encode("ascii")
    each = Authority(certificate=found.certificate.encode("ascii"), key=key, published=found.published)
    # What cannot be read is told here, not where something is to be signed.
    _ = each.seen
    if key is not None and not certificates.fits(Pair(certificate=each.certificate, key=key)):
        # It is trusted, but signs nothing any more.
        return replace(each, key=None)
    return each
