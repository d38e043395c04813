"""Who calls: what proves it, what does not, and what is told of who proves nothing."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from google.rpc import code_pb2
from structlog.testing import capture_logs

from legation.api.management.authentication import Doorman
from legation.api.management.policy import KnownToken, Policy
from legation.api.management.refused import Refused
from legation.model.identity import CertificateProof, Flaw, TokenProof

OWN = "own-token-that-nobody-guesses"
POLICY = Policy(tokens=(KnownToken(name="ci", digest=hashlib.sha256(OWN.encode()).hexdigest()),))
ACCOUNT = TokenProof(
    user="system:serviceaccount:shop:ci", groups=("devs",), namespace="shop", service_account="ci", ends=9.0
)


class Tokens:
    def __init__(self, found: TokenProof | Flaw | Exception = ACCOUNT) -> None:
        self.found = found

    async def check(self, token: str) -> TokenProof | Flaw:
        del token
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def doorman(*, tokens: Tokens | None = None) -> Doorman:
    return Doorman(checks=True, tokens=tokens, policy=lambda: POLICY, now=lambda: 0.0)


async def call(door: Doorman, **shown: Any) -> Any:
    return (await door.caller("Get", peer="ipv4:192.0.2.7:5", over="grpc", **shown)).who


async def refusal(door: Doorman, **shown: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await call(door, **shown)
    return caught.value


async def test_where_nothing_is_checked_whoever_reaches_it_may_call() -> None:
    who = await call(Doorman(), headers=["Bearer whatever"])
    assert (who.unchecked, who.private) == (True, False)


async def test_the_owner_of_the_socket_is_asked_for_nothing() -> None:
    who = await call(doorman(), private=True)
    assert (who.unchecked, who.private) == (True, True)


async def test_a_token_of_the_policy() -> None:
    who = await call(doorman(), headers=[f"Bearer {OWN}"])
    assert (who.name, who.names, who.unchecked) == ("token:ci", ("token:ci",), False)


async def test_a_token_of_the_cluster() -> None:
    who = await call(doorman(tokens=Tokens()), headers=["bearer else"])
    assert (who.name, who.groups, who.ends) == ("system:serviceaccount:shop:ci", ("devs",), 9.0)
    assert who.names == ("user:system:serviceaccount:shop:ci", "serviceaccount:shop/ci", "group:devs")


async def test_a_certificate_names_by_spiffe_id_and_dns_name() -> None:
    proof = CertificateProof(uris=("spiffe://corp/ns/shop/sa/ci",), dns=("ci.example",))
    who = await call(doorman(), certificate=proof)
    assert (who.name, who.names) == (proof.uris[0], ("spiffe://corp/ns/shop/sa/ci", "dns:ci.example"))


@pytest.mark.parametrize("uri", ["token:ci", "system:serviceaccount:kube-system:admin", "user:root", "https://a"])
async def test_no_other_uri_of_a_certificate_can_pass_for_a_name(uri: str) -> None:
    assert (await refusal(doorman(), certificate=CertificateProof(uris=(uri,)))).reason == "NO_PROOF"


@pytest.mark.parametrize(
    "headers", [["Bearer wrong"], ["Basic x"], ["Bearer "], [f"Bearer {OWN}", f"Bearer {OWN}"], ["Bearer ü"]]
)
async def test_what_is_no_good_proves_nothing_whatever_stands_beside_it(headers: list[str]) -> None:
    certificate = CertificateProof(uris=("spiffe://corp/ns/shop/sa/ci",))
    refused = await refusal(doorman(), headers=headers, certificate=certificate)
    assert (refused.status.code, refused.reason) == (code_pb2.UNAUTHENTICATED, "TOKEN_REFUSED")


async def test_nothing_proves_nothing() -> None:
    assert (await refusal(doorman())).status.code == code_pb2.UNAUTHENTICATED


@pytest.mark.parametrize("found", [Flaw(words="nobody answers", passing=True), RuntimeError("secret-in-words")])
async def test_while_nobody_can_tell_nobody_comes_in(found: Flaw | Exception) -> None:
    refused = await refusal(doorman(tokens=Tokens(found)), headers=["Bearer secret-shown"])
    assert refused.status.code == code_pb2.UNAVAILABLE
    assert "secret" not in str(refused)


async def test_who_is_refused_is_told_of_without_what_they_showed() -> None:
    with capture_logs() as logs:
        await refusal(doorman(), headers=["Bearer secret-shown"])
    (line,) = (each for each in logs if each["event"] == "management call")
    assert (line["call"], line["who"], line["peer"], line["outcome"], line["reason"]) == (
        "Get",
        "nobody",
        "ipv4:192.0.2.7:5",
        "UNAUTHENTICATED",
        "TOKEN_REFUSED",
    )
    assert "secret" not in str(logs)


async def test_a_proof_is_looked_at_once_more_for_a_call_that_lasts() -> None:
    tokens = Tokens()
    caller = await doorman(tokens=tokens).caller("Watch", peer="p", over="grpc", headers=["Bearer x"])
    assert caller.again is not None
    assert await caller.again() == caller.who
    tokens.found = Flaw(words="it has expired")
    with pytest.raises(Refused):
        await caller.again()
    assert "Bearer" not in repr(caller)
