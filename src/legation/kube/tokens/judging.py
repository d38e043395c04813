"""What finds out whose a token is, each time anew: an interface with several behind it."""

from __future__ import annotations

from typing import Protocol

from legation.kube.tokens.claims import Claims
from legation.model.identity import Flaw, TokenProof


class Judge(Protocol):
    """Finds out whose a token is."""

    async def judge(self, token: str, claims: Claims, /) -> TokenProof | Flaw:
        """Find it out for one whose own `claims` are not plainly wrong."""
        ...
