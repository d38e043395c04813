from __future__ import annotations

import pytest
from google.rpc import code_pb2

from legation.api.management.checking import check
from legation.api.management.refused import Refused
from legation.api.management.requests import Given
from legation.model.problems import Level, Problem
from legation.model.stored import Applied, Outcome, StoredObject
from tests.fakes import FakeSource
from tests.manifests import cluster
from tests.unit.api.management.stores import FakePlane, stored
from tests.unit.api.management.test_requests import violations

OWN = FakeSource()
DOUBT = Problem(code="c", message="perhaps", level=Level.WARNING)
FAULT = Problem(code="c", message="this is wrong", path=("spec", "port"), mend="mend it")


def asked(plane: FakePlane, *objects: StoredObject) -> tuple[tuple[Problem, ...], ...]:
    given = [Given(body=each.body, where=f"items[{index}].object") for index, each in enumerate(objects)]
    foreseen = [Applied(key=each.key, outcome=Outcome.CREATED, stored=each) for each in objects]
    return check(plane, OWN, given, foreseen)


def test_what_is_doubtful_is_told_of_each() -> None:
    plane = FakePlane()
    plane.wrong["b"] = (DOUBT,)
    assert asked(plane, stored("a"), stored("b")) == ((), (DOUBT,))
    assert [each.key.name for each in plane.foreseen] == ["a", "b"]


def test_what_is_looked_at_is_the_whole_object_as_it_would_be_served() -> None:
    plane = FakePlane()
    asked(plane, stored("a", port=80))
    [manifest] = plane.foreseen
    assert (manifest.api_version, manifest.body["spec"]) == ("bootes.io/v1", {"port": 80})


def test_what_is_wrong_is_refused_by_its_field() -> None:
    plane = FakePlane()
    plane.wrong["b"] = (DOUBT, FAULT)
    with pytest.raises(Refused) as caught:
        asked(plane, stored("a"), stored("b"))
    assert violations(caught.value) == {"items[1].object.spec.port": "this is wrong (mend it)"}


def test_what_another_source_has_is_refused_with_its_place() -> None:
    plane = FakePlane()
    it = stored("a")
    plane.elsewhere[it.key] = (FakeSource(), cluster("a", file="web.yaml", line=3))
    with pytest.raises(Refused, match=r"web\.yaml:3") as caught:
        asked(plane, it)
    assert caught.value.status.code == code_pb2.FAILED_PRECONDITION


def test_what_is_stored_already_is_its_own() -> None:
    plane = FakePlane()
    it = stored("a")
    plane.elsewhere[it.key] = (OWN, cluster("a"))
    assert asked(plane, it) == ((),)


def test_nothing_is_stored_before_all_is_read() -> None:
    plane = FakePlane()
    plane.unread = ("directory has not loaded yet",)
    with pytest.raises(Refused, match="directory has not loaded yet") as caught:
        asked(plane, stored("a"))
    assert caught.value.reason == "NOT_READY"


def test_an_object_that_stands_twice_is_looked_at_once() -> None:
    plane = FakePlane()
    assert asked(plane, stored("a", port=1), stored("a", port=2)) == ((), ())
    assert [each.body["spec"] for each in plane.foreseen] == [{"port": 2}]
