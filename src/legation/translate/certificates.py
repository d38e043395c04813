"""Whether certificates and private keys are fit to be sent: they can be read, they fit, it is their time. Pure.

Envoy takes a certificate that has expired without a word, and refuses what it cannot read only once it has it; so both
are found out here. What Envoy takes was tried on Envoy 1.40. No text holds anything of what is checked but its dates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from legation.model.problems import Level
from legation.translate.by_name import Fault

# The library costs 22 MB and 80 ms, which only those pay who serve Secrets: it is loaded by the first one.
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
    from cryptography.x509 import Certificate

_BEGIN = re.compile(rb"-----BEGIN [^-\n]+-----")
_END = re.compile(rb"-----END [^-\n]+-----")
_BEGIN_LINE = re.compile(rb"^-----BEGIN [^-\n]+-----\s*$", re.MULTILINE)
_END_LINE = re.compile(rb"^-----END [^-\n]+-----\s*$", re.MULTILINE)
_PRIVATE = re.compile(rb"-----BEGIN [^-\n]*PRIVATE KEY-----")
_KEY_LINE = re.compile(rb"^-----BEGIN [A-Z ]*PRIVATE KEY-----\s*$", re.MULTILINE)
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_RSA_BITS = 2048
_WEEK = 7 * 24 * 3600.0
_LAST_PART = 10
"""A certificate of a short life is said to expire soon in the last tenth of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found. With a fault of level ERROR what was checked must not be sent."""

    faults: tuple[Fault, ...] = ()
    again_at: float | None = None
    """The next moment (Unix seconds) at which the verdict will be another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Period:
    """When certificates can be used, in Unix seconds."""

    start: float
    end: float

    @property
    def soon(self) -> float:
        """From here on it expires soon."""
        return self.end - min(_WEEK, (self.end - self.start) / _LAST_PART)

    def judge(self, what: str, now: float) -> Verdict:
        """Return whether it is their time."""
        again_at = min((each for each in (self.start, self.soon, self.end) if each > now), default=None)
        if now < self.start:
            mend = "wait for that moment, or correct the clock of whoever issues it"
            fault = Fault(code="not-yet-valid", message=f"{what} is not valid before {_shown(self.start)}", mend=mend)
        elif now >= self.end:
            fault = Fault(code="expired", message=f"{what} expired at {_shown(self.end)}", mend="renew it")
        elif now >= self.soon:
            message = f"{what} expires at {_shown(self.end)}"
            fault = Fault(code="expires-soon", message=message, mend="renew it", level=Level.WARNING)
        else:
            return Verdict(again_at=again_at)
        return Verdict(faults=(fault,), again_at=again_at)


def check_pair(chain: bytes, key: bytes, *, of: str, now: float) -> Verdict:
    """Return whether a certificate with those that vouch for it, and its private key, can be sent.

    Args:
        chain: `tls.crt`: the certificate first.
        key: `tls.key`.
        of: What they belong to, as the words call it.
        now: Unix seconds.
    """
    certificates = _certificates("tls.crt", chain, of)
    if isinstance(certificates, Fault):
        return Verdict(faults=(certificates,))
    if unfit := _unfit(certificates[0], key, of):
        return Verdict(faults=(unfit,))
    leaf, *others = map(_period, certificates)
    verdict = leaf.judge(f"the certificate in tls.crt of {of}", now)
    # Clients may know a way around one of those; what they say to an expired one is theirs to say.
    aged = [each.end for each in others if now >= each.end]
    moments = [each.end for each in others if now < each.end]
    if aged:
        message = f"tls.crt of {of} holds an intermediate certificate that expired at {_shown(min(aged))}"
        mend = "put the current one into tls.crt, or leave it out"
        fault = Fault(code="expired-chain", message=message, mend=mend, level=Level.WARNING)
        verdict = Verdict(faults=(*verdict.faults, fault), again_at=verdict.again_at)
    if verdict.again_at is not None:
        moments.append(verdict.again_at)
    return Verdict(faults=verdict.faults, again_at=min(moments, default=None))


