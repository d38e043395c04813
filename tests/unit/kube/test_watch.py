"""The watch as a machine: what it asks, what it makes of each answer. Any order: `test_watch_any_order.py`."""

from __future__ import annotations

import pytest

from legation.kube.watch import Follow, Gone, ListPage, Put, Unreadable
from tests.unit.kube.api_model import bookmark, event, page, status, thing
from tests.unit.kube.watch_driver import AWAY, FORBIDDEN, GONE, Driver, key, refused, standing, value

PATH = "/apis/example.com/v1/things"


# ------------------------------------------------------------------------------------------------------------- lists


def test_a_list_is_asked_for_in_pages_and_names_no_version() -> None:
    driver = Driver(namespace="shop", label_selector="app=web", field_selector="type=x")

    assert driver.ask() == ListPage(
        "/apis/example.com/v1/namespaces/shop/things",
        {"labelSelector": "app=web", "fieldSelector": "type=x", "limit": "500"},
    )
    driver.page(page(thing("a"), rest="token"))
    ask = driver.ask()
    assert isinstance(ask, ListPage)
    assert ask.params["continue"] == "token"


def test_each_page_is_told_at_once_and_the_last_one_ends_the_list() -> None:
    driver = Driver()

    assert driver.page(page(thing("a"), rest="token", version=7)) == [Put(key("a"), value(1))]
    assert not driver.synced()
    assert driver.page(page(thing("b", value=2), version=7)) == [Put(key("b"), value(2))]

    assert driver.synced()
    assert driver.watch.resource_version == "7"
    assert driver.watch.objects == {key("a"): value(1), key("b"): value(2)}


def test_an_empty_list_may_be_null() -> None:
    driver = Driver()
    driver.page(b'{"metadata": {"resourceVersion": "7"}, "items": null}')
    assert driver.synced()


def test_a_list_that_becomes_too_old_begins_again_all_at_once() -> None:
    driver = Driver()
    driver.page(page(thing("a"), thing("b"), rest="token", version=7))

    driver.ask()
    driver.fails(GONE)

    assert driver.ask() == ListPage(PATH, {})
    assert driver.page(page(thing("b"), version=9)) == [Gone(key("a"), value(1))]
    assert driver.watch.resource_version == "9"


def test_a_page_that_fails_otherwise_is_asked_for_again() -> None:
    driver = Driver()
    driver.page(page(thing("a"), rest="token"))
    driver.ask()
    driver.fails(AWAY)
    assert driver.rests(0.5) == 0.375
    ask = driver.ask()
    assert isinstance(ask, ListPage)
    assert ask.params["continue"] == "token"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b'{"items": []}',
        b'{"metadata": {"resourceVersion": "7"}}',
        b'{"metadata": {"resourceVersion": ""}, "items": []}',
        b'{"metadata": {"resourceVersion": "7"}, "items": [{}]}',
        b'{"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "a"}}]}',
    ],
)
def test_what_is_no_list_removes_nothing(body: bytes) -> None:
    driver = standing(thing("a"))
    driver.line(status(410))

    assert driver.page(body) == []

    assert driver.watch.objects == {key("a"): value(1)}
    assert "cannot be understood" in str(driver.watch.missing)
    assert driver.rests() > 0
    assert driver.page(page()) == [Gone(key("a"), value(1))]


# ----------------------------------------------------------------------------------------------------------- streams


def test_a_watch_begins_where_the_list_ended() -> None:
    driver = Driver(label_selector="app=web")
    driver.page(page(version=7))
    assert not driver.current()

    assert driver.ask(0.5) == Follow(
        PATH,
        {
            "labelSelector": "app=web",
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": "450",
            "resourceVersion": "7",
        },
    )
    assert not driver.current()
    assert str(driver.watch.missing) == "the watch of things.example.com in all namespaces has not begun yet"
    driver.watch.opened(now=driver.now)
    assert driver.current()
    assert not driver.watch.missing


def test_events_change_what_is_known() -> None:
    driver = standing(thing("a"))

    assert driver.line(event("ADDED", thing("b", value=2, version=6))) == [Put(key("b"), value(2))]
    assert driver.line(event("MODIFIED", thing("b", value=3, version=7))) == [Put(key("b"), value(3))]
    assert driver.line(event("DELETED", thing("a", version=8))) == [Gone(key("a"), value(1))]
    assert driver.line(event("DELETED", thing("z", version=9))) == []

    assert driver.watch.objects == {key("b"): value(3)}
    assert driver.watch.resource_version == "9"


