"""What is shown of a folder of certificates of our own: which there are, how long they live, what is wrong."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from legation.errors import PkiError
from legation.pki import authorities, certificates, swapped
from legation.pki.authorities import Authority
from legation.pki.certificates import Pair
from legation.pki.ledger import Entry, Ledger
from legation.pki.place import BUNDLE, LEDGER, Held, Place

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An authority or a certificate."""

    name: str
    names: tuple[str, ...]
    folder: str
    ends: float | None
    """Unix seconds; None: there is none."""
    renewed: float | None
    """When it is renewed."""
    state: str
    """In words."""
    wrong: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All of it."""

    trust_domain: str
    authorities: tuple[Shown, ...]
    certificates: tuple[Shown, ...]
    problems: tuple[str, ...]
    now: float

    @property
    def is_fine(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems and not any(each.wrong for each in (*self.authorities, *self.certificates))


def of(place: Place, *, now: float | None = None) -> Status:
    """Return what there is.

    Raises:
        PkiError: There is no authority, or it cannot be read.
    """
    found, moment = place.read(), time.time() if now is None else now
    open_to_others = [
        f"{path}: others than its owner may open it; chmod {mode}"
        for path, mode in ((place.folder, "0700"), (place.folder / LEDGER, "0600"))
        if swapped.is_open_to_others(path)
    ]
    open_to_others += [
        f"{path}: others than its owner may put a certificate of theirs there; chmod go-w"
        for path in map(place.path, found.entries)
        if swapped.is_others_too(path)
    ]
    bundle = place.folder / BUNDLE
    untold = [] if place.has_bundle(found) else [f"{bundle}: it is not there, or is another one: legation pki rotate"]
    signer = _signer(found, now=moment)
    return Status(
        trust_domain=found.trust_domain,
        authorities=tuple(_authority(each, found, signer=signer, now=moment) for each in found.authorities),
        certificates=tuple(_certificate(each, place, found, now=moment) for each in found.entries),
        problems=(*open_to_others, *untold),
        now=moment,
    )


def as_json(found: Status) -> dict[str, Any]:
    """Return it for programs."""
    return {
        "trust_domain": found.trust_domain,
        "authorities": [_dated(each) for each in found.authorities],
        "certificates": [_dated(each) for each in found.certificates],
        "problems": list(found.problems),
    }


def lines(found: Status) -> list[str]:
    """Return it for people."""
    rows = [("NAME", "ENDS IN", "RENEWED IN", "STATE")]
    rows += [
        (each.name, _until(each.ends, now=found.now), _until(each.renewed, now=found.now), each.state)
        for each in (*found.authorities, *found.certificates)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    table = [
        "   ".join((*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3])) for row in rows
    ]
    return [*table, *found.problems]


def _authority(each: Authority, found: Ledger, *, signer: Pair | None, now: float) -> Shown:
    seen, lives = each.seen, found.lives()
    signs = signer is not None and signer.certificate == each.certificate
    if not seen.is_valid(now):
        state = "has ended" if now >= seen.ends else "is not valid yet"
    elif signs:
        state = "signs"
    elif each.key is None:
        state = "is trusted, and never signs: its key is damaged"
    elif each.published is None:
        state = "is trusted here, and not handed out to all yet: legation pki rotate says why"
    elif not each.has_settled(now, lives=lives):
        state = f"is trusted, and signs in {_until(each.published + lives.trusted_before, now=now)}"
    else:
        state = "is trusted until what it has signed has ended"
    return Shown(
        name=f"CA of {_moment(seen.made)}",
        names=(),
        folder=str(found.trust_domain),
        ends=seen.ends,
        renewed=seen.renew_at if signs or each is found.authorities[0] else None,
        state=state,
        wrong=now >= seen.ends or each.published is None,
    )


def _certificate(entry: Entry, place: Place, found: Ledger, *, now: float) -> Shown:
    ends = renewed = None
    try:
        held = place.held(entry)
        if held is None:
            state = f"is not there: {place.path(entry)}"
        else:
            lives = found.lives(entry.life)
            seen = certificates.seen(held.pair.certificate)
            ends, renewed = seen.ends, authorities.renew_at(held.pair.certificate, lives=lives)
            state = _state(held, entry, found, now=now)
    except PkiError as error:
        state = str(error)
    except ValueError:
        state = f"cannot be read: {place.path(entry)}"
    return Shown(
        name=entry.name,
        names=entry.names,
        folder=str(place.path(entry)),
        ends=ends,
        renewed=renewed,
        state=state,
        wrong=state != _FINE,
    )


_FINE = "good"


def _state(held: Held, entry: Entry, found: Ledger, *, now: float) -> str:
    seen = certificates.seen(held.pair.certificate)
    if now >= seen.ends:
        return "has ended: legation pki rotate"
    if held.bundle != authorities.bundle(found.authorities) or authorities.is_due(
        held.pair, names=entry.names, authorities=found.authorities, now=now, lives=found.lives(entry.life)
    ):
        return "is to be renewed: legation pki rotate"
    return _FINE


def _signer(found: Ledger, *, now: float) -> Pair | None:
    try:
        return authorities.signer(found.authorities, now=now, lives=found.lives())
    except ValueError:
        return None


def _dated(each: Shown) -> dict[str, Any]:
    found = asdict(each)
    for key in ("ends", "renewed"):
        found[key] = None if found[key] is None else _moment(found[key])
    return {key: value for key, value in found.items() if value not in (None, (), "")}


def _moment(unix: float) -> str:
    return f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _until(moment: float | None, *, now: float) -> str:
    if moment is None:
        return "-"
    seconds = int(moment - now)
    if seconds <= 0:
        return "now"
    for unit, length in _UNITS:
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
