"""What is wrong, where, and how to mend it."""

from __future__ import annotations

from legation.model.objects import Place
from legation.model.problems import INTERNAL_ERROR, own_fault
from tests.manifests import manifest


def test_a_fault_of_this_program_is_told_of_the_object_that_it_is_about() -> None:
    of = manifest(name="web", namespace="shop", line=3)
    found = own_fault("on this object", mend="report it", manifest=of)
    assert (found.code, found.object) == (INTERNAL_ERROR, of.key)
    assert str(found) == (
        "a.yaml:3:1: Cluster shop/web: legation itself fails on this object; its log tells where (report it)"
    )


def test_a_fault_of_this_program_is_told_of_a_place_or_of_nothing() -> None:
    assert str(own_fault("on this", mend="report it", place=Place("a.yaml", 1, 1))).startswith("a.yaml:1:1: legation")
    assert own_fault("on this", mend="report it").place is None