def test_a_version_that_is_known_changes_nothing() -> None:
    driver = standing(thing("a", version=4))
    assert driver.line(event("MODIFIED", thing("a", version=4))) == []


def test_another_object_of_the_same_name_comes_after_the_first_one_has_gone() -> None:
    driver = standing(thing("a"))
    assert driver.line(event("ADDED", thing("a", value=2, uid="u2", version=6))) == [
        Gone(key("a"), value(1)),
        Put(key("a"), value(2, "u2")),
    ]


def test_a_bookmark_moves_the_version_alone() -> None:
    driver = standing(thing("a"))
    assert driver.line(bookmark(50)) == []
    driver.fails(AWAY)
    driver.rests()
    assert driver.open().params["resourceVersion"] == "50"


@pytest.mark.parametrize("how", ["ended", "broken", "silent"])
def test_a_watch_that_stood_goes_on_where_it_was(how: str) -> None:
    driver = standing(thing("a"))
    driver.line(event("ADDED", thing("b", version=6)))
    driver.later(60.0)
    match how:
        case "ended":
            driver.watch.ended(now=driver.now)
            assert driver.current()
        case "broken":
            driver.fails(AWAY)
            assert not driver.current()
            assert driver.rests(0.5) == 0.375
        case _:
            driver.watch.silent(now=driver.now)
            assert not driver.current()
    assert driver.open().params["resourceVersion"] == "6"
    assert driver.current()
    assert driver.watch.objects.keys() == {key("a"), key("b")}


def test_a_watch_that_ends_at_once_is_begun_anew_with_ever_longer_pauses() -> None:
    driver = standing()
    driver.watch.ended(now=driver.now)
    for pause in (1.0, 2.0, 4.0):
        driver.open()
        driver.watch.ended(now=driver.now)
        assert driver.rests() == pause


@pytest.mark.parametrize("how", ["event", "refused"])
@pytest.mark.parametrize("pages", [True, False])
def test_a_version_that_is_too_old_brings_a_new_list_and_no_delete_is_missed(*, how: str, pages: bool) -> None:
    driver = standing(thing("a"), thing("b"), thing("c"))
    if how == "event":
        assert driver.line(status(410, "Expired")) == []
    else:
        driver.later(60.0)
        driver.watch.ended(now=driver.now)
        driver.ask()
        driver.fails(GONE)
    assert not driver.watch.following
    assert driver.synced()
    assert not driver.current()

    if pages:
        assert driver.page(page(thing("a"), rest="x")) == []
        changes = driver.page(page(thing("c", version=8, value=2)))
    else:
        changes = driver.page(page(thing("a"), thing("c", version=8, value=2)))

    assert changes == [Put(key("c"), value(2)), Gone(key("b"), value(1))]


@pytest.mark.parametrize("how", ["event", "refused"])
def test_a_version_that_is_too_old_after_an_outage_brings_a_new_list_at_once(how: str) -> None:
    """The API server answers, and what is known is old: this is not the time for the long pause of an outage."""
    driver = standing(thing("a"))
    for _ in range(6):
        driver.fails(AWAY)
        driver.rests()
    if how == "event":
        driver.open()
        driver.line(status(410, "Expired"))
    else:
        driver.ask()
        driver.fails(GONE)
    assert driver.page(page()) == [Gone(key("a"), value(1))]
    driver.open()
    driver.line(status(410, "Expired"))
    assert driver.rests() == 30.0  # said again, it is trouble


def test_an_error_that_is_said_again_and_again_is_answered_ever_slower() -> None:
    driver = standing()
    driver.line(status(410))
    for pause in (1.0, 2.0):
        driver.page(page())
        driver.open()
        driver.line(status(410))
        assert driver.rests() == pause


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"type": "ADDED", "object": {"metadata": {}}}',
        b'{"type": "ADDED", "object": {"metadata": {"name": "a"}}}',
        b'{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": ""}}}',
        b'{"type": "SURPRISE", "object": {}}',
        b'{"type": "ADDED", "object": {"metadata": {"name": "\xff", "resourceVersion": "1"}}}',
    ],
)
def test_a_line_that_is_not_understood_brings_a_new_list_after_a_pause(line: bytes) -> None:
    driver = standing(thing("a"))
    assert driver.line(line) == []
    assert not driver.watch.following
    assert "cannot be understood" in str(driver.watch.missing)
    assert driver.rests() == 0.5
    assert isinstance(driver.ask(), ListPage)
    assert driver.watch.objects == {key("a"): value(1)}


