"""One object by its name, as a machine: every state that it can be in, and everything that can come."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from legation.errors import KubeError
from legation.kube.named import Follow, Get, Named
from legation.model.api_kinds import ApiKind
from tests.unit.kube.api_model import DEEP, THINGS, bookmark, decode, encoded, event, status, thing
from tests.unit.kube.named_driver import (
    NO_KIND,
    NO_OBJECT,
    STATES,
    Driver,
    absent,
    expects,
    found,
    moved,
    old,
    stands,
    waits,
)
from tests.unit.kube.watch_driver import AWAY, FORBIDDEN, GONE, refused

CONFIG_MAPS = ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps")

INPUTS: Mapping[str, Callable[[Driver], None]] = {
    "found": lambda driver: driver.named.found(encoded(thing("a", value=3, version=9)), now=driver.now),
    "a page for people": lambda driver: driver.named.found(b"<html>", now=driver.now),
    "another object": lambda driver: driver.named.found(encoded(thing("b", version=9)), now=driver.now),
    "an unreadable one": lambda driver: driver.named.found(encoded(thing("a", value="x", version=9)), now=driver.now),
    "no object": lambda driver: driver.fail(NO_OBJECT),
    "no kind": lambda driver: driver.fail(NO_KIND),
    "gone": lambda driver: driver.fail(GONE),
    "forbidden": lambda driver: driver.fail(FORBIDDEN),
    "405": lambda driver: driver.fail(refused(405)),
    "400": lambda driver: driver.fail(refused(400)),
    "500": lambda driver: driver.fail(refused(500)),
    "503": lambda driver: driver.fail(refused(503)),
    "away": lambda driver: driver.fail(AWAY),
    "silence": Driver.silence,
    "opened": lambda driver: driver.open_again(),
    "ADDED": lambda driver: driver.line(event("ADDED", thing("a", value=3, version=9))),
    "MODIFIED": lambda driver: driver.line(event("MODIFIED", thing("a", value=3, version=9))),
    "unreadable": lambda driver: driver.line(event("MODIFIED", thing("a", value="x", version=9))),
    "DELETED": lambda driver: driver.line(event("DELETED", thing("a", value=3, version=9))),
    "BOOKMARK": lambda driver: driver.line(bookmark(9)),
    "of another name": lambda driver: driver.line(event("DELETED", thing("b", version=9))),
    "of another namespace": lambda driver: driver.line(event("DELETED", thing("a", version=9, namespace="x"))),
    "ERROR 410": lambda driver: driver.line(status(410, "Expired")),
    "ERROR 500": lambda driver: driver.line(status(500)),
    "nonsense": lambda driver: driver.line(b"<html>"),
    "unknown": lambda driver: driver.line(event("NEW", thing("a", version=9))),
    "end": Driver.end,
}

# The value that is known then; whether it is current, in trouble, or neither yet; what is asked next, or after which
# version it follows still.
TABLE: Mapping[str, Mapping[str, str]] = {
    "new": {
        "found": "3 yet watch 9",
        "a page for people": "- trouble rest get",
        "another object": "- trouble rest get",
        "an unreadable one": "- yet watch 9",
        "no object": "- yet watch",
        "no kind": "- current rest get",
        "gone": "- trouble rest get",
        "forbidden": "- trouble rest get",
        "405": "- trouble rest get",
        "400": "- trouble rest get",
        "500": "- trouble rest get",
        "503": "- trouble rest get",
        "away": "- trouble rest get",
    },
    "polled": {
        "found": "3 current rest get",
        "a page for people": "1 trouble rest get",
        "another object": "1 trouble rest get",
        "an unreadable one": "1 current rest get",
        "no object": "- current rest get",
        "no kind": "1 trouble rest get",
        "gone": "1 trouble rest get",
        "forbidden": "1 trouble rest get",
        "405": "1 trouble rest get",
        "400": "1 trouble rest get",
        "500": "1 trouble rest get",
        "503": "1 trouble rest get",
        "away": "1 trouble rest get",
    },
    "found": {
        "opened": "1 current follows 5",
        "no object": "1 trouble rest get",
        "no kind": "1 trouble rest get",
        "gone": "1 yet watch",
        "forbidden": "1 yet get",
        "405": "1 yet get",
        "400": "1 trouble rest get",
        "500": "1 trouble rest get",
        "503": "1 trouble rest watch 5",
        "away": "1 trouble rest watch 5",
        "silence": "1 trouble rest watch 5",
    },
    "absent": {
        "opened": "- current follows",
        "no object": "- current rest get",
        "no kind": "- current rest get",
        "gone": "- trouble get",
        "forbidden": "- yet get",
        "405": "- yet get",
        "400": "- trouble rest get",
        "500": "- trouble rest get",
        "503": "- trouble rest watch",
        "away": "- trouble rest watch",
        "silence": "- trouble rest watch",
    },
    "old": {
        "opened": "1 yet follows",
        "no object": "1 trouble rest get",
        "no kind": "1 trouble rest get",
        "gone": "1 trouble rest get",
        "forbidden": "1 yet get",
        "405": "1 yet get",
        "400": "1 trouble rest get",
        "500": "1 trouble rest get",
        "503": "1 trouble rest get",
        "away": "1 trouble rest get",
        "silence": "1 trouble rest get",
    },
    "young": {
        "ADDED": "3 current follows 9",
        "MODIFIED": "3 current follows 9",
        "unreadable": "1 current follows 9",
        "DELETED": "- current follows 9",
        "BOOKMARK": "1 current follows 9",
        "of another name": "1 current follows 5",
        "of another namespace": "1 current follows 5",
        "ERROR 410": "1 yet watch",
        "ERROR 500": "1 trouble rest get",
        "nonsense": "1 trouble rest get",
        "unknown": "1 trouble rest get",
        "end": "1 trouble watch 5",
        "away": "1 trouble rest watch 5",
        "silence": "1 trouble watch 5",
    },
    "stands": {
        "ADDED": "3 current follows 9",
        "MODIFIED": "3 current follows 9",
        "unreadable": "1 current follows 9",
        "DELETED": "- current follows 9",
        "BOOKMARK": "1 current follows 9",
        "of another name": "1 current follows 5",
        "of another namespace": "1 current follows 5",
        "ERROR 410": "1 yet watch",
        "ERROR 500": "1 trouble rest get",
        "nonsense": "1 trouble rest get",
        "unknown": "1 trouble rest get",
        "end": "1 current watch 5",
        "away": "1 trouble rest watch 5",
        "silence": "1 trouble watch 5",
    },
    "moved": {
        "ADDED": "3 current follows 9",
        "MODIFIED": "3 current follows 9",
        "unreadable": "2 current follows 9",
        "DELETED": "- current follows 9",
        "BOOKMARK": "2 current follows 9",
        "of another name": "2 current follows 7",
        "of another namespace": "2 current follows 7",
        "ERROR 410": "2 trouble get",
        "ERROR 500": "2 trouble rest get",
        "nonsense": "2 trouble rest get",
        "unknown": "2 trouble rest get",
        "end": "2 current watch 7",
        "away": "2 trouble rest watch 7",
        "silence": "2 trouble watch 7",
    },
    "waits": {
        "ADDED": "3 current follows 9",
        "MODIFIED": "3 current follows 9",
        "unreadable": "- current follows 9",
        "DELETED": "- current follows 9",
        "BOOKMARK": "- current follows 9",
        "of another name": "- current follows",
        "of another namespace": "- current follows",
        "ERROR 410": "- trouble get",
        "ERROR 500": "- trouble rest get",
        "nonsense": "- trouble rest get",
        "unknown": "- trouble rest get",
        "end": "- current watch",
        "away": "- trouble rest watch",
        "silence": "- trouble watch",
    },
    "expects": {
        "ADDED": "3 current follows 9",
        "MODIFIED": "3 current follows 9",
        "unreadable": "1 current follows 9",
        "DELETED": "- current follows 9",
        "BOOKMARK": "1 yet rest get",
        "of another name": "1 yet follows",
        "of another namespace": "1 yet follows",
        "ERROR 410": "1 trouble rest get",
        "ERROR 500": "1 trouble rest get",
        "nonsense": "1 trouble rest get",
        "unknown": "1 trouble rest get",
        "end": "1 trouble rest get",
        "away": "1 trouble rest get",
        "silence": "1 yet rest get",
    },
}


@pytest.mark.parametrize(("state", "what"), [(state, what) for state, row in TABLE.items() for what in row])
def test_what_becomes_of_it(state: str, what: str) -> None:
    driver = STATES[state]()
    INPUTS[what](driver)
    assert standing(driver) == TABLE[state][what]


def standing(driver: Driver) -> str:
    missing = driver.named.missing
    how = "current" if missing is None else "trouble" if missing.trouble else "yet"
    then = f"follows {driver.named.version}".rstrip() if driver.following() else driver.word()
    value = driver.value()
    return f"{'-' if value is None else value} {how} {then}"


def test_every_state_is_told_everything() -> None:
    assert TABLE.keys() == STATES.keys()
    assert {what for row in TABLE.values() for what in row} == INPUTS.keys()


# ------------------------------------------------------------------------------------------------------ what is asked


def test_what_is_asked_names_one_object() -> None:
    driver = Driver()
    assert driver.ask() == Get("/apis/example.com/v1/namespaces/shop/things/a")
    driver.find(version=5)
    params = {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "450",
        "fieldSelector": "metadata.name=a",
    }
    path = "/apis/example.com/v1/namespaces/shop/things"
    assert driver.ask(0.5) == Follow(path, {**params, "resourceVersion": "5"})
    driver = Driver()
    driver.deny()
    assert driver.ask(0.5) == Follow(path, params)


def test_a_kind_without_namespaces() -> None:
    kind = ApiKind(group="example.com", version="v1", kind="Thing", plural="things", namespaced=False)
    driver = Driver(kind=kind, namespace="")
    assert driver.ask() == Get("/apis/example.com/v1/things/a")
    driver.find(version=5, namespace="")
    driver.open()
    assert driver.value() == 1
    driver.fail(FORBIDDEN)
    assert "it takes a ClusterRole with" in Driver(kind=kind, namespace="").named._scope._rule()


@pytest.mark.parametrize(
    ("namespace", "name"), [("", "a"), ("shop", ""), ("shop", ".."), ("shop", "a/b"), ("..", "a"), ("shop", "a%2Fb")]
)
def test_what_can_be_no_name(namespace: str, name: str) -> None:
    with pytest.raises(ValueError, match=r"needs a namespace|cannot be the name"):
        Named(THINGS, namespace=namespace, name=name, decode=decode)


def test_a_name_leads_nowhere_else() -> None:
    driver = Driver(name="a?watch=1")
    assert driver.ask() == Get("/apis/example.com/v1/namespaces/shop/things/a%3Fwatch%3D1")


# ------------------------------------------------------------------------------------------------------ what is known


def test_nothing_is_known_before_the_server_has_spoken() -> None:
    driver = Driver()
    driver.fail(AWAY)
    assert not asked(driver)
    driver.word()
    driver.find()
    assert asked(driver)
    assert asked(absent())


def test_it_comes_changes_and_goes() -> None:
    driver = waits()
    for line, value in (
        (event("ADDED", thing("a", value=1, version=6)), 1),
        (event("MODIFIED", thing("a", value=2, version=7)), 2),
        (event("DELETED", thing("a", value=2, version=8)), None),
        (event("ADDED", thing("a", value=3, version=9, uid="u2")), 3),
    ):
        driver.line(line)
        assert driver.value() == value
    driver.fail(AWAY)
    assert driver.word() == "rest watch 9"


def test_the_last_readable_version_stays() -> None:
    driver = moved()
    driver.line(event("MODIFIED", thing("a", value="x", version=9)))
    assert driver.value() == 2
    assert "Expected `int`" in driver.named.unreadable
    driver.line(event("MODIFIED", thing("a", value=3, version=10)))
    assert driver.value() == 3
    assert not driver.named.unreadable


@pytest.mark.parametrize("how", ["get", "watch"])
def test_one_that_is_nested_too_deep_is_unreadable(how: str) -> None:
    deep = {**thing("a", version=9), "spec": DEEP}
    driver = Driver() if how == "get" else waits()
    if how == "get":
        driver.named.found(encoded(deep), now=driver.now)
    else:
        driver.line(event("ADDED", deep))
    assert driver.named.unreadable == "it is nested more than 200 levels deep"
    assert asked(driver)


def test_what_was_unreadable_and_is_deleted_is_unreadable_no_more() -> None:
    driver = waits()
    driver.line(event("ADDED", thing("a", value="x", version=9)))
    assert driver.named.unreadable
    driver.line(event("DELETED", thing("a", value="x", version=10)))
    assert not driver.named.unreadable


def test_a_delete_while_nobody_watched_is_seen() -> None:
    driver = moved()
    driver.line(status(410, "Expired"))
    driver.deny()
    assert driver.value() is None


def test_a_delete_before_a_watch_that_names_no_version_is_seen() -> None:
    driver = expects()
    driver.silence()
    assert driver.word() == "rest get"
    assert driver.value() == 1
    driver.fail(NO_OBJECT)
    assert driver.value() is None
    assert driver.word() == "watch"


def test_a_version_that_is_too_old_from_the_start_is_no_trouble() -> None:
    driver = old()
    assert driver.named.missing is not None
    assert not driver.named.missing.trouble
    driver.open_again()
    driver.line(event("ADDED", thing("a", version=5)))
    assert driver.current()
    # So it is again, if the stream breaks before anything has happened.
    driver.later(60.0)
    driver.end()
    assert driver.word() == "watch 5"
    driver.fail(GONE)
    assert driver.word() == "watch"


# -------------------------------------------------------------------------------------------------- whom one believes


def test_of_a_kind_that_every_server_has_a_404_must_name_the_object() -> None:
    driver = Driver(kind=CONFIG_MAPS)
    driver.find()
    driver.open()
    driver.fail(AWAY)
    for _ in range(30):
        assert driver.word().endswith(("get", "watch 1"))
        driver.fail(NO_KIND)
        assert driver.value() == 1
        assert "is it the API server that answers there?" in driver.missing()
    assert driver.word() == "rest get"
    driver.fail(NO_OBJECT)
    assert driver.value() is None


def test_that_a_kind_is_gone_is_believed_when_it_lasts() -> None:
    driver = Driver(watch=False)
    driver.find()
    began = driver.now
    driver.word()
    while driver.value() is not None:
        driver.fail(NO_KIND)
        assert driver.now - began < 160.0
        if driver.value() is not None:
            assert "though it is known to be there" in driver.missing()
            driver.word()
    assert driver.now - began > 60.0 + 54.0
    assert driver.current()


def test_who_denies_a_kind_for_moments_is_not_believed_later() -> None:
    driver = Driver(watch=False)
    driver.find()
    for _ in range(5):
        driver.word()
        driver.fail(NO_KIND)
        assert driver.value() == 1
        assert driver.word() == "rest get"
        driver.named.found(encoded(thing("a")), now=driver.now)
        driver.later(100.0)


def test_a_kind_that_is_not_there_is_looked_for_from_time_to_time() -> None:
    driver = Driver()
    for _ in range(3):
        driver.deny(NO_KIND) if driver.now == 1000.0 else driver.fail(NO_KIND)
        assert driver.current()
        before = driver.now
        assert driver.word() == "rest get"
        assert driver.now - before == 10.0
    driver.named.found(encoded(thing("a", version=5)), now=driver.now)
    assert driver.word() == "watch 5"


# --------------------------------------------------------------------------------------------------- without a watch


def test_who_may_not_watch_asks_again_and_again_and_is_told_what_it_takes() -> None:
    driver = found()
    driver.fail(FORBIDDEN)
    driver.find(value=2, version=6)
    assert driver.current()
    assert driver.not_watched() == (
        'may not watch Thing shop/a, so it is asked for every 60 s: User "x" cannot do that (it takes a Role in '
        'namespace shop with the rule apiGroups: ["example.com"], resources: ["things"], resourceNames: ["a"], '
        'verbs: ["get", "watch"])'
    )
    began = driver.now
    asked = 0
    while driver.word() == "rest get":
        driver.named.found(encoded(thing("a", value=2, version=6)), now=driver.now)
        asked += 1
    # Perhaps the rule has come.
    assert 300.0 <= driver.now - began < 360.0
    assert asked == 6
    assert driver.not_watched()
    driver.open_again()
    assert not driver.not_watched()


def test_the_interval_is_what_was_asked_for_more_or_less() -> None:
    for chance, seconds in ((0.0, 27.0), (0.5, 30.0)):
        driver = Driver(watch=False, interval=30.0)
        driver.find()
        ask = driver.ask(chance)
        assert ask.until - driver.now == pytest.approx(seconds)  # type: ignore[union-attr]  # a Rest, or it fails here


def test_no_interval_is_too_short() -> None:
    driver = Driver(watch=False, interval=-1.0)
    driver.find()
    before = driver.now
    assert driver.word() == "rest get"
    assert driver.now > before


def test_who_may_not_get_is_told_what_it_takes() -> None:
    driver = Driver()
    driver.fail(FORBIDDEN)
    assert driver.missing().startswith('may not get Thing shop/a: User "x" cannot do that (it takes a Role in')
    assert 'resourceNames: ["a"], verbs: ["get", "watch"]' in driver.missing()


# -------------------------------------------------------------------------------------------------------- its pauses


def test_pauses_grow_and_end() -> None:
    driver = Driver()
    lengths = []
    for _ in range(9):
        driver.fail(AWAY)
        before = driver.now
        driver.word()
        lengths.append(driver.now - before)
    assert lengths == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]


def test_a_server_that_asks_for_patience_gets_it() -> None:
    driver = Driver()
    driver.fail(KubeError(429, "", "429", retry_after=20.0))
    before = driver.now
    driver.word()
    assert driver.now - before == 20.0


@pytest.mark.parametrize("how", ["away", "silence", "503"])
def test_where_watches_fail_again_and_again_get_tells_what_there_is(how: str) -> None:
    driver = found()
    for number in range(5):
        INPUTS[how](driver)
        if number:
            assert driver.word() == "rest get"
            driver.named.found(encoded(thing("a", value=number, version=5 + number)), now=driver.now)
            assert driver.value() == number
        assert "watch" in driver.word()


def test_watches_that_end_as_soon_as_they_begin_are_not_asked_for_without_a_pause() -> None:
    driver = found()
    paused = 0.0
    for _ in range(10):
        driver.open_again()
        driver.end()
        before = driver.now
        if driver.word().endswith("get"):
            driver.named.found(encoded(thing("a", version=5)), now=driver.now)
            assert driver.word() == "watch 5"
        paused += driver.now - before
    assert paused > 40.0


def test_a_watch_that_says_nothing_though_it_told_bookmarks_is_dead() -> None:
    driver = stands()
    assert driver.named.deadline - driver.now == pytest.approx(270.0)
    driver.line(bookmark(9))
    assert driver.named.deadline - driver.now == 180.0
    driver.silence()
    assert driver.word() == "watch 9"
    driver.open_again()
    driver.silence()
    assert driver.word().endswith("get")


def asked(driver: Driver) -> bool:
    return driver.named.asked
