"""ServedClient: the streams of one node id over one connection, joined: one machine decides what each may be told.

Everything here is synchronous and decides; a stream is told what to write and never asked whether it did. While a
stream writes it is not asked for more (back-pressure), and when it has written it is asked against the newest snapshot,
so nothing is queued and a slow client delays nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Protocol, cast

import structlog

from legation.clock import Clock
from legation.model.events import Subscribed
from legation.model.node import Node, Peer
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection, Snapshot, collect
from legation.model.verdicts import Verdicts
from legation.protocol.machine import Machine
from legation.protocol.messages import DeltaRequest, Request, Response, SotwResponse
from legation.protocol.policy import Policy
from legation.protocol.sequence import Sequence
from legation.protocol.terms import Variant
from legation.transports.alarms import Alarm, Alarms
from legation.transports.base import Feed, Refusal
from legation.transports.conduct import MOST_NAMES, Conduct, Wrong
from legation.transports.first_answers import FirstAnswers
from legation.transports.turns import Turns

INTERNAL_WORDS = "an internal error of the server; its log tells which. Connect again"
"""What a client is told of a bug of ours: nothing that could help or harm it."""

MANY_STREAMS = 100
"""An Envoy without ADS has a stream for each of its clusters and routes. A client with so many gets a pause after each
turn, as long as the turn was: what comes in meanwhile shares the next one."""

LONG_TURN = 0.02
"""Seconds. A client whose turn took longer gets such a pause too: it asks for thousands of names, and others wait."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Stream(Protocol):
    """A stream, as its client sees it. It writes one response at a time."""

    @property
    def aggregated(self) -> bool:
        """Whether it may carry every type (ADS)."""
        ...

    @property
    def busy(self) -> bool:
        """Whether it is writing a response."""
        ...

    def send(self, response: Response) -> None:
        """Begin to write, and call `ServedClient.written` when it is."""
        ...

    def end(self, status: str, words: str) -> None:
        """Close the stream with that gRPC status."""
        ...


