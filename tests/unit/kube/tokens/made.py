"""Tokens that tests make, and a judge whose answers a test holds in its hand."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from legation.kube.tokens.claims import Claims
from legation.model.identity import Flaw, TokenProof

AUDIENCE = "legation"
NOW = 1_000_000.0
PATIENCE = 10.0


OWN = {
    "namespace": "shop",
    "serviceaccount": {"name": "cart", "uid": "1"},
    "pod": {"name": "cart-1", "uid": "uid-1"},
}


def payload(*, own: Any = OWN, **changes: Any) -> dict[str, Any]:
    """Return what a token of a Pod says; None leaves a claim out. `own` is what Kubernetes writes beside."""
    said = {
        "aud": [AUDIENCE],
        "exp": NOW + 600,
        "iat": NOW - 10,
        "nbf": NOW - 10,
        "iss": "https://issuer",
        "sub": "system:serviceaccount:shop:cart",
        "kubernetes.io": own,
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def token(signature: str = "c2ln", **changes: Any) -> str:
    """Return one that nobody has signed."""
    return f"{part({'alg': 'ES256', 'kid': 'k'})}.{part(payload(**changes))}.{signature}"


def proof(**changes: Any) -> TokenProof:
    said = {
        "user": "system:serviceaccount:shop:cart",
        "groups": ("system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"),
        "namespace": "shop",
        "service_account": "cart",
        "pod": "cart-1",
        "pod_uid": "uid-1",
        "ends": NOW + 600,
    }
    return TokenProof(**{**said, **changes})


class HeldJudge:
    """Gives each question to the test."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, asyncio.Future[TokenProof | Flaw]]] = []
        self._more = asyncio.Event()

    async def judge(self, token: str, _: Claims, /) -> TokenProof | Flaw:
        answer: asyncio.Future[TokenProof | Flaw] = asyncio.get_running_loop().create_future()
        self.asked.append((token, answer))
        self._more.set()
        return await answer

    async def wait(self, number: int) -> None:
        """Return when so many were asked."""
        async with asyncio.timeout(PATIENCE):
            while len(self.asked) < number:
                self._more.clear()
                await self._more.wait()

    async def answer(self, number: int, found: TokenProof | Flaw | Exception) -> None:
        """Answer a question, counted from 1."""
        await self.wait(number)
        future = self.asked[number - 1][1]
        if isinstance(found, Exception):
            future.set_exception(found)
        else:
            future.set_result(found)
