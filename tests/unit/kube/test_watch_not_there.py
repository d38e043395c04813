"""Whether there is such a kind: what a 404 means, and what discovery tells. The rest: `test_watch.py`."""

from __future__ import annotations

import pytest

from legation.errors import KubeError, KubeNotFound, KubeUnreachable
from legation.kube.watch import Gone, ListPage
from legation.model.api_kinds import ApiKind
from tests.unit.kube.api_model import bookmark, event, groups, page, resources, status, thing
from tests.unit.kube.watch_driver import AWAY, FORBIDDEN, NOT_FOUND, Driver, key, refused, standing, value

PODS = ApiKind(group="", version="v1", kind="Pod", plural="pods")
ABSENT = {
    "no group": [("/apis", groups("apps/v1", "example.org/v1"))],
    "no version": [("/apis", groups("apps/v1", "example.com/v2"))],
    "no kind": [("/apis", groups("example.com/v1")), ("/apis/example.com/v1", resources("others", "things/status"))],
    "no kind at all": [
        ("/apis", groups("example.com/v1")),
        (
            "/apis/example.com/v1",
            b'{"kind": "APIResourceList", "groupVersion": "example.com/v1", "resources": null}',
        ),
    ],
}


@pytest.mark.parametrize("stream_first", [True, False])
@pytest.mark.parametrize("told", ABSENT.values(), ids=ABSENT)
def test_a_kind_that_discovery_does_not_tell_of_is_empty_and_asked_for_every_ten_seconds(
    told: list[tuple[str, bytes]], *, stream_first: bool
) -> None:
    driver = Driver(stream_first=stream_first)
    asked = driver.ask()
    for _ in range(3):
        driver.fails(NOT_FOUND)
        for path, answer in told:
            assert driver.discovers(path, answer) == []
        assert driver.synced()
        assert driver.current()
        assert not driver.installed()
        assert driver.rests(0.0) == 10.0
        assert driver.ask() == asked

    if stream_first:
        driver.watch.opened(now=driver.now)
        driver.line(event("ADDED", thing("a")))
        driver.line(bookmark(9, ends=True))
    else:
        driver.page(page(thing("a")))
    assert driver.installed()
    assert driver.watch.objects.keys() == {key("a")}


def test_while_discovery_is_asked_nothing_is_known_yet() -> None:
    driver = Driver()
    driver.ask()
    driver.fails(NOT_FOUND)
    assert not driver.synced()
    assert str(driver.watch.missing) == "things.example.com in all namespaces are not listed yet"


def test_a_kind_with_objects_loses_them_when_discovery_no_longer_tells_of_it() -> None:
    driver = standing(thing("a"))
    driver.later(60.0)
    driver.watch.ended(now=driver.now)
    driver.ask()
    driver.fails(NOT_FOUND)
    assert driver.watch.objects
    assert not driver.current()
    assert driver.discovers("/apis", groups("apps/v1")) == [Gone(key("a"), value(1))]
    assert driver.current()
    assert not driver.installed()


