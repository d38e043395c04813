"""Tokens are genuine if a key of the cluster has signed them, by the key's own algorithm, and nothing else counts."""

from __future__ import annotations

import base64
import hmac
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from legation.kube.tokens.claims import Claims
from legation.kube.tokens.keys import Keys
from legation.kube.tokens.offline import NOT_SIGNED, Offline, Signature, Signatures
from legation.model.identity import Flaw, TokenProof
from legation.testing import ManualClock
from tests.unit.kube.tokens.made import AUDIENCE, NOW, part, payload, proof, token
from tests.unit.kube.tokens.signing import GivenKeys, key, shown, signed

CLAIMS = Claims(issuer="", subject="", ends=0.0)


class World:
    def __init__(self, *keys: dict[str, Any]) -> None:
        self.source = GivenKeys(*(keys or (shown(key(), "k"),)))
        self.signatures = Signatures(Keys(self.source, clock=ManualClock()))
        self.offline = Offline(self.signatures, audience=AUDIENCE, now=lambda: NOW)

    async def check(self, shown_token: str) -> TokenProof | Flaw:
        return await self.offline.judge(shown_token, CLAIMS)


async def test_one_that_the_cluster_has_signed_says_whose_it_is() -> None:
    assert await World().check(signed(key())) == proof()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "EdDSA"])
async def test_keys_of_several_kinds_count(algorithm: str) -> None:
    world = World(shown(key(algorithm), "k", algorithm))
    assert await world.check(signed(key(algorithm), algorithm=algorithm)) == proof()


async def test_a_short_key_does_not_count() -> None:
    algorithm = "RS256-short"
    world = World(shown(key(algorithm), "k", "RS256"))
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        short = signed(key(algorithm), algorithm="RS256")
    assert await world.check(short) == NOT_SIGNED


async def test_one_that_another_key_has_signed_is_forged() -> None:
    world = World()
    assert await world.check(signed(key(number=2))) == NOT_SIGNED
    assert (await world.signatures.look(signed(key(number=2))))[0] is Signature.FORGED
    assert (await world.signatures.look(token()))[0] is Signature.FORGED


@pytest.mark.parametrize("name", ["other", "", None])
async def test_one_that_names_no_key_that_is_known_is_not_believed(name: str | None) -> None:
    world = World()
    assert await world.check(signed(key(), name)) == NOT_SIGNED
    assert (await world.signatures.look(signed(key(), name)))[0] is Signature.UNKNOWN


async def test_the_algorithm_is_that_of_the_key_whatever_the_token_says() -> None:
    public = key("RS256").public_key()
    world = World(shown(key("RS256"), "k", "RS256"))
    said = part(payload())
    none = f"{part({'alg': 'none', 'kid': 'k'})}.{said}.x"
    assert await world.check(none) == NOT_SIGNED
    # The public key taken for a shared secret, the oldest trick there is.
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    begun = f"{part({'alg': 'HS256', 'kid': 'k'})}.{said}"
    digest = hmac.new(pem, begun.encode(), "sha256").digest()
    assert await world.check(f"{begun}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}") == NOT_SIGNED
    assert await world.check(signed(key("RS256"), algorithm="RS384")) == NOT_SIGNED


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ES256", "kid": "k", "crit": ["exp"], "exp": 1},
        {"alg": "ES256", "kid": "k", "crit": ["b64"], "b64": False},
        {"alg": ["ES256"], "kid": "k"},
        {"kid": "k"},
    ],
)
async def test_a_header_with_more_than_is_understood_is_not_believed(header: object) -> None:
    assert await World().check(f"{part(header)}.{part(payload())}.c2ln") == NOT_SIGNED


async def test_a_signature_is_of_the_very_bytes() -> None:
    world = World()
    head, said, signature = signed(key()).split(".")
    other = part(payload(sub="system:serviceaccount:shop:admin"))
    assert await world.check(f"{head}.{other}.{signature}") == NOT_SIGNED
    assert await world.check(f"{head}.{said}.{base64.urlsafe_b64encode(b'0' * 64).decode().rstrip('=')}") == NOT_SIGNED


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other"},
        {"iss": None},
        {"aud": ["other"]},
        {"exp": NOW - 1},
        {"exp": None},
        {"nbf": NOW + 600},
        {"own": {"namespace": "other", "serviceaccount": {"name": "cart"}}},
    ],
)
async def test_what_is_signed_has_to_be_for_us_too(changes: dict[str, Any]) -> None:
    found = await World().check(signed(key(), **changes))
    assert isinstance(found, Flaw)
    assert not found.passing


async def test_while_no_keys_are_known_nothing_is_said() -> None:
    world = World()
    world.source.trouble = "away"
    found = await world.check(signed(key()))
    assert isinstance(found, Flaw)
    assert found.passing


async def test_a_key_that_may_be_new_is_waited_for_while_the_newest_are_not_known() -> None:
    world = World()
    clock = ManualClock()
    world.signatures = Signatures(Keys(world.source, clock=clock))
    world.offline = Offline(world.signatures, audience=AUDIENCE, now=lambda: NOW)
    assert await world.check(signed(key())) == proof()
    world.source.trouble = "away"
    clock.step(10.0)
    found = await world.check(signed(key(number=2), "new"))
    assert isinstance(found, Flaw)
    assert found.passing
    assert await world.check(signed(key())) == proof()
