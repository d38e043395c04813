"""A kind that may be read in several versions: which of them is, and when that becomes another one."""

from __future__ import annotations

import pytest

from legation.kube.watch import Follow, Gone, ListPage, Put
from legation.model.api_kinds import ApiKind
from tests.unit.kube.api_model import groups, page, resources, thing
from tests.unit.kube.watch_driver import AWAY, NOT_FOUND, Driver, key, refused, value

SPLITS = ApiKind(group="smi.io", version="v3", kind="Split", plural="splits", older=("v2", "v1"))
EVERY = {each: f"smi.io/{each}" for each in ("v1", "v2", "v3")}


def lists(driver: Driver) -> str:
    ask = driver.ask()
    assert isinstance(ask, ListPage)
    return ask.path.removesuffix("/splits").removeprefix("/apis/smi.io/")


def told(driver: Driver, *versions: str, found: str = "") -> list[object]:
    """Let discovery tell that there are these versions, and the kind in one of them."""
    assert driver.discovers("/apis", groups(*(EVERY[each] for each in versions))) == []
    return list(driver.discovers(f"/apis/smi.io/{found}", resources("splits", version=EVERY[found])))


def reading(version: str) -> Driver:
    """Return a watch that stands in the only version that there is, and has stood for a while."""
    driver = Driver(kind=SPLITS)
    driver.ask()
    driver.fails(NOT_FOUND)
    told(driver, version, found=version)
    driver.page(page(thing("a"), version=5))
    driver.open()
    driver.later(60.0)
    return driver


def test_the_newest_is_tried_first() -> None:
    driver = Driver(kind=SPLITS)
    assert lists(driver) == "v3"
    driver.page(page(thing("a"), version=5))
    driver.open()
    driver.later(60.0)
    driver.watch.ended(now=driver.now)
    # It is the newest that will do: nothing is asked about it.
    assert isinstance(driver.ask(), Follow)


def test_where_it_is_not_served_the_newest_is_read_that_is_and_without_a_pause() -> None:
    driver = Driver(kind=SPLITS)
    assert lists(driver) == "v3"
    driver.fails(NOT_FOUND)
    assert told(driver, "v1", "v2", found="v2") == []
    assert not driver.synced()
    assert lists(driver) == "v2"
    driver.page(page(thing("a"), version=5))
    assert driver.open().path == "/apis/smi.io/v2/splits"
    assert driver.current()
    assert driver.watch.objects.keys() == {key("a")}


def test_a_version_that_is_removed_gives_way_to_another_and_nothing_is_lost() -> None:
    driver = reading("v2")
    driver.watch.ended(now=driver.now)
    assert driver.discovers("/apis", AWAY) == []
    driver.ask()
    driver.fails(NOT_FOUND)
    assert told(driver, "v1", found="v1") == []
    assert driver.watch.objects.keys() == {key("a")}
    assert not driver.current()
    assert lists(driver) == "v1"
    # It may say something else in another version: it is read anew though nobody has written it.
    assert driver.page(page(thing("a"), version=5)) == [Put(key("a"), value(1))]
    driver.open()
    assert driver.current()


def test_what_is_gone_in_every_version_is_gone_and_the_newest_is_looked_for_again() -> None:
    driver = reading("v1")
    driver.watch.ended(now=driver.now)
    assert driver.discovers("/apis", groups("apps/v1")) == [Gone(key("a"), value(1))]
    assert driver.current()
    assert not driver.installed()
    assert driver.rests(0.0) == 10.0
    assert lists(driver) == "v3"


def test_whether_there_is_a_newer_one_is_asked_when_a_watch_has_ended() -> None:
    driver = reading("v1")
    driver.watch.ended(now=driver.now)
    assert told(driver, "v1", "v3", found="v3") == []
    assert not driver.current()
    assert lists(driver) == "v3"
    driver.page(page(thing("a"), version=5))
    assert driver.open().path == "/apis/smi.io/v3/splits"
    driver.later(60.0)
    driver.watch.ended(now=driver.now)
    assert isinstance(driver.ask(), Follow)


def test_if_there_is_none_the_watch_goes_on_where_it_was() -> None:
    driver = reading("v2")
    driver.watch.ended(now=driver.now)
    assert told(driver, "v1", "v2", found="v2") == []
    assert driver.current()
    assert driver.open().params["resourceVersion"] == "5"


@pytest.mark.parametrize("trouble", [AWAY, refused(403), refused(503), b"<html>"])
def test_trouble_at_that_question_disturbs_nobody(trouble: object) -> None:
    driver = reading("v2")
    driver.watch.ended(now=driver.now)
    assert driver.discovers("/apis", trouble) == []  # type: ignore[arg-type]  # each of them is an answer
    assert driver.current()
    assert driver.open().params["resourceVersion"] == "5"


def test_somebody_on_the_way_who_says_404_does_not_change_the_version() -> None:
    driver = reading("v2")
    driver.watch.ended(now=driver.now)
    told(driver, "v2", found="v2")
    driver.ask()
    driver.fails(NOT_FOUND)
    told(driver, "v2", found="v2")
    assert "though the API server tells that it has them" in str(driver.watch.missing)
    assert driver.watch.objects.keys() == {key("a")}
    driver.rests()
    assert lists(driver) == "v2"
