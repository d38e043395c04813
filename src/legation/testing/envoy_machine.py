"""EnvoyMachine: an Envoy as a value, with the real one's rules of asking, warming, serving, draining and refusing.

It does no I/O: what it would send is returned, what it gets is handed in. The rules were seen on the wire of Envoy
1.40, and are those of its cluster manager, listener manager and subscriptions:

- The runtime layers of the bootstrap come first, then a wildcard for clusters; listeners are asked for when the
  clusters of the first answer are warm.
- A new or changed cluster warms until its endpoints come (again, even at an unchanged version); its predecessor serves
  until then. On ADS the answers to CDS are withheld meanwhile, but not before the first listeners were asked for.
- State of the world asks again for the endpoints of a changed cluster, delta does not.
- A listener warms until its routes are there; its predecessor serves until then, and drains after. One of UDP is gone
  when it is stopped, and its sessions are.
- Routes do not warm: they are used when they come, and their removal (delta) is ignored.
- A listener that is new on the address of another is bad; those that go in the same response go first.
- A bad cluster or listener does not stop the good ones of its response; a bad route does, and so does what breaks a
  constraint of the protos. What waits for a type does not wait beyond a response of that type that was refused.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Container, Hashable, Iterable
from dataclasses import dataclass

from legation.model.resource import Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LISTENER,
    ROUTE_CONFIGURATION,
    RUNTIME,
    SCOPED_ROUTE,
    SECRET,
    ResourceType,
)
from legation.protocol.messages import Request, Response
from legation.testing.conversation import Conversation, DeltaConversation, SotwConversation
from legation.testing.holdings import Holdings

ADS = "ads"
"""The stream of an Envoy that speaks of everything on one."""

BY_NAME = (CLUSTER_LOAD_ASSIGNMENT, SECRET, EXTENSION_CONFIG, ROUTE_CONFIGURATION)
"""What is asked for by name, because something that is in use or warms refers to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an Envoy says on one of its streams."""

    stream: str
    """`ads`; or for separate streams the type's name and, where the type is asked for by name, the resource's."""
    request: Request | None
    """None: it closes that stream."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why this Envoy refuses a resource."""

    reason: str
    whole: bool = False
    """Nothing of the response is taken, as when a constraint of the protos is broken; else the good part is."""
    silent: bool = False
    """Its words do not name the resource, as when a regular expression in a route is wrong."""


_OCCUPIED = Fault("duplicate address")


def find_no_fault(resource: Resource) -> Fault | None:
    """Accept every resource."""
    del resource
    return None


