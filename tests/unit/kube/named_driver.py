"""One named object that a test drives by hand: it says in a word what is asked, and lets time pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from legation.errors import KubeError, KubeNotFound, KubeUnreachable
from legation.kube.named import Follow, Get, Named, Rest
from legation.model.api_kinds import ApiKind
from tests.unit.kube.api_model import THINGS, decode, encoded, thing
from tests.unit.kube.watch_driver import GONE, NOT_FOUND

NO_OBJECT = KubeNotFound(404, "NotFound", 'things.example.com "a" not found')
NO_KIND = NOT_FOUND


class Driver:
    """An object whose time stands still until a test moves it."""

    def __init__(self, *, kind: ApiKind = THINGS, **options: Any) -> None:
        self.named = Named(kind, **{"namespace": "shop", "name": "a", "decode": decode, **options})
        self.now = 1000.0

    def ask(self, chance: float = 0.0) -> Get | Follow | Rest:
        return self.named.next(self.now, chance)

    def word(self) -> str:
        """Return what is asked next, a pause before it included: `get`, `watch 5`, `rest watch`."""
        match self.ask():
            case Rest(until):
                self.now = until
                return f"rest {self.word()}"
            case Get():
                return "get"
            case Follow(_, params):
                return " ".join(("watch", params.get("resourceVersion", ""))).rstrip()

    def find(self, **fields: Any) -> None:
        """Let GET show the object."""
        assert self.word() == "get"
        self.named.found(encoded(thing("a", **fields)), now=self.now)

    def deny(self, error: KubeNotFound = NO_OBJECT) -> None:
        """Let GET show none."""
        assert self.word() == "get"
        self.fail(error)

    def open(self) -> None:
        """Let a watch begin."""
        assert "watch" in self.word()
        self.named.opened(now=self.now)

    def open_again(self) -> None:
        """Let a watch begin that was asked for."""
        self.named.opened(now=self.now)

    def line(self, line: bytes) -> None:
        self.named.line(line, now=self.now)

    def fail(self, error: KubeError | KubeUnreachable) -> None:
        self.named.failed(error, now=self.now)

    def end(self) -> None:
        self.named.ended(now=self.now)

    def silence(self) -> None:
        """Let time pass until the deadline."""
        self.now = self.named.deadline
        self.named.silent(now=self.now)

    def later(self, seconds: float) -> None:
        self.now += seconds

    # Methods: the type checker takes a property for something that stays.

    def value(self) -> object:
        found = self.named.object
        return None if found is None else found.value

    def current(self) -> bool:
        return self.named.current

    def following(self) -> bool:
        return self.named.following

    def missing(self) -> str:
        return str(self.named.missing or "")

    def not_watched(self) -> str:
        return str(self.named.not_watched or "")


def new() -> Driver:
    """Nothing was asked yet."""
    return Driver()


def found() -> Driver:
    """GET has shown version 5, and the watch is asked for."""
    driver = Driver()
    driver.find(version=5)
    assert driver.word() == "watch 5"
    return driver


def stands() -> Driver:
    """The watch stands after version 5."""
    driver = found()
    driver.named.opened(now=driver.now)
    driver.later(60.0)
    return driver


def young() -> Driver:
    """It has stood for a moment only."""
    driver = found()
    driver.named.opened(now=driver.now)
    return driver


def moved() -> Driver:
    """It has told of version 7."""
    driver = stands()
    driver.line(_event("MODIFIED", value=2, version=7))
    return driver


def absent() -> Driver:
    """GET has shown nothing, and the watch is asked for."""
    driver = Driver()
    driver.deny()
    assert driver.word() == "watch"
    return driver


def waits() -> Driver:
    """The watch of what is not there stands."""
    driver = absent()
    driver.named.opened(now=driver.now)
    driver.later(60.0)
    return driver


def old() -> Driver:
    """Version 5 is too old to be watched after, so the watch is to begin with the object."""
    driver = found()
    driver.fail(GONE)
    assert driver.word() == "watch"
    return driver


def expects() -> Driver:
    """That watch has begun to be answered."""
    driver = old()
    driver.named.opened(now=driver.now)
    return driver


def polled() -> Driver:
    """It is not to be watched; GET has shown version 5."""
    driver = Driver(watch=False)
    driver.find(version=5)
    assert driver.word() == "rest get"
    return driver


STATES: Mapping[str, Callable[[], Driver]] = {
    each.__name__: each for each in (new, found, young, stands, moved, absent, waits, old, expects, polled)
}


def _event(kind: str, **fields: Any) -> bytes:
    return encoded({"type": kind, "object": thing("a", **fields)})
