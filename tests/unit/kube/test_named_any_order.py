"""Whatever the order of answers, events, failures and lies: one object ends up known as the server has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from legation.errors import KubeError, KubeForbidden, KubeGone, KubeNotFound, KubeUnreachable
from legation.kube.named import Follow, Get, Named, Rest
from tests.unit.kube.api_model import DEEP, THINGS, bookmark, decode, encoded, event, status, thing

ENDED = b""
"""What a stream says last."""
GARBAGE = (
    b"{",
    b'{"type": "ADDED", "object": {}}',
    b'{"type": "NEW", "object": {}}',
    b'{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": ""}}}',
    status(500),
    status(410, "Expired"),
)


@dataclass
class Server:
    """Keeps one object. Its versions count up, as do those of others."""

    version: int = 1
    compacted: int = 0
    value: object = None
    changed_at: int = 0
    uid: str = ""
    history: list[tuple[int, bytes]] = field(default_factory=list)

    def put(self, value: object) -> None:
        self.version += 1
        kind = "MODIFIED" if self.uid else "ADDED"
        self.uid = self.uid or f"u{self.version}"
        self.value, self.changed_at = value, self.version
        self.history.append((self.version, event(kind, self._shown())))

    def delete(self) -> None:
        self.version += 1
        self.changed_at = self.version
        self.history.append((self.version, event("DELETED", self._shown())))
        self.uid = ""

    def others_change(self) -> None:
        self.version += 1

    def compact(self) -> None:
        self.compacted = self.version
        self.history.clear()

    def get(self) -> bytes:
        if not self.uid:
            raise KubeNotFound(404, "NotFound", "no")
        return encoded(self._shown())

    def watch(self, after: str) -> Iterator[bytes | None]:
        if after and int(after) < self.compacted:
            raise KubeGone(410, "Expired", "too old")
        first = [event("ADDED", self._shown())] if self.uid and not after else []
        return self._go_on(int(after or self.version), first)

    def _shown(self) -> dict[str, object]:
        return thing("a", value=self.value, uid=self.uid, version=self.changed_at)

    def _go_on(self, at: int, first: list[bytes]) -> Iterator[bytes | None]:
        yield from first
        while True:
            if at < self.compacted:
                yield status(410, "Expired")
                return
            new = [each for each in self.history if each[0] > at]
            if new:
                at, line = new[0]
                yield line
            else:
                at = self.version
                yield None


class Following(RuleBasedStateMachine):
    """Drives one object against a server that keeps its word only at the end."""

    @initialize(watch=st.booleans(), value=st.sampled_from([None, 0, "no number"]), old=st.booleans())
    def begin(self, *, watch: bool, value: object, old: bool) -> None:
        self.server = Server()
        if value is not None:
            self.server.put(value)
        if old:
            self.server.others_change()
            self.server.compact()
        self.named = Named(THINGS, namespace="shop", name="a", decode=decode, watch=watch)
        self.now = 0.0
        self.lines: Iterator[bytes | None] = iter(())
        self.was_asked = False

    # What happens to the object.

    @rule(value=st.one_of(st.integers(0, 3), st.sampled_from(["no number", DEEP])))
    def put(self, value: object) -> None:
        self.server.put(value)

    @rule()
    def delete(self) -> None:
        if self.server.uid:
            self.server.delete()

    @rule()
    def replace(self) -> None:
        self.delete()
        self.put(7)

    @rule()
    def compact(self) -> None:
        self.server.others_change()
        self.server.compact()

    # What happens to the watch.

    @rule(steps=st.integers(1, 6))
    def go_on(self, steps: int) -> None:
        for _ in range(steps):
            self.step()

    @rule(later=st.sampled_from([0.0, 20.0]), how=st.sampled_from(["ends", "breaks", "silent"]))
    def end(self, later: float, how: str) -> None:
        self.now += later
        if not self.named.following:
            return
        match how:
            case "ends":
                self.named.ended(now=self.now)
            case "breaks":
                self.named.failed(KubeUnreachable("broken"), now=self.now)
            case _:
                self.now = max(self.now, self.named.deadline)
                self.named.silent(now=self.now)

    @rule(line=st.sampled_from([*GARBAGE, event("DELETED", thing("b", version=1000))]))
    def say_nonsense(self, line: bytes) -> None:
        if self.named.following:
            self.named.line(line, now=self.now)

    @rule(code=st.sampled_from([0, 400, 401, 403, 404, 405, 409, 422, 429, 500, 503, 504]))
    def refuse(self, code: int) -> None:
        self.end(0.0, "breaks")
        self.rest()
        self.named.failed(_error(code), now=self.now)

    @rule(body=st.sampled_from([b"", b"<html>", b"{}", encoded(thing("b"))]))
    def answer_nonsense(self, body: bytes) -> None:
        self.end(0.0, "breaks")
        if isinstance(self.rest(), Get):
            self.named.found(body, now=self.now)

    @rule()
    def bookmark(self) -> None:
        while self.named.following and (line := next(self.lines, ENDED)) is not None:
            if line is ENDED:
                self.named.ended(now=self.now)
            else:
                self.named.line(line, now=self.now)
        if self.named.following:
            self.named.line(bookmark(self.server.version), now=self.now)

    # How it is driven.

    def rest(self) -> Get | Follow:
        ask = self.named.next(self.now, 0.5)
        if isinstance(ask, Rest):
            assert self.now <= ask.until <= self.now + 330
            self.now = ask.until
            ask = self.named.next(self.now, 0.5)
        assert not isinstance(ask, Rest)
        return ask

    def step(self) -> object:
        """Do one thing; None when the stream has nothing to say."""
        if self.named.following:
            line = next(self.lines, ENDED)
            if line is ENDED:
                self.named.ended(now=self.now)
            elif line is not None:
                self.named.line(line, now=self.now)
            elif not self.named.current:
                self.now = self.named.deadline
                self.named.silent(now=self.now)
                return "silent"
            return line
        ask = self.rest()
        try:
            if isinstance(ask, Get):
                self.named.found(self.server.get(), now=self.now)
            else:
                assert "sendInitialEvents" not in ask.params
                self.lines = self.server.watch(ask.params.get("resourceVersion", ""))
                self.named.opened(now=self.now)
        except KubeError as error:
            self.named.failed(error, now=self.now)
        return ask

    @invariant()
    def it_knows_what_it_knows(self) -> None:
        if hasattr(self, "named"):
            assert (self.named.missing is None) == self.named.current
            assert self.named.asked >= self.was_asked
            assert self.named.asked or not self.named.current
            self.was_asked = self.named.asked

    def teardown(self) -> None:
        if not hasattr(self, "named"):
            return
        fresh = False
        for _ in range(100):
            said = self.step()
            # Where there is no watch, what GET has just told is what there is.
            fresh = said is None if self.named.following else isinstance(said, Get)
            if self.named.current and fresh:
                break
        else:
            raise AssertionError(f"it does not come to rest: {self.named.missing}")
        known = None if self.named.object is None else self.named.object.value
        if not self.server.uid:
            assert known is None
            assert not self.named.unreadable
        elif isinstance(self.server.value, int):
            assert known == self.server.value
            assert not self.named.unreadable
        else:
            assert self.named.unreadable


def _error(code: int) -> KubeError | KubeUnreachable:
    if not code:
        return KubeUnreachable("refused")
    kinds: dict[int, type[KubeError]] = {403: KubeForbidden, 404: KubeNotFound}
    return kinds.get(code, KubeError)(code, "", "no", retry_after=2.0 if code == 429 else None)


TestFollowing = Following.TestCase
# One example takes a millisecond.
TestFollowing.settings = settings(
    max_examples=max(200, settings().max_examples), stateful_step_count=40, parent=settings()
)
