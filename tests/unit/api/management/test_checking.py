from __future__ import annotations

from typing import Any

import pytest
from google.rpc import code_pb2

from legation.api.management.checking import check, refuse_marks
from legation.api.management.refused import Refused
from legation.api.management.requests import Given
from legation.model.objects import ManifestObject
from legation.model.problems import DUPLICATE_ADDRESS, UNKNOWN_KIND, Level, Problem
from legation.model.stored import Applied, Outcome, StoredObject
from tests.fakes import FakeSource
from tests.manifests import cluster
from tests.unit.api.management.stores import FakePlane, stored
from tests.unit.api.management.test_requests import violations

OWN = FakeSource()
DOUBT = Problem(code="c", message="perhaps", level=Level.WARNING)
FAULT = Problem(code="c", message="this is wrong", path=("spec", "port"), mend="mend it")


def given_of(*objects: StoredObject) -> list[Given]:
    return [Given(body=each.body, where=f"items[{index}].object") for index, each in enumerate(objects)]


def asked(
    plane: FakePlane, *objects: StoredObject, outcome: Outcome = Outcome.CREATED, **more: Any
) -> tuple[tuple[Problem, ...], ...]:
    foreseen = [Applied(key=each.key, outcome=outcome, stored=each) for each in objects]
    return check(plane, OWN, given_of(*objects), foreseen, **more)


def test_what_is_doubtful_is_told_of_each() -> None:
    plane = FakePlane()
    plane.foresight.wrong["b"] = (DOUBT,)
    assert asked(plane, stored("a"), stored("b")) == ((), (DOUBT,))
    assert [each.key.name for each in plane.foresight.foreseen] == ["a", "b"]


def test_what_is_looked_at_is_the_whole_object_as_it_would_be_served() -> None:
    plane = FakePlane()
    asked(plane, stored("a", port=80))
    [manifest] = plane.foresight.foreseen
    assert (manifest.api_version, manifest.body["spec"]) == ("bootes.io/v1", {"port": 80})


def test_what_is_wrong_is_refused_by_its_field() -> None:
    plane = FakePlane()
    plane.foresight.wrong["b"] = (DOUBT, FAULT)
    with pytest.raises(Refused) as caught:
        asked(plane, stored("a"), stored("b"))
    assert violations(caught.value) == {"items[1].object.spec.port": "this is wrong (mend it)"}


def test_what_another_source_has_is_refused_with_its_place() -> None:
    plane = FakePlane()
    it = stored("a")
    plane.foresight.elsewhere[it.key] = (FakeSource(), cluster("a", file="web.yaml", line=3))
    with pytest.raises(Refused, match=r"web\.yaml:3") as caught:
        asked(plane, it)
    assert caught.value.status.code == code_pb2.FAILED_PRECONDITION


def test_what_is_stored_already_is_its_own() -> None:
    plane = FakePlane()
    it = stored("a")
    plane.foresight.elsewhere[it.key] = (OWN, cluster("a"))
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
    assert [each.body["spec"] for each in plane.foresight.foreseen] == [{"port": 2}]


def test_a_kind_that_nobody_serves_is_refused() -> None:
    plane = FakePlane()
    unknown = Problem(code=UNKNOWN_KIND, message="it is not understood, left out", level=Level.WARNING, path=("kind",))
    plane.foresight.wrong["a"] = (unknown,)
    with pytest.raises(Refused) as caught:
        asked(plane, stored("a", kind="Secret"))
    assert violations(caught.value) == {"items[0].object.kind": "it is not understood"}


@pytest.mark.parametrize("outcome", [Outcome.CREATED, Outcome.CHANGED])
def test_what_is_new_takes_nothing_from_others(outcome: Outcome) -> None:
    """Both may have been created within one second."""
    plane = FakePlane()
    taken = Problem(code=DUPLICATE_ADDRESS, message="b would lose by this", level=Level.WARNING)
    plane.foresight.wrong["a"] = (taken,)
    if outcome is Outcome.CHANGED:
        assert asked(plane, stored("a"), outcome=outcome) == ((taken,),)
    else:
        with pytest.raises(Refused, match="b would lose by this"):
            asked(plane, stored("a"), outcome=outcome)


def test_what_nothing_stands_against_is_expected() -> None:
    plane, expected = FakePlane(), list[ManifestObject]()
    plane.foresight.wrong["a"] = (DOUBT,)
    asked(plane, stored("a"), stored("b"), expect=expected.extend)
    assert [id(each) for each in expected] == [id(each) for each in plane.foresight.foreseen]
    asked(plane, stored("c"), outcome=Outcome.UNCHANGED, expect=expected.extend)
    assert len(expected) == 2


def test_what_is_refused_is_not_expected() -> None:
    plane, expected = FakePlane(), list[ManifestObject]()
    plane.foresight.wrong["b"] = (FAULT,)
    with pytest.raises(Refused):
        asked(plane, stored("a"), stored("b"), expect=expected.extend)
    assert expected == []


def test_the_mark_of_a_hidden_secret_is_refused_where_it_stands() -> None:
    fine, marked = stored("a", password="hush"), stored("b", headers=[{"value": "[redacted]"}], token="[redacted]")
    refuse_marks(given_of(fine))
    with pytest.raises(Refused) as caught:
        refuse_marks(given_of(fine, marked))
    assert caught.value.reason == "HIDDEN_SECRET"
    assert caught.value.status.code == code_pb2.INVALID_ARGUMENT
    said = violations(caught.value)
    assert set(said) == {"items[1].object.spec.headers[0].value", "items[1].object.spec.token"}
    assert "leave the field out" in said["items[1].object.spec.token"]
