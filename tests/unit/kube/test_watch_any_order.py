"""Whatever the order of pages, events, failures and lies: what is known ends up as what the API server has."""

from __future__ import annotations

import json
from collections.abc import Iterator

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from legation.errors import KubeError, KubeForbidden, KubeNotFound, KubeUnreachable
from legation.kube.watch import Change, Discover, Follow, Gone, ListPage, Put, Rest, Unreadable, Watch, WatchPolicy
from legation.model.cluster import NamespacedName
from tests.unit.kube.api_model import DEEP, THINGS, ApiModel, Thing, bookmark, decode, groups, page, resources, status

ENDED = b""
"""What a stream says last."""
NAMES = st.sampled_from("abcdef")
GARBAGE = (
    b"{",
    b"null",
    b"{}",
    b'{"type": "ADDED", "object": {}}',
    b'{"type": "DELETED", "object": {"metadata": {"name": "a"}}}',
    b'{"type": "NEW", "object": {}}',
    b'{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": ""}}}',
)
BAD_PAGES = (
    b"",
    b"<html>",
    b"{}",
    b'{"metadata": {"resourceVersion": "7"}}',
    b'{"metadata": {"resourceVersion": ""}, "items": []}',
)
BAD_DISCOVERY = (
    *BAD_PAGES,
    b'{"kind": "APIGroupList"}',
    groups("example.com/v1"),
    groups(kind="APIGroup"),
    resources(kind="Status"),
    resources(version="example.com/v2"),
    status(404),
)


