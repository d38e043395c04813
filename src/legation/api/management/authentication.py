"""Who calls: by the socket, a token or a certificate. Whoever shows nothing that is good is refused before all else.

It refuses to know what they may do. The one invariant: where callers are checked, nobody comes in without a proof, and
a token that is no good is never made good by a certificate beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from google.rpc import code_pb2

from legation.api.management.access import LOCAL, OWNER, Principal
from legation.api.management.audit import Audit
from legation.api.management.calls import Caller
from legation.api.management.policy import Policy
from legation.api.management.refused import Refused
from legation.model.identity import CertificateProof, Flaw, Proof, TokenChecker, TokenProof
from legation.transports.proving import prove

_SPIFFE = "spiffe://"
_NO_TOKENS = Flaw(words="it is none of the tokens of --management-policy")


class Doorman:
    """Finds out who calls."""

    def __init__(
        self,
        *,
        checks: bool = False,
        tokens: TokenChecker | None = None,
        policy: Callable[[], Policy] = Policy,
        audit: Audit | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take what proofs are looked at by.

        Args:
            checks: Whether callers are checked at all; else whoever reaches the port may call.
            tokens: Who looks at tokens of the cluster; None: they prove nothing.
            policy: Returns the policy, whose tokens are known too.
            audit: Where it is told who was refused; None: in the log.
            now: Returns Unix seconds.
        """
        self.checks = checks
        self._audit = audit or Audit()
        self._tokens, self._policy, self._now = tokens, policy, now

    def foreign(self, peer: str, reason: str) -> None:
        """Note that a request was refused before anybody asked who calls: a page of a browser may have sent it."""
        self._audit.stranger(
            "", who="nobody", proof="none", peer=peer, over="http", outcome="PERMISSION_DENIED", reason=reason
        )

    async def caller(
        self,
        call: str,
        *,
        peer: str,
        over: str,
        certificate: CertificateProof | None = None,
        headers: Iterable[str] = (),
        private: bool = False,
        secured: bool = False,
    ) -> Caller:
        """Return who makes a call.

        Args:
            call: The method.
            peer: Where it comes from, as the port writes it.
            over: `grpc` or `http`.
            certificate: What was shown in the handshake.
            headers: The values of `authorization`.
            private: Whether it came over a Unix socket that is its owner's alone.
            secured: Whether the connection has TLS.

        Raises:
            Refused: They have proven nothing, or what they show is no good.
        """
        shown = tuple(headers)

        async def again() -> Principal:
            return await self.admit(certificate=certificate, headers=shown, private=private)

        try:
            who = await again()
        except Refused as refused:
            code: str = code_pb2.Code.Name(refused.status.code)
            self._audit.stranger(
                call, who="nobody", proof="none", peer=peer, over=over, outcome=code, reason=refused.reason
            )
            raise
        return Caller(peer=peer, over=over, private=private, secured=secured, who=who, again=again)

    async def admit(self, *, certificate: CertificateProof | None, headers: Iterable[str], private: bool) -> Principal:
        """Return who calls.

        Args:
            certificate: What was shown in the handshake.
            headers: The values of `authorization`.
            private: Whether they came over a Unix socket that is its owner's alone.

        Raises:
            Refused: They have proven nothing, or what they show is no good.
        """
        if private:
            return OWNER
        if not self.checks:
            return LOCAL
        looking = _Looking(self._policy(), self._tokens, now=self._now())
        proof = await prove(certificate, headers, tokens=looking)
        if proof.flaw is not None:
            raise _no_good(proof.flaw)
        found = looking.own or _principal(proof)
        if found is None:
            raise _unproven()
        return found


class _Looking:
    """Looks at one token: first whether it is one of the policy. Fulfils `TokenChecker`."""

    def __init__(self, policy: Policy, tokens: TokenChecker | None, *, now: float) -> None:
        self._policy, self._tokens, self._now = policy, tokens, now
        self.own: Principal | None = None

    async def check(self, token: str) -> TokenProof | Flaw:
        """Return whose it is."""
        self.own = self._policy.owner_of(token, now=self._now)
        if self.own is not None:
            return TokenProof(user=self.own.name, ends=self.own.ends)
        return _NO_TOKENS if self._tokens is None else await self._tokens.check(token)


def _principal(proof: Proof) -> Principal | None:
    if (token := proof.token) is not None:
        account = (f"serviceaccount:{token.namespace}/{token.service_account}",) if token.service_account else ()
        return Principal(
            name=token.user,
            proof="token of the cluster",
            groups=token.groups,
            names=(f"user:{token.user}", *account, *(f"group:{each}" for each in token.groups)),
            ends=token.ends,
        )
    # A URI of another scheme could be written like any other name.
    uris = () if proof.certificate is None else tuple(it for it in proof.certificate.uris if it.startswith(_SPIFFE))
    dns = () if proof.certificate is None else tuple(f"dns:{each}" for each in proof.certificate.dns)
    names = (*uris, *dns)
    return Principal(name=names[0], proof="certificate", names=names) if names else None


def _no_good(flaw: Flaw) -> Refused:
    if flaw.passing:
        return Refused.of(code_pb2.UNAVAILABLE, f"your token cannot be looked at: {flaw.words}", reason="TOKEN_UNKNOWN")
    return Refused.of(code_pb2.UNAUTHENTICATED, f"your token is no good: {flaw.words}", reason="TOKEN_REFUSED")


def _unproven() -> Refused:
    words = (
        "you have proven to be nobody; show a token (authorization: Bearer TOKEN), or a certificate with a SPIFFE ID"
    )
    return Refused.of(code_pb2.UNAUTHENTICATED, words, reason="NO_PROOF")
