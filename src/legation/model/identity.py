"""Who a peer has proven to be: by its certificate, by a token, or not at all.

Values alone: who looks at a proof and finds it good is elsewhere, and so is what it allows. No value here holds a token
or a key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateProof:
    """What a client certificate says that was verified in the handshake: its subject alternative names (RFC 5280)."""

    uris: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    ends: float | None = field(default=None, compare=False)
    """Unix seconds; None where nobody said. A newer certificate for the same names is the same proof."""

    def __str__(self) -> str:
        return f"the certificate of {', '.join((*self.uris, *self.dns)) or 'nobody (it has no URI and no DNS name)'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenProof:
    """What a token says that was checked: whose it is.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
    """

    user: str
    """`system:serviceaccount:<namespace>:<name>` of a service account; any other name of any other user."""
    groups: tuple[str, ...] = ()
    namespace: str = ""
    """Of the service account; empty where the token is none of one."""
    service_account: str = ""
    pod: str = ""
    """The Pod that the token is bound to; empty where it is bound to none."""
    pod_uid: str = ""
    ends: float | None = field(default=None, compare=False)
    """Unix seconds; None where nobody said. A newer token of the same Pod is the same proof."""

    def __str__(self) -> str:
        bound = f" in the Pod {self.namespace}/{self.pod}" if self.pod else ""
        whose = f"{self.namespace}/{self.service_account}" if self.service_account else self.user
        return f"the token of {whose}{bound}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Why a token proves nothing."""

    words: str
    """What its owner can mend, without a word of the token."""
    passing: bool = False
    """Whether it may prove something a moment later: who could tell is away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """All that a peer has shown of itself, and that was looked at."""

    certificate: CertificateProof | None = None
    token: TokenProof | None = None
    flaw: Flaw | None = None
    """Why the token that it showed is none of these."""

    def __bool__(self) -> bool:
        return self.certificate is not None or self.token is not None

    def __str__(self) -> str:
        if self:
            return " and ".join(str(each) for each in (self.certificate, self.token) if each is not None)
        if self.flaw is not None:
            return "a token that nobody could look at" if self.flaw.passing else "a token that proves nothing"
        return "no proof"


NO_PROOF = Proof()


class TokenChecker(Protocol):
    """Says whose a token is."""

    async def check(self, token: str) -> TokenProof | Flaw:
        """Look at a token; what was found is remembered for a while, so that many streams cost one question."""
        ...