class Watching(RuleBasedStateMachine):
    """Drives a watch against a server that keeps its word only at the end."""

    @initialize(stream_first=st.booleans(), streams=st.sampled_from(["yes", "refuses", "ignores"]), alone=st.booleans())
    def begin(self, *, stream_first: bool, streams: str, alone: bool) -> None:
        self.server = ApiModel(streams=streams, alone=alone)
        self.watch = Watch(THINGS, decode=decode, policy=WatchPolicy(page=2, stream_first=stream_first))
        self.now = 0.0
        self.lines: Iterator[bytes | None] = iter(())
        self.replayed: dict[NamespacedName, Thing] = {}
        self.was_synced = False

    # What happens to the objects.

    @rule(name=NAMES, value=st.one_of(st.integers(0, 3), st.sampled_from(["no number", DEEP])))
    def put(self, name: str, value: object) -> None:
        if self.server.installed:
            self.server.put(name, value)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        if name in self.server.things:
            self.server.delete(name)

    @rule(name=NAMES, value=st.integers(0, 3))
    def replace(self, name: str, value: int) -> None:
        if name in self.server.things:
            self.server.delete(name)
            self.server.put(name, value)

    @rule()
    def compact(self) -> None:
        self.server.compact()

    @rule()
    def uninstall_or_install(self) -> None:
        if self.server.installed:
            self.server.uninstall()
        else:
            self.server.installed = True

    # What happens to the watch.

    @rule(steps=st.integers(1, 6), chance=st.floats(0, 1, exclude_max=True))
    def go_on(self, steps: int, chance: float) -> None:
        for _ in range(steps):
            self.step(chance)

    @rule(later=st.sampled_from([0.0, 20.0]), how=st.sampled_from(["ends", "breaks", "silent"]))
    def end(self, later: float, how: str) -> None:
        self.now += later
        if not self.watch.following:
            return
        match how:
            case "ends":
                self.watch.ended(now=self.now)
            case "breaks":
                self.watch.failed(KubeUnreachable("broken"), now=self.now)
            case _:
                self.now = max(self.now, self.watch.deadline)
                self.watch.silent(now=self.now)

    @rule(line=st.sampled_from([*GARBAGE, status(500), status(410), status(429, details={"retryAfterSeconds": 1})]))
    def say_nonsense(self, line: bytes) -> None:
        if self.watch.following:
            self.note(self.watch.line(line, now=self.now))

    @rule(status=st.sampled_from([0, 400, 401, 403, 404, 409, 422, 429, 500, 503, 504]))
    def refuse(self, status: int) -> None:
        self.end(0.0, "breaks")
        self.rest()
        self.watch.failed(_error(status), now=self.now)

    @rule(body=st.sampled_from(BAD_PAGES))
    def answer_nonsense(self, body: bytes) -> None:
        self.end(0.0, "breaks")
        if isinstance(self.rest(), ListPage):
            self.watch.page(body, now=self.now)
            self.digest()

    @rule(bodies=st.lists(st.sampled_from(BAD_DISCOVERY), min_size=1, max_size=2))
    def is_somebody_else(self, bodies: list[bytes]) -> None:
        """What answers says 404, and then something that is no discovery."""
        self.refuse(404)
        for body in bodies:
            if isinstance(self.rest(), Discover):
                self.note(self.watch.discovered(body, now=self.now))

    @precondition(lambda self: self.watch.following)
    @rule()
    def bookmark(self) -> None:
        caught_up = self.step(0.5) is None
        if caught_up and self.watch.current:
            self.note(self.watch.line(bookmark(self.server.version), now=self.now))

    # How it is driven.

    def rest(self, chance: float = 0.5) -> ListPage | Follow | Discover:
        ask = self.watch.next(self.now, chance)
        if isinstance(ask, Rest):
            assert self.now <= ask.until <= self.now + 330
            self.now = ask.until
            ask = self.watch.next(self.now, chance)
        assert not isinstance(ask, Rest)
        return ask

    def step(self, chance: float) -> object:
        """Do one thing; None when the stream has nothing to say."""
        if self.watch.following:
            line = next(self.lines, ENDED)
            if line is ENDED:
                self.watch.ended(now=self.now)
            elif line is not None:
                self.note(self.watch.line(line, now=self.now))
            elif not self.watch.current:
                # A server that never ends its first state is silent.
                self.now = self.watch.deadline
                self.watch.silent(now=self.now)
                return "silent"
            return line
        ask = self.rest(chance)
        try:
            match ask:
                case ListPage():
                    self.watch.page(self.server.answer(dict(ask.params)), now=self.now)
                    self.digest()
                case Follow():
                    self.lines = self.server.watch(dict(ask.params))
                    self.watch.opened(now=self.now)
                case Discover():
                    self.note(self.watch.discovered(self.server.discover(ask.path), now=self.now))
        except KubeError as error:
            self.watch.failed(error, now=self.now)
        return ask

    def digest(self) -> None:
        while self.watch.digesting:
            self.note(self.watch.digest(1, now=self.now))

    def note(self, changes: list[Change[Thing]]) -> None:
        for each in changes:
            match each:
                case Put(key, thing):
                    assert self.replayed.get(key, thing).metadata == thing.metadata, "the old one has not gone"
                    self.replayed[key] = thing
                case Gone(key, before):
                    assert self.replayed.pop(key, None) == before
                    assert self.is_gone(key.name, before), "nobody has deleted it"
                case Unreadable(key, words):
                    assert words

    def is_gone(self, name: str, before: Thing | None) -> bool:
        there = self.server.things.get(name)
        return before is None or there is None or there["metadata"]["uid"] != before.metadata.uid

    @invariant()
    def the_changes_give_what_is_known(self) -> None:
        if not hasattr(self, "watch"):
            return
        assert self.replayed == self.watch.objects
        assert (self.watch.missing is None) == self.watch.current
        assert self.watch.synced or not self.watch.current
        assert self.watch.synced >= self.was_synced
        self.was_synced = self.watch.synced

    def teardown(self) -> None:
        if not hasattr(self, "watch"):
            return
        for _ in range(300):
            said = self.step(0.5)
            caught_up = said is None if self.server.installed else not self.watch.installed
            if self.watch.current and caught_up:
                break
        else:
            raise AssertionError(f"it does not come to rest: {self.watch.missing}")
        values = {name: each["value"] for name, each in self.server.things.items()}
        readable = {name: value for name, value in values.items() if isinstance(value, int)}
        known = {key.name: each.value for key, each in self.watch.objects.items()}
        # What cannot be read is known as it was before, or not at all.
        assert {name: value for name, value in known.items() if name in readable} == readable
        assert known.keys() <= values.keys()
        assert {key.name for key in self.watch.unreadable} == values.keys() - readable.keys()
        assert self.watch.installed == self.server.installed


def _error(code: int) -> KubeError | KubeUnreachable:
    if not code:
        return KubeUnreachable("refused")
    kinds: dict[int, type[KubeError]] = {403: KubeForbidden, 404: KubeNotFound}
    return kinds.get(code, KubeError)(code, "", "no", retry_after=2.0 if code == 429 else None)


def test_a_page_of_the_model_is_one_of_the_api() -> None:
    # The model speaks as the real one does; the conformance suite says the same of the fake server.
    assert json.loads(page(version=3)) == {"kind": "ThingList", "metadata": {"resourceVersion": "3"}, "items": []}


TestWatching = Watching.TestCase
# One example takes a millisecond.
TestWatching.settings = settings(
    max_examples=max(200, settings().max_examples), stateful_step_count=40, parent=settings()
)