@pytest.mark.parametrize(("code", "lists"), [(400, True), (422, True), (504, True), (401, False), (500, False)])
def test_a_refused_watch_is_asked_for_again_unless_its_version_may_be_the_reason(code: int, *, lists: bool) -> None:
    driver = Driver()
    driver.page(page())
    driver.ask()
    driver.fails(refused(code))
    assert driver.rests() == 0.5
    assert isinstance(driver.ask(), ListPage if lists else Follow)


# ----------------------------------------------------------------------------------------------- unreadable objects


def test_an_object_that_cannot_be_read_stops_nothing_and_its_last_version_stays() -> None:
    driver = standing(thing("a"), thing("b"))

    words = "Expected `int`, got `str` - at `$.value`"
    assert driver.line(event("MODIFIED", thing("a", value="x", version=6))) == [Unreadable(key("a"), words)]
    assert driver.watch.objects[key("a")] == value(1)
    assert driver.watch.unreadable == {key("a"): words}
    assert driver.line(event("MODIFIED", thing("b", value=2, version=7))) == [Put(key("b"), value(2))]

    assert driver.line(event("MODIFIED", thing("a", value=3, version=8))) == [Put(key("a"), value(3))]
    assert driver.watch.unreadable == {}


def test_an_object_that_could_never_be_read_is_said_to_go_all_the_same() -> None:
    driver = standing(thing("a", value="x"))
    assert driver.synced()
    assert driver.watch.unreadable.keys() == {key("a")}
    assert driver.line(event("DELETED", thing("a", value="x", version=6))) == [Gone(key("a"), None)]
    assert driver.watch.unreadable == {}


# ----------------------------------------------------------------------------------------------------- refused, away


@pytest.mark.parametrize("namespace", ["", "shop"])
def test_who_may_not_list_is_told_the_missing_rule(namespace: str) -> None:
    driver = Driver(namespace=namespace)
    driver.ask()
    driver.fails(FORBIDDEN)

    where, role = ("namespace shop", "a Role in namespace shop") if namespace else ("all namespaces", "a ClusterRole")
    assert str(driver.watch.missing) == (
        f'may not list things.example.com in {where}: User "x" cannot do that (it takes {role} with the rule '
        'apiGroups: ["example.com"], resources: ["things"], verbs: ["list", "watch"])'
    )
    assert not driver.synced()
    assert driver.rests() == 0.5


def test_who_loses_a_right_keeps_what_is_known() -> None:
    driver = standing(thing("a"))
    driver.line(status(410))
    driver.ask()
    driver.fails(FORBIDDEN)
    assert driver.synced()
    assert not driver.current()
    assert driver.watch.objects


def test_an_api_server_that_is_away_for_an_hour_changes_nothing() -> None:
    driver = standing(thing("a"))
    driver.later(60.0)
    driver.fails(AWAY)
    pauses = []
    while driver.now < 5000.0:
        pauses.append(driver.rests(0.999))
        driver.later(pauses[-1])
        driver.ask()
        driver.fails(AWAY)
    assert pauses[:4] == pytest.approx([0.5, 1.0, 2.0, 4.0], rel=0.01)
    assert max(pauses) <= 30.0
    assert driver.synced()
    assert driver.watch.objects
    assert str(driver.watch.missing) == (
        "cannot watch things.example.com in all namespaces: the API server does not answer "
        "(what was known of them stays)"
    )


@pytest.mark.parametrize(("asked", "waited"), [(7.0, 7.0), (86400.0, 300.0)])
def test_a_server_may_ask_for_patience_but_not_for_a_day(asked: float, waited: float) -> None:
    driver = Driver()
    driver.ask()
    driver.fails(refused(429, retry_after=asked))
    assert driver.rests(0.0) == waited
    assert driver.ask() == ListPage(PATH, {"limit": "500"})
    driver.fails(refused(429, retry_after=asked))
    assert driver.rests(0.5) == waited + 0.25


def test_an_event_may_ask_for_patience_too() -> None:
    driver = standing()
    driver.line(status(500, "InternalError", details={"retryAfterSeconds": 3}))
    assert driver.rests(0.0) == 3.0


