"""A watch that a test drives by hand: it performs what is asked, and lets time pass."""

from __future__ import annotations

from typing import Any

from legation.errors import KubeError, KubeForbidden, KubeGone, KubeNotFound, KubeUnreachable
from legation.kube.watch import Change, Discover, Follow, ListPage, Rest, Watch, WatchPolicy
from legation.model.api_kinds import ApiKind
from legation.model.cluster import NamespacedName
from tests.unit.kube.api_model import THINGS, Meta, Thing, decode, page

GONE = KubeGone(410, "Expired", "too old")
NOT_FOUND = KubeNotFound(404, "", "GET /apis/example.com/v1/things at https://a: 404 Not Found")
FORBIDDEN = KubeForbidden(403, "Forbidden", 'User "x" cannot do that')
AWAY = KubeUnreachable("the API server does not answer")


def refused(code: int, *, retry_after: float | None = None) -> KubeError:
    return KubeError(code, "", f"{code}", retry_after=retry_after)


def key(name: str) -> NamespacedName:
    return NamespacedName("shop", name)


def value(number: int, uid: str = "u1") -> Thing:
    return Thing(Meta(uid), number)


class Driver:
    """A watch whose time stands still until a test moves it."""

    def __init__(self, *, stream_first: bool = False, kind: ApiKind = THINGS, **options: Any) -> None:
        self.watch = Watch(kind, **{"decode": decode, "policy": WatchPolicy(stream_first=stream_first), **options})
        self.now = 1000.0

    def ask(self, chance: float = 0.0) -> ListPage | Follow | Discover | Rest:
        return self.watch.next(self.now, chance)

    def page(self, body: bytes) -> list[Change[Thing]]:
        assert isinstance(self.ask(), ListPage)
        self.watch.page(body, now=self.now)
        changes = []
        while self.watch.digesting:
            changes += self.watch.digest(1, now=self.now)
        return changes

    def open(self) -> Follow:
        ask = self.ask()
        assert isinstance(ask, Follow)
        self.watch.opened(now=self.now)
        return ask

    def line(self, line: bytes) -> list[Change[Thing]]:
        return self.watch.line(line, now=self.now)

    def fails(self, error: KubeError | KubeUnreachable) -> None:
        self.watch.failed(error, now=self.now)

    def discovers(self, path: str, answer: bytes | KubeError | KubeUnreachable) -> list[Change[Thing]]:
        assert self.ask() == Discover(path)
        if isinstance(answer, bytes):
            return self.watch.discovered(answer, now=self.now)
        self.fails(answer)
        return []

    def rests(self, chance: float = 1.0) -> float:
        ask = self.ask(chance)
        assert isinstance(ask, Rest)
        return ask.until - self.now

    # Methods: the type checker takes a property for something that stays.

    def synced(self) -> bool:
        return self.watch.synced

    def current(self) -> bool:
        return self.watch.current

    def installed(self) -> bool:
        return self.watch.installed

    def later(self, seconds: float) -> None:
        self.now += seconds


def standing(*things: dict[str, Any], version: int = 5, **options: Any) -> Driver:
    """Return a watch that stands."""
    driver = Driver(**options)
    driver.page(page(*things, version=version))
    driver.open()
    return driver
