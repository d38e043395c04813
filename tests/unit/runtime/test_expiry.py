"""Certificates in resources, as time goes by."""

from __future__ import annotations

import pytest

from legation.model.node import Scope
from legation.model.objects import show_path
from legation.model.problems import Level
from legation.runtime.expiry import Outlook, outlook
from legation.runtime.item import Item
from tests.manifests import manifest
from tests.unit.envoy.configs import SECRET, resource_of
from tests.unit.translate.pairs import DAY, NOW, certificate

JSON = {
    "@type": SECRET,
    "name": "cert",
    "validationContext": {"trustedCa": {"inlineString": certificate(start=-30, end=60).decode()}},
}


def at(days: float) -> Outlook:
    of = manifest(name="cert", namespace="shop")
    item = Item(
        resource=resource_of(JSON), scope=Scope(namespace="shop"), manifest=of, json=JSON, path=("spec", "config")
    )
    return outlook([item], now=NOW + days * DAY)


@pytest.mark.parametrize(
    ("days", "code", "again"),
    [
        (-31, "not-yet-valid", -30),
        (0, "", 53),
        (53, "expires-soon", 60),
        (60, "expired", None),
    ],
)
def test_what_is_said_and_when_it_will_be_something_else(days: float, code: str, again: float | None) -> None:
    found = at(days)

    assert [each.code for each in found.problems] == ([code] if code else [])
    assert found.again_at == (None if again is None else NOW + again * DAY)


def test_it_is_delivered_and_told_with_its_place() -> None:
    (problem,) = at(60).problems

    assert problem.level is Level.WARNING
    assert problem.message == "trusted_ca expired at 2030-03-02 00:00:00 UTC"
    assert show_path(problem.path) == "spec.config.validationContext.trustedCa.inlineString"


def test_nothing_to_look_at() -> None:
    assert outlook([], now=NOW) == Outlook()
