"""What is missing only because something else is broken."""

from __future__ import annotations

import pytest

from legation.cli.causes import with_causes
from legation.model.objects import ObjectKey, Place
from legation.model.problems import Level, Problem

ROUTE = ObjectKey("bootes.io", "Route", "shop", "all")
DANGLING = Problem(
    code="dangling-reference",
    message='the RouteConfiguration "all" refers to the Cluster "web", which no object of this namespace holds',
    level=Level.WARNING,
    object=ROUTE,
    mend="it is right if it is static",
)


def broken(kind: str, namespace: str, name: str) -> Problem:
    return Problem(code="unknown-field", message="no", object=ObjectKey("bootes.io", kind, namespace, name))


UNREAD = Problem(code="yaml-syntax", message="no YAML", place=Place("web.yaml", 3, 1))


@pytest.mark.parametrize(
    ("others", "mend"),
    [
        (
            (broken("Cluster", "shop", "web"),),
            "mend Cluster shop/web first, which is broken",
        ),
        (
            (broken("EnvoyResources", "shop", "some"),),
            "it may be in EnvoyResources shop/some, which is broken; it is right if it is static",
        ),
        ((UNREAD,), "it may be in web.yaml, which cannot be read; it is right if it is static"),
        ((broken("Cluster", "shop", "other"),), DANGLING.mend),
        ((broken("Cluster", "elsewhere", "web"),), DANGLING.mend),
        ((broken("Route", "shop", "all"),), DANGLING.mend),
        ((), DANGLING.mend),
    ],
)
def test_of_what_is_missing_it_is_told_who_may_have_it(others: tuple[Problem, ...], mend: str) -> None:
    first, *rest = with_causes((DANGLING, *others))
    assert first.mend == mend
    assert tuple(rest) == others


def test_a_virtual_host_may_stand_in_a_broken_route() -> None:
    split = Problem(
        code="split-without-host",
        message='no virtual host in namespace shop is named "front"',
        level=Level.WARNING,
        object=ObjectKey("split.smi-spec.io", "TrafficSplit", "shop", "front"),
        mend="give it this name",
    )
    first, _ = with_causes((split, broken("Route", "shop", "all")))
    assert first.mend == "it may be in Route shop/all, which is broken; give it this name"


def test_a_warning_breaks_nothing() -> None:
    warned = Problem(
        code="x", message="hm", level=Level.WARNING, object=ObjectKey("bootes.io", "Cluster", "shop", "web")
    )
    assert list(with_causes((DANGLING, warned))) == [DANGLING, warned]
