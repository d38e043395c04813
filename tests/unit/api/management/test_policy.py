"""What the rules of a policy allow, and whose its tokens are."""

from __future__ import annotations

import hashlib

import pytest

from legation.api.management.access import Deed, Principal, Verb
from legation.api.management.policy import KnownToken, Policy, PolicyAccess, PolicyRule, Right
from legation.model.objects import ObjectKey

CI = Principal(name="token:ci", proof="token of the policy", names=("token:ci",))
TOKEN = "a-token-that-nobody-guesses"


def key(namespace: str = "shop", name: str = "web", kind: str = "Cluster") -> ObjectKey:
    return ObjectKey("bootes.io", kind, namespace, name)


def rule(*rights: Right, who: str = "token:ci", namespace: str = "shop", kind: str = "Cluster") -> PolicyRule:
    group = "*" if kind == "*" else "bootes.io"
    return PolicyRule(who=(who,), rights=frozenset(rights), kinds=((group, kind),), namespaces=(namespace,))


async def allowed(rules: list[PolicyRule], verb: Verb, of: ObjectKey, who: Principal = CI) -> bool:
    (answer,) = await PolicyAccess(lambda: Policy(rules=tuple(rules))).may(who, [Deed(verb=verb, key=of)])
    assert answer.known
    return answer.allowed


@pytest.mark.parametrize(
    ("verb", "right"),
    [
        (Verb.GET, Right.READ),
        (Verb.LIST, Right.READ),
        (Verb.WATCH, Right.READ),
        (Verb.CREATE, Right.WRITE),
        (Verb.PATCH, Right.WRITE),
        (Verb.DELETE, Right.DELETE),
        (Verb.FORCE, Right.FORCE),
        (Verb.SECRETS, Right.SECRETS),
    ],
)
async def test_each_thing_that_one_does_needs_its_right_and_no_other(verb: Verb, right: Right) -> None:
    assert await allowed([rule(right)], verb, key())
    assert not await allowed([rule(*(set(Right) - {right}))], verb, key())


@pytest.mark.parametrize(
    "of", [key("shop2"), key("sho"), key(kind="Route"), ObjectKey("legation.dev", "Cluster", "shop", "web")]
)
async def test_what_no_rule_is_about_nobody_may(of: ObjectKey) -> None:
    assert not await allowed([rule(*Right)], Verb.GET, of)


async def test_a_rule_is_about_those_that_it_names() -> None:
    other = Principal(name="user:token:ci", proof="token of the cluster", names=("user:token:ci",))
    assert not await allowed([rule(*Right)], Verb.GET, key(), other)
    account = Principal(name="x", proof="x", names=("serviceaccount:shop/ci", "group:devs"))
    assert await allowed([rule(*Right, who="serviceaccount:shop/*")], Verb.GET, key(), account)
    assert await allowed([rule(*Right, who="group:devs")], Verb.GET, key(), account)
    assert not await allowed([rule(*Right, who="serviceaccount:other/*")], Verb.GET, key(), account)


async def test_names_of_a_rule_are_the_only_ones() -> None:
    named = PolicyRule(
        who=("token:ci",),
        rights=frozenset(Right),
        kinds=(("*", "*"),),
        namespaces=("team-*",),
        names=("canary-*",),
    )
    assert await allowed([named], Verb.PATCH, key("team-a", "canary-1"))
    assert not await allowed([named], Verb.PATCH, key("team-a", "web"))
    assert not await allowed([named], Verb.PATCH, key("team", "canary-1"))


async def sight(rules: list[PolicyRule], **asked: str) -> tuple[bool, bool, list[str]]:
    access = PolicyAccess(lambda: Policy(rules=tuple(rules)))
    found = await access.sight(CI, Verb.LIST, **{"group": "", "kind": "", "namespace": ""} | asked)
    seen = [each for each in ("shop", "edge") if found(key(each))]
    return found.refused is not None, found.whole, seen


async def test_who_lists_sees_what_they_may_read_and_nothing_else() -> None:
    assert await sight([rule(Right.READ)]) == (False, False, ["shop"])
    assert await sight([rule(Right.READ)], namespace="shop", kind="Cluster") == (False, False, ["shop"])
    assert await sight([rule(Right.READ)], namespace="edge") == (True, False, [])
    assert await sight([rule(Right.READ)], kind="Route") == (True, False, [])
    assert await sight([rule(Right.WRITE)]) == (True, False, [])
    assert await sight([rule(Right.READ, namespace="*", kind="*")]) == (False, True, ["shop", "edge"])


def test_a_token_is_known_by_its_digest_until_it_ends() -> None:
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    policy = Policy(tokens=(KnownToken(name="ci", digest=digest, ends=100.0),))
    found = policy.owner_of(TOKEN, now=99.0)
    assert found is not None
    assert (found.name, found.names, found.ends) == ("token:ci", ("token:ci",), 100.0)
    assert policy.owner_of(TOKEN, now=100.0) is None
    assert policy.owner_of(TOKEN + "x", now=99.0) is None
    assert policy.owner_of(digest, now=99.0) is None
    assert digest not in repr(policy)
