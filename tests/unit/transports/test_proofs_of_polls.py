"""Each poll is answered by what it shows itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from legation.errors import RemoteProtocolError
from legation.model.identity import CertificateProof, Flaw, Proof, TokenProof
from legation.model.resource_types import CLUSTER
from legation.testing import ManualClock
from legation.transports.base import Refusal
from legation.transports.conduct import Conduct
from legation.transports.rest_http import rest_app
from tests.unit.transports.loopback import resource
from tests.unit.transports.rest_world import HOST, rest_world
from tests.unit.transports.test_rest_http import Poller

WEB = TokenProof(user="u", namespace="shop", service_account="web", pod="web-1", pod_uid="u1", ends=1.0)
EDGE = CertificateProof(uris=("spiffe://d/node/edge",))


class Tokens:
    async def check(self, token: str) -> TokenProof | Flaw:
        return WEB if token == "good" else Flaw(words="it has expired")


async def proof_of(headers: list[tuple[bytes, bytes]], **scope: Any) -> Proof:
    """Return what a poll with these headers has proven."""
    poller = Seen(b"{}")
    whole = {
        "type": "http",
        "method": "POST",
        "path": CLUSTER.rest_path,
        "headers": headers,
        "client": ("10.0.0.1", 1234),
        **scope,
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        del message

    await rest_app(poller, conduct=Conduct(ManualClock()), tokens=Tokens())(whole, receive, send)
    (proof,) = poller.proofs
    return proof


class Seen(Poller):
    """Remembers what was proven."""

    proofs: list[Proof]

    async def __call__(self, row: Any, body: bytes, peer: Any, **more: Any) -> Any:
        self.proofs = [peer.proof]
        return await super().__call__(row, body, peer, **more)


async def test_a_poll_shows_its_token_and_the_certificate_of_its_connection() -> None:
    assert await proof_of([]) == Proof()
    assert await proof_of([(b"authorization", b"Bearer good")]) == Proof(token=WEB)
    certified = {"state": {"legation.certificate": EDGE}}
    assert await proof_of([], **certified) == Proof(certificate=EDGE)
    assert await proof_of([(b"authorization", b"Bearer good")], **certified) == Proof(certificate=EDGE, token=WEB)


async def test_two_tokens_of_one_poll_prove_nothing() -> None:
    for second in (b"Bearer good", b"Bearer bad"):
        found = await proof_of([(b"authorization", b"Bearer good"), (b"authorization", second)])
        assert not found
        assert found.flaw is not None


async def test_a_poll_with_another_proof_is_another_client() -> None:
    with rest_world(resource("a")) as world:
        peer = replace(HOST, proof=Proof(token=WEB))
        first = await world.news(peer=peer)
        renewed = replace(HOST, proof=Proof(token=replace(WEB, ends=2.0)))
        assert await world.ask(peer=renewed, version=first.version) is None
        assert len(world.feed.seats) == 1
        await world.news()
        await world.news(peer=replace(HOST, proof=Proof(token=replace(WEB, pod="web-2"))))
        assert [each.peer.proof.token and each.peer.proof.token.pod for each in world.feed.seats] == [
            "web-1",
            None,
            "web-2",
        ]


async def test_a_poll_of_a_client_that_was_dismissed_is_admitted_anew() -> None:
    with rest_world(resource("a")) as world:
        first = await world.news()
        world.feed.seats[0].client.dismiss("PERMISSION_DENIED", "other rules")
        world.feed.refused["edge"] = Refusal("PERMISSION_DENIED", "other rules")
        with pytest.raises(Refusal, match="other rules"):
            await world.ask(version=first.version)
        assert world.feed.seats == []


async def test_a_poll_that_is_held_ends_when_its_client_is_dismissed() -> None:
    with rest_world(resource("a")) as world:
        first = await world.news()
        held = world.poll(version=first.version, patience=10.0)
        await world.clock.advance(0.0)
        world.feed.seats[0].client.dismiss("PERMISSION_DENIED", "other rules")
        with pytest.raises(RemoteProtocolError, match="other rules"):
            await held.result()