class ServedClient:
    """One client, its place in the feed and its machines. Fulfils `transports.base.Client`."""

    def __init__(
        self,
        peer: Peer,
        node: Node,
        *,
        feed: Feed,
        policy: Policy,
        turns: Turns,
        alarms: Alarms,
        clock: Clock,
        conduct: Conduct,
        polls: bool = False,
        first_answers: FirstAnswers | None = None,
    ) -> None:
        """Take a place in the feed; `polls` says that its streams are made of polls.

        Raises:
            Refusal: The feed does not admit it.
        """
        self.peer = peer
        self.node = node
        self._polls = polls
        self._alarms = alarms
        self._clock = clock
        self._conduct = conduct
        self._names = 0
        """How many names its streams ask for."""
        self._sequence = Sequence(policy, features=node.features, recall=self._recall, verdicts=self._verdicts)
        self._streams: dict[Stream, dict[ResourceType, Machine]] = {}
        self._target: Snapshot | None = None
        self._turns = turns
        self._waits = False
        """Whether it has asked for a turn."""
        self._pause: asyncio.TimerHandle | None = None
        self._turn_took = 0.0
        self._withheld = False
        """Whether a stream that was writing may have been passed over."""
        self._first_answers: FirstAnswers | None = first_answers
        """None once it has read its first answer."""
        self._alarm: Alarm | None = None
        self._afterwards: list[Callable[[], None]] | None = None
        """What is called when all streams have been asked."""
        self._fellows: tuple[ServedClient, ...] = ()
        self.dismissed: Refusal | None = None
        """Why its streams are being ended."""
        self.seat = feed.admit(peer, node, client=self, wake=self.schedule)

    # What others may ask

    def subscribes(self, row: ResourceType, name: str) -> bool:
        """Say whether the client asked for that resource, by name or by a wildcard."""
        return self._sequence.subscribes(row, name)

    def asked(self, row: ResourceType) -> frozenset[str]:
        """Return what the client asks for by name."""
        opened = (machines.get(row) for machines in self._streams.values())
        return frozenset().union(*(machine.subscription.names for machine in opened if machine is not None))

    def accepted(self, row: ResourceType, name: str) -> Resource | None:
        """Return what the client last accepted under that name, or None."""
        return self._sequence.accepted(row, name)

    def sent(self, row: ResourceType, name: str) -> Resource | None:
        """Return what the client was last sent under that name and did not refuse, or None."""
        return self._sequence.sent(row, name)

    def dismiss(self, status: str, words: str) -> None:
        """Close every stream of the client with that gRPC status."""
        self.dismissed = Refusal(status, words)
        for stream in self._streams:
            stream.end(status, words)

    def meet(self, others: Iterable[ServedClient]) -> None:
        """Take the clients that may be the same Envoy over other connections."""
        self._fellows = tuple(others)
        self._sequence.meet(each._sequence for each in self._fellows)  # noqa: SLF001 - of one class
        self.schedule()

    def silent_since(self) -> float | None:
        """Return when the oldest response went out that is not answered; None: all are."""
        machines = (machine for opened in self._streams.values() for machine in opened.values())
        return min((machine.ledger.unanswered[0].at for machine in machines if machine.ledger.unanswered), default=None)

    # What its streams tell

    def join(self, stream: Stream) -> None:
        """Take a stream in."""
        self._streams[stream] = {}

    def leave(self, stream: Stream) -> bool:
        """Let a stream go. Returns whether it was the last one: then the place in the feed is given back."""
        machines = self._streams.pop(stream)
        if self._streams:
            for machine in machines.values():
                self._names -= len(machine.subscription.names)
                self._sequence.close(machine)
            # What waited for a machine of that stream may go now.
            self.schedule()
            self._wake_fellows()
            return False
        if self._pause is not None:
            self._pause.cancel()
        if self._alarm is not None:
            self._alarm.cancel()
        self._begun()
        self.seat.leave()
        return True

    def receive(self, stream: Stream, request: Request, *, variant: Variant, size: int = 0) -> float:
        """Take a request of one of its streams.

        Args:
            stream: Which one.
            request: What it says.
            variant: What the stream speaks.
            size: Bytes of the request.

        Returns:
            How many seconds the stream should wait before it reads the next one: mostly none.

        Raises:
            RemoteProtocolError: The request breaks the rules of the protocol, or asks for too much.
        """
        machines = self._streams[stream]
        machine = machines.get(request.type)
        if machine is None:
            machine = machines[request.type] = self._sequence.open(
                request.type, variant=variant, owner=stream, aggregated=stream.aggregated
            )
        before = machine.subscription.names
        events = self._sequence.receive(machine, request, self._clock.now())
        names = machine.subscription.names
        self._names += len(names) - len(before)
        if self._names > MOST_NAMES:
            raise self._conduct.too_much(
                Wrong.NAMES,
                self.peer,
                self.node.id,
                f"the client asks for {self._names} names; more than {MOST_NAMES} are not kept for it. Unsubscribe from"
                " those that are not needed, or ask for `*`",
            )
        for event in events:
            self.seat.report(event)
        # The usual answer to what was the newest; to look is cheaper than a turn, but for who has many streams. What
        # drains since then concerns fellows, and the turn sets the alarm for it.
        if len(self._streams) > 1 or self._fellows or not self._sequence.at_rest:
            self.schedule()
        self._wake_fellows()
        asks = len(request.subscribe) + len(request.unsubscribe) if isinstance(request, DeltaRequest) else 0
        if events and not asks and not any(isinstance(event, Subscribed) for event in events):
            # An answer to what it was told.
            return 0.0
        # Not for all that it asks for: a gateway that learns of thousands of hosts asks for one after the other.
        return self._conduct.spend(self.peer, self.node.id, size=size, names=asks or len(names ^ before))

    # Who may write what

    def schedule(self) -> None:
        """Have the streams asked soon, once for all that happens until then."""
        if self._waits or not self._streams:
            return
        self._waits = True
        if len(self._streams) < MANY_STREAMS and self._turn_took < LONG_TURN:
            self._turns.ask(self.take_turn)
        else:
            self._pause = asyncio.get_running_loop().call_later(self._turn_took, self.take_turn)

    def _wake_fellows(self) -> None:
        for fellow in self._fellows:
            fellow.schedule()

    def written(self) -> None:
        """Take note that a stream of this client can write again."""
        self._begun()
        if self._withheld:
            self.schedule()

    def after_turn(self, call: Callable[[], None]) -> None:
        """Have the streams asked, then call once; never, if the client is gone before. The call must not raise."""
        self._afterwards = [*(self._afterwards or ()), call]
        self.schedule()

    def take_turn(self) -> None:
        """Ask the streams: what `schedule` asks for."""
        self._waits, self._withheld, self._pause = False, False, None
        if not self._streams:
            return
        began = time.perf_counter()
        try:
            self._retarget()
            while self._give_turns():
                pass
            if self._fellows and self._sequence.stirred():
                self._wake_fellows()
        except Exception:  # noqa: BLE001 - a bug must not reach other clients, whatever it is
            _log.exception("client failed", node=self.node.id, peer=self.peer.address)
            for stream in self._streams:
                stream.end("INTERNAL", INTERNAL_WORDS)
        else:
            self._set_alarm()
        self._turn_took = time.perf_counter() - began
        if self._afterwards is not None:
            afterwards, self._afterwards = self._afterwards, None
            for call in afterwards:
                call()

    def _note_told(self, response: Response) -> None:
        """Have the feed remember what the client names by a version only if it comes back."""
        row = response.type
        if not isinstance(response, SotwResponse) or not row.full_state:
            return
        told = response.whole
        if told is None and self.seat.remembered(row, response.version) is None:
            told = collect(row, response.listed)
        # The version of a part, for who asks by name, is that of the whole.
        if told is not None and told.version == response.version:
            self.seat.tell(told)

    def _recall(self, row: ResourceType, version: str) -> Collection | None:
        return self.seat.remembered(row, version)

    def _verdicts(self) -> Verdicts:
        return self.seat.verdicts

    def _retarget(self) -> None:
        snapshot = self.seat.snapshot
        if snapshot is not None and snapshot is not self._target:
            self._target = snapshot
            self._sequence.retarget(snapshot)

    def _give_turns(self) -> bool:
        """Have the streams write what they may. Returns whether another may have its turn since."""
        given, alone = False, len(self._streams) == 1
        for owner, response, sent in self._sequence.turns(self._clock.now(), self._may_write, absent=self._polls):
            # Told before it is written: the client's answer may be read before the writer knows that it is through.
            self.seat.report(sent)
            self._note_told(response)
            self._wake_fellows()
            # The machines were opened for streams.
            cast("Stream", owner).send(response)
            given = True
            if alone and not (self._polls or self._fellows):
                # The usual client: its one stream writes now. What else there may be to say is asked for when that is
                # over, mostly at one go with the answer, which has others to say than now.
                self._withheld = not self._sequence.at_rest
                return False
        return given and not (alone and self._sequence.at_rest)

    def _may_write(self, stream: object) -> bool:
        idle = not cast("Stream", stream).busy
        self._withheld |= not idle
        return idle and (self._first_answers is None or self._first_answers.enter(self, self.schedule))

    def _begun(self) -> None:
        if self._first_answers is not None:
            first_answers, self._first_answers = self._first_answers, None
            first_answers.leave(self)

    def _set_alarm(self) -> None:
        deadline = self._sequence.next_deadline()
        if deadline is None:
            return
        if self._alarm is not None:
            if self._alarm.moment <= deadline:
                # It rings too early, finds nothing and is set anew: cheaper than to move it at every response.
                return
            self._alarm.cancel()
        self._alarm = self._alarms.at(deadline, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self.schedule()