def test_a_watch_that_stood_makes_a_failure_the_first_one_again() -> None:
    driver = standing()
    for _ in range(5):
        driver.fails(AWAY)
        driver.rests()
        driver.ask()
    driver.watch.opened(now=driver.now)
    driver.later(10.0)
    driver.fails(AWAY)
    assert driver.rests() == 0.5


# ---------------------------------------------------------------------------------------------------------- silence


def test_a_watch_that_is_not_answered_is_given_up() -> None:
    driver = Driver()
    driver.page(page())
    driver.ask()
    assert driver.watch.deadline == driver.now + 30.0
    driver.later(30.0)
    driver.watch.silent(now=driver.now)
    assert "is silent" in str(driver.watch.missing)
    assert driver.rests() == 0.5


def test_without_bookmarks_a_watch_may_be_silent_until_its_end() -> None:
    driver = standing()
    assert driver.watch.deadline == driver.now + 330.0


def test_with_bookmarks_a_watch_may_be_silent_for_minutes_alone() -> None:
    driver = standing()
    driver.later(20.0)
    driver.line(bookmark(6))
    assert driver.watch.deadline == driver.now + 180.0
    driver.later(179.0)
    driver.line(bookmark(7))
    assert driver.watch.deadline == 1000.0 + 330.0


def test_two_silences_in_a_row_bring_a_new_list() -> None:
    driver = standing(thing("a"))
    driver.line(bookmark(6))
    driver.now = driver.watch.deadline
    driver.watch.silent(now=driver.now)
    driver.open()
    driver.now = driver.watch.deadline
    driver.watch.silent(now=driver.now)
    assert isinstance(driver.ask(), ListPage)


# ---------------------------------------------------------------------------------------------- streamed first state


def test_a_first_state_is_streamed_where_the_server_can() -> None:
    driver = Driver(stream_first=True)
    assert driver.open().params == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "300",
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
    }
    assert driver.line(event("ADDED", thing("a", version=9))) == [Put(key("a"), value(1))]
    assert not driver.synced()
    assert driver.watch.resource_version == ""

    assert driver.line(bookmark(9, ends=True)) == []

    assert driver.synced()
    assert driver.current()
    assert driver.watch.resource_version == "9"
    assert driver.line(event("ADDED", thing("b", version=10))) == [Put(key("b"), value(1))]
    assert driver.watch.resource_version == "10"


def test_a_streamed_state_shows_what_was_deleted_meanwhile() -> None:
    driver = Driver(stream_first=True)
    driver.open()
    driver.line(event("ADDED", thing("a")))
    driver.line(event("ADDED", thing("b")))
    driver.line(bookmark(9, ends=True))
    driver.line(status(410))
    driver.open()
    assert driver.line(event("ADDED", thing("b"))) == []
    assert driver.line(bookmark(12, ends=True)) == [Gone(key("a"), value(1))]


@pytest.mark.parametrize("code", [400, 403, 422])
def test_a_server_that_refuses_to_stream_is_asked_for_pages_for_good(code: int) -> None:
    driver = Driver(stream_first=True)
    driver.ask()
    driver.fails(refused(code))
    driver.page(page())
    driver.open()
    driver.line(status(410))
    assert isinstance(driver.ask(), ListPage)


@pytest.mark.parametrize("code", [401, 429, 500, 503])
def test_a_server_in_trouble_is_asked_to_stream_again(code: int) -> None:
    driver = Driver(stream_first=True)
    driver.ask()
    driver.fails(refused(code))
    driver.rests()
    assert isinstance(driver.ask(), Follow)


@pytest.mark.parametrize("how", ["bookmark", "silent", "ended", "broken", "error", "garbage"])
def test_a_server_that_does_not_end_the_first_state_is_asked_for_pages(how: str) -> None:
    driver = Driver(stream_first=True)
    driver.open()
    driver.line(event("ADDED", thing("a")))
    match how:
        case "bookmark":
            driver.line(bookmark(9))
        case "silent":
            assert driver.watch.deadline == driver.now + 30.0
            driver.watch.silent(now=driver.now)
        case "ended":
            driver.watch.ended(now=driver.now)
        case "broken":
            driver.fails(AWAY)
        case "error":
            driver.line(status(500))
            driver.rests()
        case _:
            driver.line(b"{")
            driver.rests()
    assert not driver.watch.following
    assert not driver.synced()
    assert isinstance(driver.ask(), ListPage)