class EnvoyMachine:
    """One Envoy.

    Args:
        delta: Speaks delta; else state of the world.
        separate: Opens a stream for each type, and for each name of a type that is asked for by name, as an Envoy
            does whose config sources are `api_config_source`; else one ADS stream.
        layers: The runtime layers of its bootstrap.
        static_clusters: The names of clusters in its bootstrap.
        drains: Replaced and removed listeners go on serving old connections until `finish_draining()`, but for those
            that do not linger (UDP).
        judge: Says what is wrong with a resource, or None.
    """

    def __init__(
        self,
        *,
        delta: bool = False,
        separate: bool = False,
        layers: Iterable[str] = (),
        static_clusters: Iterable[str] = (),
        drains: bool = False,
        judge: Callable[[Resource], Fault | None] = find_no_fault,
    ) -> None:
        self.judge = judge
        self.holdings = Holdings(static_clusters=frozenset(static_clusters), drains=drains)
        self._delta = delta
        self._separate = separate
        self._layers = frozenset(layers)
        self._awaited_layers = self._layers
        self._conversations: dict[tuple[str, ResourceType], Conversation] = {}
        self._initialized = False
        """The clusters of the first answer were warm once."""

    # What it has

    def holds(self, row: ResourceType) -> dict[str, str]:
        """Return name -> version of what is in use; warming clusters and listeners are not."""
        return {name: resource.version for name, resource in sorted(self.holdings.used[row].items())}

    def warming(self, row: ResourceType) -> dict[str, str]:
        """Return name -> version of the clusters or listeners that are not in use yet."""
        return {name: each.resource.version for name, each in sorted(self.holdings.warming[row].items())}

    def serving_violations(self) -> list[str]:
        """Return what is wrong with what serves: a route or cluster that it needs and lacks, in words."""
        return self.holdings.violations()

    # What it hears and says

    def connect(self) -> tuple[Said, ...]:
        """Open the streams and say what comes first.

        On a reconnect: everything that it asks for, with what it has. A state of the world type carries its version
        and names, a delta type its names and the versions that it holds.
        """
        live = {key: talk for key, talk in self._conversations.items() if talk.names or talk.row.wildcard}
        self._conversations = live
        said = [each for key, talk in live.items() for each in _saying(key, talk.connect())]
        if not live and self._layers:
            said += self._want(RUNTIME, self._layers)
        return (*said, *self._react())

    def receive(self, response: Response, stream: str = ADS) -> tuple[Said, ...]:
        """Take a response and return what this Envoy says to it, in order."""
        row = response.type
        talk = self._conversations.get((stream, row))
        if talk is None:
            return ()  # it does not ask for that type on this stream
        if row is RUNTIME:
            self._awaited_layers = frozenset()
        error, renewed = self._take(response, talk)
        return (*self._react(renewed), *_saying((stream, row), talk.answer(response, error)))

    def finish_draining(self) -> tuple[Said, ...]:
        """Let the drain time of all old listeners pass."""
        self.holdings.draining = ()
        return tuple(self._react())

    def finish_health_checks(self, names: Container[str] | None = None) -> tuple[Said, ...]:
        """Let the first health checks of these warming clusters, or of all, pass."""
        self.holdings.finish_health_checks(names)
        return tuple(self._react())

    def give_up_waiting(self, row: ResourceType | None = None) -> tuple[Said, ...]:
        """Let `initial_fetch_timeout` (15 s unless configured) pass: what warms serves with what it has.

        Args:
            row: Of that type alone; None: of all types.
        """
        self._awaited_layers = frozenset()
        self.holdings.give_up_waiting(row)
        return tuple(self._react())

    # As a value

    def copy(self) -> EnvoyMachine:
        """Return an independent copy; resources and the judge are shared."""
        twin = copy.copy(self)
        twin.holdings = self.holdings.copy()
        twin._conversations = {key: talk.copy() for key, talk in self._conversations.items()}  # noqa: SLF001 - its own
        return twin

    def key(self) -> Hashable:
        """Return what tells two states of the same Envoy apart."""
        talks = tuple((stream, row.name, talk.key()) for (stream, row), talk in self._conversations.items())
        return (self.holdings.key(), self._initialized, self._awaited_layers, talks)

    # How it does it

    def _take(self, response: Response, talk: Conversation) -> tuple[str | None, frozenset[str]]:
        """Return (the error that it answers with, the names of endpoints that it has to ask for again)."""
        row = response.type
        news = [each for each in response.resources if talk.names == frozenset() or each.name in talk.names]
        faults = {each.name: fault for each in news if (fault := self._fault(each))}
        faults |= dict.fromkeys(self.holdings.crowded_out(response, news), _OCCUPIED) if row is LISTENER else {}
        if any(fault.whole for fault in faults.values()) or (faults and row not in self.holdings.warming):
            name, fault = next(iter(faults.items()))
            self.holdings.refuse(row)
            return (fault.reason if fault.silent else f"{fault.reason} in {row.name} {name}"), frozenset()
        good = [each for each in news if each.name not in faults]
        changed = self.holdings.take(response, good, refused=frozenset(faults))
        renewed = {name for each in changed for name in each.refers_to(CLUSTER_LOAD_ASSIGNMENT)}
        error = f"Error adding/updating {row.name.lower()}(s) " + ", ".join(
            fault.reason if fault.silent else f"{name}: {fault.reason}" for name, fault in faults.items()
        )
        return (error if faults else None), frozenset(renewed)

    def _fault(self, resource: Resource) -> Fault | None:
        # What it has already is not looked at again.
        return None if self.holdings.knows(resource) else self.judge(resource)

    def _react(self, renewed: frozenset[str] = frozenset()) -> list[Said]:
        """Say what follows from the new state, in Envoy's order; the answer to the response itself comes after."""
        self.holdings.settle()
        said: list[Said] = []
        if not self._awaited_layers:
            said += self._want(CLUSTER, frozenset())
        for row in BY_NAME:
            names = self.holdings.wanted(row)
            said += self._want(row, names, again=renewed if row is CLUSTER_LOAD_ASSIGNMENT else frozenset())
            self.holdings.forget(row, but=names)
        if self.holdings.wanted(SCOPED_ROUTE):
            said += self._want(SCOPED_ROUTE, frozenset())
        return said + self._withhold_or_speak() + self._initialize()

    def _withhold_or_speak(self) -> list[Said]:
        key = (ADS, CLUSTER)
        talk = self._conversations.get(key)
        if talk is None or not self._initialized:
            return []
        if self.holdings.warming[CLUSTER]:
            talk.paused = True
            return []
        return _saying(key, talk.resume()) if talk.paused else []

    def _initialize(self) -> list[Said]:
        if CLUSTER in self.holdings.answered and not self.holdings.warming[CLUSTER]:
            self._initialized = True
        return self._want(LISTENER, frozenset()) if self._initialized else []

    def _want(self, row: ResourceType, names: frozenset[str], *, again: frozenset[str] = frozenset()) -> list[Said]:
        """Ask for exactly these names of a type, or with no names for a wildcard type as a whole."""
        if row.wildcard or not self._separate:
            return self._ask(row.name if self._separate else ADS, row, names, again=bool(again & names))
        said: list[Said] = []
        mine = {talk.names: stream for (stream, its_row), talk in self._conversations.items() if its_row is row}
        for name in sorted(names):
            stream = mine.pop(frozenset({name}), None)
            if stream is None:
                said += self._ask(f"{row.name}/{name}", row, frozenset({name}))
            elif name in again:
                # A changed cluster is a new subscription, and that is a new stream; the old one ends with the old.
                said += self._ask(
                    stream.removesuffix("'") if stream.endswith("'") else f"{stream}'", row, frozenset({name})
                )
                said += self._close(stream, row)
        for stream in mine.values():
            said += self._close(stream, row)
        return said

    def _ask(self, stream: str, row: ResourceType, names: frozenset[str], *, again: bool = False) -> list[Said]:
        key = (stream, row)
        talk = self._conversations.get(key)
        if talk is not None:
            return _saying(key, talk.want(names, again=again))
        if not names and not row.wildcard:
            return []
        talk = DeltaConversation(row) if self._delta else SotwConversation(row)
        talk.names = names
        self._conversations[key] = talk
        return _saying(key, talk.connect())

    def _close(self, stream: str, row: ResourceType) -> list[Said]:
        del self._conversations[stream, row]
        return [Said(stream=stream, request=None)]


def _saying(key: tuple[str, ResourceType], requests: Iterable[Request]) -> list[Said]:
    return [Said(stream=key[0], request=request) for request in requests]
