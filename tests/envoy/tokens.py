"""Tokens of service accounts, made as an API server makes them, with a key of their own.

Source: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
"""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from legation.model.node import split_node_id

_KEY_ID = "key-1"
_HOUR = 3600


class Issuer:
    """One that signs tokens.

    Args:
        name: As it stands in them.
    """

    def __init__(self, name: str = "https://issuer.test") -> None:
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())

    def keys(self) -> str:
        """Return what tokens of this issuer are checked by (JWKS)."""
        public: dict[str, Any] = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return json.dumps({"keys": [{**public, "kid": _KEY_ID, "use": "sig", "alg": "ES256"}]})

    def token(self, node: str, *, audience: str = "legation", ends: float = _HOUR, serial: int = 0) -> str:
        """Return a token of the Pod that a node id names, valid until so many seconds from now."""
        name, namespace = split_node_id(node)
        account = "edge"
        ended = int(time.time() + ends)
        claims = {
            "aud": [audience],
            "exp": ended,
            "iat": ended - _HOUR,
            "nbf": ended - _HOUR,
            "iss": self.name,
            "jti": f"token-{serial}",
            "sub": f"system:serviceaccount:{namespace}:{account}",
            "kubernetes.io": {
                "namespace": namespace,
                "pod": {"name": name, "uid": f"uid-of-{name}"},
                "serviceaccount": {"name": account, "uid": f"uid-of-{account}"},
            },
        }
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": _KEY_ID})
