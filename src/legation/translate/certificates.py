"""Whether certificates and private keys are fit to be sent: they can be read, they fit, it is their time. Pure.

Envoy takes a certificate that has expired without a word, and refuses what it cannot read only once it has it; so both
are found out here. What Envoy takes was tried on Envoy 1.40. No text holds anything of what is checked but its dates.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from legation.model.problems import Level
from legation.texts import pem as pems
from legation.texts.pem import RSA_BITS, Period, Unfit
from legation.translate.by_name import Fault

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_WEEK = 7 * 24 * 3600.0
_LAST_PART = 10
"""A certificate of a short life is said to expire soon in the last tenth of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitness:
    """What was found. With a fault of level ERROR what was checked must not be sent."""

    faults: tuple[Fault, ...] = ()
    again_at: float | None = None
    """The next moment (Unix seconds) at which something else is found."""


def in_time(period: Period, what: str, now: float) -> Fitness:
    """Return whether it is the time of a certificate.

    Args:
        period: When it can be used.
        what: What it is, as the words call it.
        now: Unix seconds.
    """
    soon = period.end - min(_WEEK, (period.end - period.start) / _LAST_PART)
    again_at = min((each for each in (period.start, soon, period.end) if each > now), default=None)
    if now < period.start:
        mend = "wait for that moment, or correct the clock of whoever issues it"
        fault = Fault(code="not-yet-valid", message=f"{what} is not valid before {_shown(period.start)}", mend=mend)
    elif now >= period.end:
        fault = Fault(code="expired", message=f"{what} expired at {_shown(period.end)}", mend="renew it")
    elif now >= soon:
        message = f"{what} expires at {_shown(period.end)}"
        fault = Fault(code="expires-soon", message=message, mend="renew it", level=Level.WARNING)
    else:
        return Fitness(again_at=again_at)
    return Fitness(faults=(fault,), again_at=again_at)


def check_pair(chain: bytes, key: bytes, *, of: str, now: float) -> Fitness:
    """Return whether a certificate with those that vouch for it, and its private key, can be sent.

    Args:
        chain: `tls.crt`: the certificate first.
        key: `tls.key`.
        of: What they belong to, as the words call it.
        now: Unix seconds.
    """
    certificates = _certificates("tls.crt", chain, of)
    if isinstance(certificates, Fault):
        return Fitness(faults=(certificates,))
    if unfit := _unfit(certificates[0], key, of):
        return Fitness(faults=(unfit,))
    leaf, *others = map(pems.period, certificates)
    fitness = in_time(leaf, f"the certificate in tls.crt of {of}", now)
    # Clients may know a way around one of those; what they say to an expired one is theirs to say.
    aged = [each.end for each in others if now >= each.end]
    moments = [each.end for each in others if now < each.end]
    if aged:
        message = f"tls.crt of {of} holds an intermediate certificate that expired at {_shown(min(aged))}"
        mend = "put the current one into tls.crt, or leave it out"
        fault = Fault(code="expired-chain", message=message, mend=mend, level=Level.WARNING)
        fitness = Fitness(faults=(*fitness.faults, fault), again_at=fitness.again_at)
    if fitness.again_at is not None:
        moments.append(fitness.again_at)
    return Fitness(faults=fitness.faults, again_at=min(moments, default=None))


def check_authorities(bundle: bytes, *, of: str, now: float) -> Fitness:
    """Return whether certificates to verify others by can be sent: all can be read, and it is the time of one.

    Bundles hold old and new ones side by side, so that one which has expired is nothing to tell.
    """
    certificates = _certificates("ca.crt", bundle, of)
    if isinstance(certificates, Fault):
        return Fitness(faults=(certificates,))
    periods = [pems.period(each) for each in certificates]
    what = f"ca.crt of {of}" if len(periods) == 1 else f"every certificate in ca.crt of {of}"
    current = [each for each in periods if each.start <= now < each.end]
    coming = [each for each in periods if now < each.start]
    # The fitness speaks of the one that lasts longest; without a current one, of the next, else of the last.
    if current or not coming:
        fitness = in_time(max(current or periods, key=lambda each: each.end), what, now)
    else:
        fitness = in_time(min(coming, key=lambda each: each.start), what, now)
    moments = [each.start for each in coming] + ([] if fitness.again_at is None else [fitness.again_at])
    return Fitness(faults=fitness.faults, again_at=min(moments, default=None))


def _certificates(name: str, pem: bytes, of: str) -> list[Certificate] | Fault:
    """Return all certificates of a PEM text, or why Envoy could not read them."""
    if pems.has_private_key(pem):
        # Envoy would skip it, and show it to whoever reads its configuration: certificates are no secret.
        message = f"{name} of {of} holds a private key among the certificates"
        mend = f"take it out of {name}, and take it for known to others: certificates are shown to everybody"
        return Fault(code="misplaced-key", message=message, mend=mend)
    if pems.is_tidy(pem):
        with contextlib.suppress(pems.Unreadable):
            return pems.certificates(pem)
    return Fault(
        code="bad-certificate",
        message=f"{name} of {of} is not a list of certificates that can be read",
        mend="write them in PEM form, each mark (BEGIN CERTIFICATE, END CERTIFICATE) on a line of its own",
    )


_FORM = "write it in PEM form, as PKCS #8 (BEGIN PRIVATE KEY), without a password"
_ANOTHER = "make the pair with another key"
_UNFIT: Mapping[Unfit, tuple[str, str, str]] = MappingProxyType(
    {
        Unfit.UNREADABLE: ("bad-private-key", "holds no private key that can be read", _FORM),
        Unfit.ENCRYPTED: ("encrypted-key", "needs a password, which nobody has", _FORM),
        Unfit.OTHER: (
            "key-mismatch",
            "does not fit the first certificate in tls.crt",
            "put the key into tls.key that the first certificate in tls.crt was made with",
        ),
        Unfit.SHORT_RSA: (
            "bad-private-key",
            f"is an RSA key of fewer than {RSA_BITS} bits, which Envoy refuses",
            _ANOTHER,
        ),
        Unfit.OTHER_CURVE: (
            "bad-private-key",
            "is a key on a curve other than P-256, P-384 and P-521, which Envoy refuses",
            _ANOTHER,
        ),
    }
)


def _unfit(certificate: Certificate, key: bytes, of: str) -> Fault | None:
    """Return why the private key cannot be used with the certificate."""
    why = pems.unfit(certificate, key)
    if why is None:
        return None
    code, words, mend = _UNFIT[why]
    return Fault(code=code, message=f"tls.key of {of} {words}", mend=mend)


def _shown(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"
