"""Keys that tests sign tokens with, as the issuer shows them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from functools import cache
from typing import Any, TypeAlias

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from legation.kube.tokens.keys import KeySet, Unread, keys_of
from tests.unit.kube.tokens.made import payload

Secret: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
ISSUER = "https://issuer"


@cache
def key(algorithm: str = "ES256", number: int = 1) -> Secret:
    """Return a key; another one for another number."""
    assert number
    match algorithm:
        case "RS256" | "PS256":
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        case "RS256-short":
            return rsa.generate_private_key(public_exponent=65537, key_size=1024)
        case "ES384":
            return ec.generate_private_key(ec.SECP384R1())
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1())


def shown(secret: Secret, name: str, algorithm: str = "ES256") -> dict[str, Any]:
    """Return the public half as it stands in a key set."""
    match secret:
        case rsa.RSAPrivateKey():
            said: Any = RSAAlgorithm.to_jwk(secret.public_key(), as_dict=True)
        case ed25519.Ed25519PrivateKey():
            said = OKPAlgorithm.to_jwk(secret.public_key(), as_dict=True)
        case _:
            said = ECAlgorithm.to_jwk(secret.public_key(), as_dict=True)
    return {**said, "kid": name, "alg": algorithm, "use": "sig"}


def key_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def signed(secret: Secret | bytes, name: str | None = "k", algorithm: str = "ES256", **changes: Any) -> str:
    """Return a token that somebody has signed."""
    headers = {} if name is None else {"kid": name}
    return jwt.encode(payload(**changes), secret, algorithm=algorithm, headers=headers)


class GivenKeys:
    """A source whose keys a test sets."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.reads = 0
        self.trouble = ""
        self.show(keys)

    def show(self, keys: Iterable[dict[str, Any]]) -> None:
        self._set = KeySet(ISSUER, keys_of(key_set(*keys)))

    async def read(self) -> KeySet:
        self.reads += 1
        # As one that is read from elsewhere, it lets others run meanwhile.
        await asyncio.sleep(0)
        if self.trouble:
            raise Unread(self.trouble)
        return self._set