HTML = KubeNotFound(404, "", "GET /apis at https://a: 404 Not Found")
WHO = "is it the API server that answers there?"
UNTOLD: dict[str, tuple[list[bytes | KubeError], str]] = {
    "not found": ([HTML], "(GET /apis at https://a: 404 Not Found)"),
    "not found below": ([groups("example.com/v1"), HTML], "(GET /apis at https://a: 404 Not Found)"),
    "a page": ([b"<html>"], "(JSON is malformed: invalid character (byte 0))"),
    "a page below": ([groups("example.com/v1"), b"<html>"], "(JSON is malformed: invalid character (byte 0))"),
    "nothing": ([b""], "(Input data was truncated)"),
    "a status": ([b'{"kind": "Status"}'], "(Invalid enum value 'Status' - at `$.kind`)"),
    "no groups": ([b'{"kind": "APIGroupList"}'], "(Object missing required field `groups`)"),
    "another group": (
        [groups("example.com/v1"), resources(version="example.com/v2")],
        "(it is about the kinds of another group)",
    ),
    "deep": ([b"[" * 20_000 + b"]" * 20_000], "(Expected `object`, got `array`)"),
    "trouble": ([refused(500)], "(500)"),
}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("answers", "why"), UNTOLD.values(), ids=UNTOLD)
def test_a_kind_is_not_believed_to_be_absent_as_long_as_discovery_does_not_say_so(
    answers: list[bytes | KubeError], why: str, *, known: bool
) -> None:
    driver = standing(thing("a")) if known else Driver()
    if known:
        driver.later(60.0)
        driver.watch.ended(now=driver.now)
    for pause in (0.5, 1.0, 2.0):
        driver.ask()
        driver.fails(NOT_FOUND)
        for path, answer in zip(("/apis", "/apis/example.com/v1"), answers, strict=False):
            assert driver.discovers(path, answer) == []
        assert driver.synced() is known
        assert not driver.current()
        assert driver.installed()
        assert len(driver.watch.objects) == known
        assert driver.watch.missing is not None
        assert str(driver.watch.missing) == (
            f"cannot list things.example.com in all namespaces: {NOT_FOUND}, and the API server does not tell which "
            f"kinds it has {why}; {WHO} (what was known of them stays)"
        )
        assert driver.watch.missing.cause == f"the API server does not tell which kinds it has {why}; {WHO}"
        assert driver.rests() == pause

    changes = driver.page(page(thing("b")))
    assert driver.watch.objects.keys() == {key("b")}
    assert len(changes) == 1 + known


@pytest.mark.parametrize("error", [AWAY, refused(401), refused(503, retry_after=7.0)])
def test_a_server_in_trouble_tells_nothing_of_its_kinds(error: KubeError | KubeUnreachable) -> None:
    driver = Driver()
    driver.ask()
    driver.fails(NOT_FOUND)
    driver.discovers("/apis", error)
    assert driver.watch.missing is not None
    assert driver.watch.missing.message == f"cannot list things.example.com in all namespaces: {error}"
    assert driver.watch.missing.cause
    assert driver.rests(0.0) == (7.0 if "503" in str(error) else 0.25)
    assert isinstance(driver.ask(), ListPage)


def test_who_may_not_discover_is_told_the_missing_role() -> None:
    driver = Driver()
    driver.ask()
    driver.fails(NOT_FOUND)
    driver.discovers("/apis", FORBIDDEN)
    assert 'which kinds it has (User "x" cannot do that); it takes the ClusterRole system:discovery' in str(
        driver.watch.missing
    )


def test_a_kind_that_discovery_tells_of_is_there_whoever_says_404() -> None:
    driver = standing(thing("a"))
    driver.line(status(410))
    for pause in (1.0, 2.0):
        driver.ask()
        driver.fails(NOT_FOUND)
        driver.discovers("/apis", groups("example.com/v1"))
        assert driver.discovers("/apis/example.com/v1", resources("things")) == []
        assert "though the API server tells that it has them" in str(driver.watch.missing)
        assert driver.rests() == pause
    assert driver.watch.objects
    assert driver.page(page()) == [Gone(key("a"), value(1))]


@pytest.mark.parametrize("stream_first", [True, False])
def test_a_404_for_what_every_api_server_has_is_a_failure_like_any_other(*, stream_first: bool) -> None:
    driver = Driver(stream_first=stream_first, kind=PODS)
    first = driver.ask()
    for pause in (0.5, 1.0, 2.0):
        driver.fails(KubeNotFound(404, "", "GET /api/v1/pods at https://a: 404 Not Found"))
        assert not driver.synced()
        assert driver.watch.missing is not None
        assert driver.watch.missing.cause == (
            f"GET /api/v1/pods at https://a: 404 Not Found, though every API server has that; {WHO}"
        )
        assert f"pods in all namespaces: {driver.watch.missing.cause}" in driver.watch.missing.message
        assert driver.rests() == pause
        assert driver.ask() == first


def test_a_404_to_a_watch_of_what_every_api_server_has_takes_nothing_away() -> None:
    driver = standing(thing("a"), kind=PODS)
    driver.later(60.0)
    driver.watch.ended(now=driver.now)
    for pause in (0.5, 1.0):
        driver.ask()
        driver.fails(NOT_FOUND)
        assert not driver.current()
        assert driver.rests() == pause
    assert driver.open().params["resourceVersion"] == "5"
    assert driver.watch.objects.keys() == {key("a")}
    assert driver.current()
