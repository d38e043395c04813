"""What a certificate and a header prove."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from legation.model.identity import NO_PROOF, CertificateProof, Flaw, Proof, TokenProof
from legation.transports.proving import LONGEST, prove

CERTIFICATE = CertificateProof(uris=("spiffe://d/node/edge",))
TOKEN = "aaaa.bbbb.cccc"
OF_TOKEN = TokenProof(user="u", namespace="shop", service_account="web")
EXPIRED = Flaw(words="it has expired")


class Checker:
    """Knows one token."""

    def __init__(self, answer: TokenProof | Flaw | Exception = OF_TOKEN) -> None:
        self.asked: list[str] = []
        self.answer = answer

    async def check(self, token: str) -> TokenProof | Flaw:
        self.asked.append(token)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_who_shows_nothing_has_proven_nothing() -> None:
    checker = Checker()
    assert await prove(None, (), tokens=checker) == NO_PROOF
    assert await prove(CERTIFICATE, (), tokens=checker) == Proof(certificate=CERTIFICATE)
    assert checker.asked == []


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER   {TOKEN} ", f" Bearer {TOKEN}"])
async def test_a_token_is_looked_at(header: str) -> None:
    checker = Checker()
    assert await prove(CERTIFICATE, (header,), tokens=checker) == Proof(certificate=CERTIFICATE, token=OF_TOKEN)
    assert checker.asked == [TOKEN]


async def test_a_token_that_proves_nothing_says_why_and_leaves_the_certificate() -> None:
    found = await prove(CERTIFICATE, (f"Bearer {TOKEN}",), tokens=Checker(EXPIRED))
    assert found == Proof(certificate=CERTIFICATE, flaw=EXPIRED)


async def test_where_tokens_are_not_looked_at_they_prove_nothing_and_are_no_flaw() -> None:
    assert await prove(None, (f"Bearer {TOKEN}",), tokens=None) == NO_PROOF


@pytest.mark.parametrize(
    "headers",
    [
        ("",),
        (TOKEN,),
        ("Bearer",),
        ("Bearer ",),
        (f"Basic {TOKEN}",),
        ("Bearer tökén",),
        (f"Bearer {'a' * (LONGEST + 1)}",),
        (f"Bearer {TOKEN}", f"Bearer {TOKEN}"),
        (f"Bearer {TOKEN}", "Bearer other"),
    ],
)
async def test_what_is_no_single_token_is_a_flaw_and_is_asked_about_nowhere(headers: tuple[str, ...]) -> None:
    checker = Checker()
    found = await prove(None, headers, tokens=checker)
    assert not found
    assert found.flaw is not None
    assert not found.flaw.passing
    assert checker.asked == []
    assert TOKEN not in repr(found)


async def test_a_fault_of_the_checker_proves_nothing_and_tells_no_token() -> None:
    with capture_logs() as lines:
        found = await prove(None, (f"Bearer {TOKEN}",), tokens=Checker(RuntimeError(f"cannot read {TOKEN}")))
    assert not found
    assert found.flaw is not None
    assert found.flaw.passing
    assert TOKEN not in repr(found) + repr(lines)
    assert lines[0]["log_level"] == "error"
