"""Objects that are nested too deep to be read, or that cannot be read at all. The rest: `test_watch.py`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from legation.kube.watch import Gone, Put, Unreadable
from tests.unit.kube.api_model import DEEP, Thing, decode, event, page, status, thing
from tests.unit.kube.watch_driver import Driver, key, standing, value

if TYPE_CHECKING:
    import msgspec

TOO_DEEP = "it is nested more than 200 levels deep"


@pytest.mark.parametrize("pages", [True, False])
def test_an_object_that_is_nested_too_deep_stops_no_other_and_its_last_version_stays(*, pages: bool) -> None:
    driver = standing(thing("a"), thing("b"))
    deep = {**thing("a", version=6, value=2), "spec": DEEP}
    new = {**thing("c", version=7), "spec": {"]": [DEEP, {"x": DEEP}]}}
    other = thing("b", version=8, value=2)
    if pages:
        driver.line(status(410))
        changes = driver.page(page(deep, new, other, version=8))
    else:
        changes = [change for each in (deep, new, other) for change in driver.line(event("MODIFIED", each))]
    assert changes == [Unreadable(key("a"), TOO_DEEP), Unreadable(key("c"), TOO_DEEP), Put(key("b"), value(2))]
    assert driver.watch.objects == {key("a"): value(1), key("b"): value(2)}
    assert driver.watch.resource_version == "8"

    if pages:
        driver.open()
    assert driver.line(event("DELETED", {**new, "metadata": {**new["metadata"], "resourceVersion": "9"}})) == [
        Gone(key("c"), None)
    ]
    assert driver.line(event("MODIFIED", thing("a", version=10, value=3))) == [Put(key("a"), value(3))]
    assert driver.watch.unreadable == {}


def test_an_object_on_a_page_with_one_that_is_nested_too_deep_is_read_as_it_is() -> None:
    read: list[bytes] = []

    def note(raw: msgspec.Raw) -> Thing:
        read.append(bytes(raw))
        return decode(raw)

    driver = Driver(decode=note)
    other = {**thing("b"), "spec": json.loads("[" * 300 + "]" * 300)}
    driver.page(page({**thing("a"), "spec": DEEP}, other))
    assert [len(each) > 50_000 for each in read] == [True, False]
    assert json.loads(read[1]) == other
    assert driver.watch.unreadable == {key("a"): TOO_DEEP}
    assert driver.watch.objects == {key("b"): value(1)}


@pytest.mark.parametrize("kind", ["BOOKMARK", "ERROR", "SURPRISE"])
def test_a_line_without_an_object_may_be_nested_too_deep_as_well(kind: str) -> None:
    driver = standing(thing("a"))
    metadata = {"resourceVersion": "9"}
    assert driver.line(event(kind, {"code": 500, "metadata": metadata, "more": DEEP})) == []
    assert (driver.watch.resource_version == "9") is (kind == "BOOKMARK")
    assert driver.watch.following is (kind == "BOOKMARK")


@pytest.mark.parametrize("end", [b"", b"[", b'"'])
def test_what_breaks_off_deep_inside_is_not_understood(end: bytes) -> None:
    driver = standing(thing("a"))
    assert driver.line(b'{"type": "ADDED", "object": ' + b"[" * 20_000 + end) == []
    assert "cannot be understood" in str(driver.watch.missing)


@pytest.mark.parametrize("error", [LookupError("secret"), RecursionError("secret"), ValueError("secret")])
def test_whatever_is_the_matter_with_an_object_it_stops_no_other(error: Exception) -> None:
    def fussy(raw: msgspec.Raw) -> Thing:
        found = decode(raw)
        if found.value == 2:
            raise error
        return found

    driver = standing(thing("a"), thing("b", value=2), thing("c"), decode=fussy)
    assert driver.watch.objects.keys() == {key("a"), key("c")}
    assert driver.watch.unreadable == {key("b"): f"it cannot be read ({type(error).__name__})"}
