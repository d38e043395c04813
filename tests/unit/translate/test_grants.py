from __future__ import annotations

from dataclasses import replace

import pytest

from legation.model.cluster import Grant
from legation.translate.by_name import Target
from legation.translate.grants import allowed

TARGET = Target(kind="Service", namespace="backend", name="db", rest="5432")
REFERRERS = (("bootes.io", "Cluster"), ("legation.dev", "EnvoyResources"))
GRANT = Grant(
    from_group="legation.dev",
    from_kind="EnvoyResources",
    from_namespace="shop",
    to_namespace="backend",
    to_kind="Service",
)


def may(grant: Grant, target: Target = TARGET, namespace: str = "shop") -> bool:
    return allowed(target, namespace=namespace, referrers=REFERRERS, grants=frozenset({grant}))


def test_the_own_namespace_needs_no_grant() -> None:
    assert allowed(TARGET, namespace="backend", referrers=(), grants=frozenset())


def test_another_namespace_needs_one() -> None:
    assert not allowed(TARGET, namespace="shop", referrers=REFERRERS, grants=frozenset())


@pytest.mark.parametrize("name", ["", "db"], ids=["every object", "this object"])
def test_a_grant_for_it(name: str) -> None:
    assert may(replace(GRANT, to_name=name))


@pytest.mark.parametrize(
    "grant",
    [
        replace(GRANT, from_group="bootes.io"),
        replace(GRANT, from_kind="Cluster"),
        replace(GRANT, from_namespace="other"),
        replace(GRANT, from_namespace=""),
        replace(GRANT, to_namespace="shop"),
        replace(GRANT, to_kind="Secret"),
        replace(GRANT, to_name="other"),
        replace(GRANT, to_name="d"),
        replace(GRANT, from_namespace="backend", to_namespace="shop"),
    ],
    ids=[
        "for another group",
        "for another kind",
        "for another namespace",
        "for no namespace",
        "of another namespace",
        "to another kind",
        "to another object",
        "to a part of the name",
        "the wrong way round",
    ],
)
def test_a_grant_for_something_else(grant: Grant) -> None:
    """A group and a kind count as a pair: one of each from two referrers is nobody."""
    assert not may(grant)


def test_one_grant_of_many_is_enough() -> None:
    grants = frozenset({replace(GRANT, to_kind="Secret"), replace(GRANT, from_namespace="other"), GRANT})

    assert allowed(TARGET, namespace="shop", referrers=REFERRERS, grants=grants)


def test_a_grant_for_the_other_namespace_is_not_for_this_one() -> None:
    assert not may(GRANT, namespace="other")
    assert not may(GRANT, target=replace(TARGET, kind="Secret"))
