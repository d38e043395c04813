"""Who stands at the door in tests of ports: there is one token, and what it opens."""

from __future__ import annotations

import hashlib

from legation.api.management.authentication import Doorman
from legation.api.management.policy import KnownToken, Policy, PolicyAccess, PolicyRule, Right

TOKEN = "a-token-that-nobody-guesses"
CERTIFICATE = "spiffe://home/ns/shop/sa/ci"
POLICY = Policy(
    tokens=(KnownToken(name="ci", digest=hashlib.sha256(TOKEN.encode()).hexdigest()),),
    rules=(
        PolicyRule(
            who=("token:ci", CERTIFICATE),
            rights=frozenset({Right.READ, Right.SECRETS}),
            kinds=(("*", "*"),),
            namespaces=("default",),
        ),
    ),
)


def doorman() -> Doorman:
    return Doorman(checks=True, policy=lambda: POLICY)


def access() -> PolicyAccess:
    return PolicyAccess(lambda: POLICY)
