"""Dialogues: what one client and the control plane say to each other, word for word, as text.

Each line is one message or one thing that happens; after each `>` and whatever else happens, the control plane says
exactly the `<` lines that follow, and nothing else.

    have CDS a@1 b@1; EDS a@1           the newest snapshot; `l@1->r` names a resource of the next lower type,
                                        the virtual host `r/h@1~x,*.y` has these domains, and `l@1^80` claims 80,
                                        which nobody else can hold at the same time
    have CDS a@1; incomplete CDS        somebody is unable to read what else there may be
    have CDS a@1%30                     a has a TTL of 30 s
    have CDS a@1*0.15; LDS l@1&         a is warm 0.15 s after its endpoints are there; l does not linger
    > CDS                               state of the world: the names that it wants
    > CDS a b nonce=1                   ... in answer to the response of that nonce (the nonces count from 1)
    > CDS nonce=1 error=b_is_bad        ... refusing it
    > CDS +a -b nonce=1 has=c@1         delta: subscribe, unsubscribe, and what it holds already
    < CDS #1 a@1 b@1 -c                 a response: its nonce, its resources, what it removes
    < CDS #2                            an empty response
    < EDS #3 ?x ?y(unavailable)         errors: there is no x; y may exist and cannot be read
    < VHDS #3 r/h@1~x,*.y,a.y !r/b      a resource with its aliases; one without a body
    < CDS #4 a@1%30 %b@1%9              a, with its TTL; and the TTL of b is renewed, without its body
    wait 5                              seconds pass
    reconnect                           all streams end, and the client comes back
    close CDS                           the stream of that type alone ends

Unless a dialogue says which, it is played twice in step: all types on one stream, and a stream for each type. Both have
to be told the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from legation.model.events import Event
from legation.model.hosts import alias
from legation.model.resource import Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LB_ENDPOINT,
    LISTENER,
    ROUTE_CONFIGURATION,
    RUNTIME,
    SCOPED_ROUTE,
    SECRET,
    VIRTUAL_HOST,
    ResourceType,
)
from legation.model.snapshot import Snapshot
from legation.protocol.machine import Machine
from legation.protocol.messages import DeltaRequest, DeltaResponse, Request, Response, SotwRequest
from legation.protocol.sequence import Policy, Sequence
from legation.protocol.terms import Variant
from tests.small_world import resource, snapshot
from tests.spec import variants
from tests.turn import next_response

ROWS = {
    "CDS": CLUSTER,
    "EDS": CLUSTER_LOAD_ASSIGNMENT,
    "LEDS": LB_ENDPOINT,
    "SDS": SECRET,
    "ECDS": EXTENSION_CONFIG,
    "LDS": LISTENER,
    "RDS": ROUTE_CONFIGURATION,
    "SRDS": SCOPED_ROUTE,
    "VHDS": VIRTUAL_HOST,
    "RTDS": RUNTIME,
}
SHORT = {row: short for short, row in ROWS.items()}

USES = {
    CLUSTER: CLUSTER_LOAD_ASSIGNMENT,
    CLUSTER_LOAD_ASSIGNMENT: LB_ENDPOINT,
    LISTENER: ROUTE_CONFIGURATION,
    ROUTE_CONFIGURATION: CLUSTER,
    SCOPED_ROUTE: ROUTE_CONFIGURATION,
    VIRTUAL_HOST: CLUSTER,
}
"""What `a@1->b` refers to, by the type of a."""

OPTION = re.compile(r"[a-z]+=")

AT_ONCE = Policy(removal_grace=0.0, drain_grace=0.0, reopening_timeout=0.0)


@dataclass(kw_only=True)
class Dialogue:
    """One client, in one variant."""

    delta: bool
    separate: bool | None = None
    """A stream for each type, or all on one; None: one client of each kind, in step."""
    policy: Policy = AT_ONCE
    features: frozenset[str] = frozenset()
    """The `client_features` of its node."""
    now: float = 0.0
    events: list[Event] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.snapshot: Snapshot | None = None
        self.twin: Dialogue | None = None
        if self.separate is None:
            self.twin = Dialogue(
                delta=self.delta, separate=True, policy=self.policy, features=self.features, now=self.now
            )
        self._begin()

    def _begin(self) -> None:
        self.sequence = Sequence(self.policy, features=self.features)
        self.machines: dict[ResourceType, Machine] = {}
        if self.snapshot is not None:
            self.sequence.retarget(self.snapshot)

    def play(self, script: str) -> None:
        """Play a dialogue; fail at the first line that the control plane says otherwise."""
        lines = [line.split("  # ")[0].strip() for line in script.splitlines()]
        said: list[str] = []
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            if line.startswith("<"):
                assert said, f"line {number}: said nothing in place of {line}"
                assert said.pop(0) == line, f"line {number}: said otherwise, expected {line}"
                continue
            assert not said, f"before line {number}: said also {said}"
            self._do(line)
            said = self.pump()
        assert not said, f"at the end: said also {said}"

    def _do(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        if self.twin is not None and verb != ">":
            self.twin._do(line)
        match verb:
            case ">":
                self.receive(self.request(rest))
            case "have":
                self.snapshot = parse(rest)
                self.sequence.retarget(self.snapshot)
            case "wait":
                self.now += float(rest)
            case "reconnect":
                self._begin()
            case "close":
                self.sequence.close(self.machines.pop(ROWS[rest]))
            case _:
                raise ValueError(line)

    def receive(self, request: Request) -> None:
        """Hand in a request; the stream begins with its first one."""
        if self.twin is not None:
            self.twin.receive(request)
        variants.spoken(delta=self.delta, separate=bool(self.separate))
        if request.type not in self.machines:
            variant = Variant.DELTA if self.delta else Variant.SOTW
            owner = request.type.name if self.separate else "ads"
            self.machines[request.type] = self.sequence.open(
                request.type, variant=variant, owner=owner, aggregated=not self.separate
            )
        self.events += self.sequence.receive(self.machines[request.type], request, self.now)

    def request(self, text: str) -> Request:
        """Return the request that a line means."""
        short, *words = text.split()
        row = ROWS[short]
        options = dict(word.split("=", 1) for word in words if OPTION.match(word))
        names = [word for word in words if not OPTION.match(word)]
        nonce, error = options.get("nonce", ""), options.get("error")
        if not self.delta:
            return SotwRequest(
                type=row, names=tuple(names), version=options.get("version", ""), nonce=nonce, error=error
            )
        held = dict(pair.split("@") for pair in options.get("has", "").split(",") if pair)
        return DeltaRequest(
            type=row,
            subscribe=tuple(name[1:] for name in names if name.startswith("+")),
            unsubscribe=tuple(name[1:] for name in names if name.startswith("-")),
            initial_versions=held,
            nonce=nonce,
            error=error,
        )

    def pump(self) -> list[str]:
        """Let the control plane say all that it has to say; return it, line by line."""
        said = []
        asking = True
        while asking:
            asking = False
            for owner in dict.fromkeys(machine.owner for machine in self.machines.values()):
                answer = next_response(self.sequence, self.now, owner)
                if answer is not None:
                    asking = True
                    self.responses.append(answer[0])
                    said.append(show(answer[0]))
                    assert len(said) < 100, said
        if self.twin is not None:
            self.twin.now = self.now
            told = self.twin.pump()
            assert told == said, f"on a stream for each type: said {told} in place of {said}"
        return said


def show(response: Response) -> str:
    """Return the line of a response. Fails if a name stands in it twice (A1.10, A4.21)."""
    names = [each.name for each in response.resources]
    delta = response if isinstance(response, DeltaResponse) else DeltaResponse(type=response.type, version="", nonce="")
    removed, unknown, renewed = delta.removed, delta.unknown, delta.renewed
    said = [*names, *removed, *unknown, *(each.name for each in renewed), *(each.name for each in response.errors)]
    assert len(set(said)) == len(said), f"a name twice: {said}"
    words = [_word(each, response) for each in sorted(response.resources, key=lambda each: each.name)]
    words += [f"%{_word(each, response)}" for each in renewed]
    words += [f"-{name}" for name in removed] + [f"!{name}" for name in unknown]
    words += [f"?{each.name}{'(unavailable)' if each.unavailable else ''}" for each in response.errors]
    return " ".join(["<", SHORT[response.type], f"#{response.nonce}", *words])


def _word(resource: Resource, response: Response) -> str:
    hosts = [each.rpartition("/")[2] for each in resource.aliases]
    ttl = f"%{resource.ttl:g}" if response.expiring and resource.ttl is not None else ""
    return f"{resource.name}@{_version(resource)}" + (f"~{','.join(hosts)}" if hosts else "") + ttl


def _version(resource: Resource) -> str:
    # Those that the control plane makes itself have the hash of their content.
    return resource.version if len(resource.version) < 24 else "empty"


def parse(text: str) -> Snapshot:
    """Return the snapshot that a line means."""
    made: list[Resource] = []
    incomplete: list[ResourceType] = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        short, *words = part.split()
        if short == "incomplete":
            incomplete += [ROWS[word] for word in words]
            continue
        made += [_resource(ROWS[short], word) for word in words]
    return snapshot(*made, incomplete=incomplete)


def _resource(row: ResourceType, word: str) -> Resource:
    named, _, uses = word.partition("->")
    name, version = named.split("@")
    version, _, ttl = version.partition("%")
    version, _, domains = version.partition("~")
    version, _, claim = version.partition("^")
    version, _, within = version.partition("*")
    made = resource(
        row,
        name,
        version.removesuffix("&"),
        _references(row, uses.split(",") if uses else ()),
        claims=(claim,) if claim else (),
        warms_within=float(within or 0),
        lingers=not version.endswith("&"),
        ttl=float(ttl) if ttl else None,
    )
    scope = name.rpartition("/")[0]
    return replace(made, aliases=tuple(alias(scope, each) for each in domains.split(","))) if domains else made


def _references(row: ResourceType, uses: Iterable[str]) -> tuple[tuple[ResourceType, tuple[str, ...]], ...]:
    by_row: dict[ResourceType, list[str]] = {}
    for each in uses:
        kind, colon, name = each.rpartition(":")
        by_row.setdefault(ROWS[kind] if colon else USES[row], []).append(name)
    return tuple((other, tuple(names)) for other, names in by_row.items())


def sotw(
    script: str, *, separate: bool | None = None, policy: Policy = AT_ONCE, features: Iterable[str] = ()
) -> Dialogue:
    """Play a dialogue in state of the world."""
    dialogue = Dialogue(delta=False, separate=separate, policy=policy, features=frozenset(features))
    dialogue.play(script)
    return dialogue


def delta(
    script: str, *, separate: bool | None = None, policy: Policy = AT_ONCE, features: Iterable[str] = ()
) -> Dialogue:
    """Play a dialogue in delta."""
    dialogue = Dialogue(delta=True, separate=separate, policy=policy, features=frozenset(features))
    dialogue.play(script)
    return dialogue