def check_authorities(bundle: bytes, *, of: str, now: float) -> Verdict:
    """Return whether certificates to verify others by can be sent: all can be read, and it is the time of one.

    Bundles hold old and new ones side by side, so that one which has expired is nothing to tell.
    """
    certificates = _certificates("ca.crt", bundle, of)
    if isinstance(certificates, Fault):
        return Verdict(faults=(certificates,))
    periods = [_period(each) for each in certificates]
    what = f"ca.crt of {of}" if len(periods) == 1 else f"every certificate in ca.crt of {of}"
    current = [each for each in periods if each.start <= now < each.end]
    coming = [each for each in periods if now < each.start]
    # The verdict speaks of the one that lasts longest; without a current one, of the next, else of the last.
    if current or not coming:
        verdict = max(current or periods, key=lambda each: each.end).judge(what, now)
    else:
        verdict = min(coming, key=lambda each: each.start).judge(what, now)
    moments = [each.start for each in coming] + ([] if verdict.again_at is None else [verdict.again_at])
    return Verdict(faults=verdict.faults, again_at=min(moments, default=None))


def _certificates(name: str, pem: bytes, of: str) -> list[Certificate] | Fault:
    """Return all certificates of a PEM text, or why Envoy could not read them.

    Envoy's library wants each mark on a line of its own, at its start, and each block to end; ours is more forgiving.
    """
    from cryptography import x509  # noqa: PLC0415 - see above

    if _PRIVATE.search(pem):
        # Envoy would skip it, and show it to whoever reads its configuration: certificates are no secret.
        message = f"{name} of {of} holds a private key among the certificates"
        mend = f"take it out of {name}, and take it for known to others: certificates are shown to everybody"
        return Fault(code="misplaced-key", message=message, mend=mend)
    unreadable = Fault(
        code="bad-certificate",
        message=f"{name} of {of} is not a list of certificates that can be read",
        mend="write them in PEM form, each mark (BEGIN CERTIFICATE, END CERTIFICATE) on a line of its own",
    )
    begins, ends = len(_BEGIN.findall(pem)), len(_END.findall(pem))
    if not begins == ends == len(_BEGIN_LINE.findall(pem)) == len(_END_LINE.findall(pem)):
        return unreadable
    try:
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, x509.InvalidVersion):
        return unreadable


def _unfit(certificate: Certificate, key: bytes, of: str) -> Fault | None:
    """Return why the private key cannot be used with the certificate."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - see above

    form = "write it in PEM form, as PKCS #8 (BEGIN PRIVATE KEY), without a password"
    if not _KEY_LINE.search(key):
        return Fault(
            code="bad-private-key", message=f"tls.key of {of} holds no private key that can be read", mend=form
        )
    try:
        private = load_pem_private_key(key, password=None)
        public = certificate.public_key()
        fits = private.public_key() == public
    except TypeError:
        return Fault(code="encrypted-key", message=f"tls.key of {of} needs a password, which nobody has", mend=form)
    except (ValueError, UnsupportedAlgorithm):
        return Fault(
            code="bad-private-key", message=f"tls.key of {of} holds no private key that can be read", mend=form
        )
    if not fits:
        mend = "put the key into tls.key that the first certificate in tls.crt was made with"
        return Fault(
            code="key-mismatch", message=f"tls.key of {of} does not fit the first certificate in tls.crt", mend=mend
        )
    return _weak(public, of)


def _weak(public: CertificatePublicKeyTypes, of: str) -> Fault | None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 - see above

    if isinstance(public, rsa.RSAPublicKey) and public.key_size < _RSA_BITS:
        unfit = f"an RSA key of fewer than {_RSA_BITS} bits"
    elif isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name not in _CURVES:
        unfit = "a key on a curve other than P-256, P-384 and P-521"
    else:
        return None
    return Fault(
        code="bad-private-key",
        message=f"tls.key of {of} is {unfit}, which Envoy refuses",
        mend="make the pair with another key",
    )


def _period(certificate: Certificate) -> _Period:
    return _Period(start=certificate.not_valid_before_utc.timestamp(), end=certificate.not_valid_after_utc.timestamp())


def _shown(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"
