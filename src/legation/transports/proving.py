"""What a peer shows of itself, as a proof: the certificate of its connection, and the token of this one stream or poll.

It refuses to know what a proof allows, and what makes a token good. The one invariant: whatever goes wrong here proves
nothing, and no text holds a token.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog

from legation.model.identity import NO_PROOF, CertificateProof, Flaw, Proof, TokenChecker, TokenProof

HEADER = "authorization"
"""Of metadata and of HTTP: https://www.rfc-editor.org/rfc/rfc6750#section-2.1."""
_SCHEME = "bearer"
LONGEST = 16 << 10
"""Characters of a token. Those of service accounts have one or two thousand."""

_TWICE = Flaw(words=f"there are several {HEADER} headers; send one")
_OTHER = Flaw(words=f"the {HEADER} header is no `Bearer TOKEN`")
_LONG = Flaw(words=f"it is longer than {LONGEST} characters")
_FAULT = Flaw(words="the server failed to look at it; its log tells why. Try again", passing=True)

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


async def prove(certificate: CertificateProof | None, headers: Iterable[str], *, tokens: TokenChecker | None) -> Proof:
    """Return what a peer has proven.

    Args:
        certificate: What it showed in the handshake, if anything.
        headers: The values of `HEADER` that came with this stream or poll.
        tokens: Who looks at tokens; None: they prove nothing here.
    """
    shown = () if tokens is None else tuple(headers)
    if tokens is None or not shown:
        return NO_PROOF if certificate is None else Proof(certificate=certificate)
    found = await _look_at(shown, tokens)
    if isinstance(found, Flaw):
        return Proof(certificate=certificate, flaw=found)
    return Proof(certificate=certificate, token=found)


async def _look_at(shown: Sequence[str], tokens: TokenChecker) -> TokenProof | Flaw:
    if len(shown) > 1:
        return _TWICE
    scheme, _, token = shown[0].strip().partition(" ")
    token = token.strip()
    if scheme.lower() != _SCHEME or not token or not token.isascii():
        return _OTHER
    if len(token) > LONGEST:
        return _LONG
    try:
        return await tokens.check(token)
    except Exception as error:  # noqa: BLE001 - whatever it is, it proves nothing
        # Not with its words or its trace: either may hold the token.
        _log.error("a token could not be looked at", fault=type(error).__name__)
        return _FAULT
