"""What is plainly wrong with a token, before anybody is asked."""

from __future__ import annotations

import pytest

from legation.kube.tokens.claims import LONGEST, Claims, account_of, groups_of, key_name, look
from legation.model.identity import Flaw
from tests.unit.kube.tokens.made import AUDIENCE, NOW, part, payload, proof, token


def found(shown: str, *, now: float = NOW) -> Claims | Flaw:
    return look(shown, audience=AUDIENCE, now=now)


def test_a_token_of_a_pod_says_all_that_is_asked_for() -> None:
    claims = found(token())
    assert isinstance(claims, Claims)
    assert claims.issuer == "https://issuer"
    assert claims.proof() == proof()
    assert claims.ends == NOW + 600


def test_one_that_is_bound_to_nothing_names_its_service_account() -> None:
    claims = found(token(own={"namespace": "shop", "serviceaccount": {"name": "cart"}}))
    assert isinstance(claims, Claims)
    assert claims.proof() == proof(pod="", pod_uid="")


@pytest.mark.parametrize(
    "own",
    [
        {"namespace": "other", "serviceaccount": {"name": "cart"}},
        {"namespace": "shop", "serviceaccount": {"name": "other"}},
        {"namespace": "shop", "serviceaccount": {"name": "cart"}, "pod": {"name": "a"}},
        {"namespace": "shop", "serviceaccount": {"name": "cart"}, "pod": {"uid": "a"}},
        {"pod": {"name": "a", "uid": "b"}},
        {},
        None,
        7,
    ],
)
def test_one_that_does_not_say_clearly_whose_it_is_proves_nothing(own: object) -> None:
    claims = found(token(own=own))
    assert isinstance(claims, Claims)
    assert claims.proof() is None


@pytest.mark.parametrize("subject", ["jane", "system:serviceaccount:shop:other", "", None, 7])
def test_one_of_another_subject_than_it_says_beside_proves_nothing(subject: object) -> None:
    claims = found(token(sub=subject))
    assert isinstance(claims, Claims)
    assert claims.proof() is None


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "opaque",
        "a.b",
        "a.b.c.d",
        "..",
        f"{part({})}..x",
        f"{part({})}.{part([1])}.x",
        f"{part({})}.{part('text')}.x",
        f"{part({})}.####.x",
        f"{part({})}.{'A' * 5}.x",
        f"a.{part({'aud': AUDIENCE, 'exp': 'soon'})}.x",
        f"a.{part({'aud': AUDIENCE, 'exp': True})}.x",
        f"a.{part({'aud': AUDIENCE, 'exp': 10**400})}.x",
        f"a.{part({'aud': AUDIENCE, 'exp': float('inf')})}.x",
        f"a.{part({'aud': AUDIENCE, 'exp': float('nan')})}.x",
        f"a.{part({'aud': AUDIENCE, 'exp': NOW + 1, 'nbf': 'x'})}.x",
        "a." + "W1tbW1tbW1tb" * 1000 + ".x",
        token(signature="x" * LONGEST),
        "ü.ü.ü",
    ],
)
def test_what_has_another_form_is_no_token(shown: str) -> None:
    flaw = found(shown)
    assert isinstance(flaw, Flaw)
    assert "JSON Web Token" in flaw.words
    assert not flaw.passing


@pytest.mark.parametrize("audience", [None, "other", ["other", "another"], [], {"legation": 1}, [["legation"]], 7])
def test_one_for_others_proves_nothing(audience: object) -> None:
    flaw = found(token(aud=audience))
    assert isinstance(flaw, Flaw)
    assert "audience: legation" in flaw.words
    assert "other" not in flaw.words


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["other", AUDIENCE]])
def test_one_for_us_may_be_for_others_too(audience: object) -> None:
    assert isinstance(found(token(aud=audience)), Claims)


def test_one_has_its_time() -> None:
    shown = token(exp=NOW + 10, nbf=NOW - 10)
    assert isinstance(found(shown, now=NOW + 9.9), Claims)
    expired = found(shown, now=NOW + 10)
    assert isinstance(expired, Flaw)
    assert "expired" in expired.words
    # Clocks differ a little.
    assert isinstance(found(shown, now=NOW - 69), Claims)
    early = found(shown, now=NOW - 71)
    assert isinstance(early, Flaw)
    assert "not valid yet" in early.words


def test_one_without_an_end_proves_nothing() -> None:
    flaw = found(token(exp=None))
    assert isinstance(flaw, Flaw)
    assert "never expires" in flaw.words


def test_no_flaw_says_anything_that_stands_in_the_token() -> None:
    for changes in ({"aud": "secret-word"}, {"exp": NOW - 1, "sub": "secret-word"}, {"exp": "secret-word"}):
        flaw = found(token(**changes))
        assert isinstance(flaw, Flaw)
        assert "secret-word" not in repr(flaw)


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ("system:serviceaccount:shop:cart", ("shop", "cart")),
        ("system:serviceaccount:shop:", ("", "")),
        ("system:serviceaccount::cart", ("", "")),
        ("system:serviceaccount:shop:cart:more", ("", "")),
        ("system:node:shop:cart", ("", "")),
        ("cart", ("", "")),
    ],
)
def test_users_that_are_service_accounts(user: str, account: tuple[str, str]) -> None:
    assert account_of(user) == account


def test_who_is_no_service_account_is_in_none_of_their_groups() -> None:
    assert groups_of("") == ("system:authenticated",)


@pytest.mark.parametrize(
    ("header", "name"), [({"kid": "a"}, "a"), ({"kid": 1}, None), ({}, None), ([], None), ("x", None)]
)
def test_the_key_that_a_token_names(header: object, name: str | None) -> None:
    assert key_name(f"{part(header)}.{part(payload())}.x") == name
