"""Who leads: tables of single machines, and any interleaving of two whose clocks run at different speeds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from legation.errors import KubeConflict, KubeError, KubeForbidden, KubeNotFound, KubeUnreachable, LegationError
from legation.kube.lease import Ask, Claim, Lease, LeasePolicy, Look
from legation.kube.pauses import Rest
from legation.model.problems import Level

STAMP = "2026-01-01T00:00:00.000000Z"
LATER = "2026-01-01T00:00:09.000000Z"
CONFLICT = KubeConflict(409, "Conflict", "it is another version by now")
FORBIDDEN = KubeForbidden(403, "Forbidden", "the user cannot patch leases")


def machine(identity: str = "a") -> Lease:
    return Lease(name="legation", namespace="home", identity=identity)


def lease(holder: str, *, version: int = 7, renewed: str = STAMP, duration: int = 15, transitions: int = 3) -> Any:
    spec = {
        "holderIdentity": holder,
        "leaseDurationSeconds": duration,
        "acquireTime": STAMP,
        "renewTime": renewed,
        "leaseTransitions": transitions,
    }
    return {"kind": "Lease", "metadata": {"resourceVersion": str(version)}, "spec": spec}


def step(it: Lease, now: float, *, chance: float = 0.0, stamp: str = LATER) -> Ask:
    return it.next(now, chance=chance, stamp=stamp)


def leader(now: float = 0.0) -> Lease:
    """Return one that leads since that moment."""
    it = machine()
    assert step(it, now) == Look()
    it.looked(None, now=now)
    assert isinstance(step(it, now), Claim)
    it.claimed(lease("a", version=1))
    return it


def test_a_lease_that_nobody_has_made_is_made() -> None:
    it = machine()
    step(it, 0.0)
    it.looked(None, now=0.0)
    claim = step(it, 0.0, stamp=STAMP)
    assert claim == Claim(
        {
            "holderIdentity": "a",
            "leaseDurationSeconds": 15,
            "acquireTime": STAMP,
            "renewTime": STAMP,
            "leaseTransitions": 0,
        },
        "",
    )
    assert not it.leads(0.0)


def test_who_has_claimed_leads_from_when_it_asked_and_renews_without_looking() -> None:
    it = machine()
    step(it, 0.0)
    it.looked(None, now=1.0)
    step(it, 2.0)
    it.claimed(lease("a", version=1))
    assert [it.leads(at) for at in (2.0, 11.9, 12.0)] == [True, True, False]
    assert step(it, 4.0) == Rest(6.0)
    claim = step(it, 6.0)
    assert isinstance(claim, Claim)
    assert (claim.version, claim.spec["acquireTime"], claim.spec["renewTime"]) == ("1", STAMP, LATER)
    assert claim.spec["leaseTransitions"] == 3


def test_whose_lease_it_is_is_left_alone_until_it_was_seen_unchanged_for_its_duration() -> None:
    it = machine()
    for now in (0.0, 5.0, 14.9):
        assert step(it, now) == Look()
        # A time in it that is long past means nothing: that is another machine's clock.
        it.looked(lease("b", renewed="1999-01-01T00:00:00.000000Z"), now=now)
        assert isinstance(step(it, now), Rest)
    step(it, 15.0)
    it.looked(lease("b", renewed="1999-01-01T00:00:00.000000Z"), now=15.0)
    claim = step(it, 15.0)
    assert isinstance(claim, Claim)
    assert (claim.version, claim.spec["leaseTransitions"], claim.spec["acquireTime"]) == ("7", 4, LATER)


def test_a_renewal_begins_the_wait_anew_and_a_label_does_not() -> None:
    it = machine()
    step(it, 0.0)
    it.looked(lease("b"), now=0.0)
    step(it, 0.0), step(it, 10.0)
    it.looked(lease("b", version=8), now=10.0)
    step(it, 10.0), step(it, 15.0)
    it.looked(lease("b", version=9, renewed=LATER), now=15.0)
    assert isinstance(step(it, 15.0), Rest)


@pytest.mark.parametrize("holder", ["", "a"])
def test_one_that_was_given_back_or_is_our_own_is_claimed_at_once(holder: str) -> None:
    it = machine()
    step(it, 0.0)
    it.looked(lease(holder), now=0.0)
    assert not it.leads(0.0)
    assert isinstance(step(it, 0.0), Claim)


@pytest.mark.parametrize("spec", [None, {}, {"holderIdentity": None, "leaseTransitions": "many"}])
def test_one_that_somebody_has_emptied_is_free(spec: Any) -> None:
    it = machine()
    step(it, 0.0)
    it.looked({"metadata": {"resourceVersion": "9"}, "spec": spec}, now=0.0)
    claim = step(it, 0.0)
    assert isinstance(claim, Claim)
    assert claim.spec["leaseTransitions"] == 1


def test_somebody_else_was_faster() -> None:
    it = machine()
    step(it, 0.0)
    it.looked(lease(""), now=0.0)
    step(it, 0.0)
    it.failed(CONFLICT)
    assert not it.leads(0.0)
    assert step(it, 0.0, chance=0.5) == Rest(2.0 + 1.2)
    assert step(it, 4.0) == Look()
    assert it.problem is None


def test_a_leader_looks_at_once_after_a_conflict_and_steps_down_if_it_lost() -> None:
    it = leader()
    step(it, 0.0), step(it, 2.0)
    it.failed(CONFLICT)
    assert it.leads(2.0)
    assert step(it, 2.0) == Look()
    it.looked(lease("a", version=5), now=2.0)
    assert isinstance(step(it, 2.0), Claim)
    it.failed(CONFLICT)
    step(it, 2.0)
    it.looked(lease("b", version=6, renewed=LATER), now=2.1)
    assert not it.leads(2.1)
    assert isinstance(step(it, 2.1), Rest)


def test_a_leader_that_nobody_answers_steps_down_before_others_may_lead() -> None:
    it, now = leader(), 0.0
    attempts = 0
    while it.leads(now):
        ask = step(it, now)
        if isinstance(ask, Rest):
            now = ask.until
            continue
        attempts += 1
        it.failed(KubeUnreachable("the API server does not answer in time"))
    assert attempts > 5
    assert 10.0 <= now < 11.0
    assert it.problem is not None
    assert it.problem.message == (
        "cannot get the Lease home/legation: the API server does not answer in time; no status is written"
    )


def test_a_leader_whose_lease_was_deleted_makes_it_anew() -> None:
    it = leader()
    step(it, 0.0), step(it, 2.0)
    it.failed(KubeNotFound(404, "NotFound", "leases legation not found"))
    assert step(it, 2.0) == Look()
    it.looked(None, now=2.0)
    claim = step(it, 2.0)
    assert isinstance(claim, Claim)
    assert claim.version == ""


def test_a_missing_right_is_told_with_the_rule_at_once_and_forgotten_when_it_is_there() -> None:
    it = machine()
    step(it, 0.0)
    it.failed(FORBIDDEN)
    problem = it.problem
    assert problem is not None
    assert (problem.code, problem.level) == ("no-lease", Level.WARNING)
    assert problem.message.startswith("may not get the Lease home/legation: the user cannot patch leases")
    assert problem.mend == (
        "it takes a Role in namespace home with the rule "
        'apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "patch"]'
    )
    step(it, 0.0), step(it, 5.0)
    it.looked(lease("b"), now=5.0)
    assert it.problem is None


def test_failures_are_asked_for_less_and_less_often() -> None:
    it, now, pauses = machine(), 0.0, []
    for _ in range(6):
        step(it, now)
        it.failed(KubeError(500, "InternalError", "oh"))
        rest = step(it, now, chance=0.999)
        assert isinstance(rest, Rest)
        pauses.append(round(rest.until - now))
        now = rest.until
    assert pauses == [4, 8, 16, 30, 30, 30]


def test_what_the_server_asks_for_is_honoured() -> None:
    it = machine()
    step(it, 0.0)
    it.failed(KubeError(429, "TooManyRequests", "wait", retry_after=20.0))
    assert step(it, 0.0) == Rest(20.0)


def test_giving_it_back_leaves_it_to_anybody() -> None:
    it = leader()
    claim = it.release(stamp=LATER)
    assert claim is not None
    assert (claim.spec["holderIdentity"], claim.spec["leaseDurationSeconds"], claim.version) == ("", 1, "1")
    assert not it.leads(0.0)


def test_who_does_not_lead_gives_nothing_back() -> None:
    it = machine()
    assert it.release(stamp=LATER) is None
    step(it, 0.0)
    it.looked(lease("b"), now=0.0)
    assert it.release(stamp=LATER) is None


@pytest.mark.parametrize(("retry", "deadline"), [(2.0, 15.0), (10.0, 10.0), (0.0, 10.0)])
def test_numbers_that_would_let_two_lead_are_refused(retry: float, deadline: float) -> None:
    with pytest.raises(ValueError, match="retry < deadline < duration"):
        LeasePolicy(retry=retry, deadline=deadline)


class Server:
    """One Lease, as an API server keeps it."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0

    def perform(self, ask: Look | Claim) -> dict[str, Any] | LegationError | None:
        if isinstance(ask, Look):
            return self.lease
        have = "" if self.lease is None else self.lease["metadata"]["resourceVersion"]
        if ask.version != have:
            return CONFLICT
        self.version += 1
        self.lease = {"metadata": {"resourceVersion": str(self.version)}, "spec": dict(ask.spec)}
        return self.lease


class Candidate:
    """A machine, its clock, and what it has asked for."""

    def __init__(self, name: str, speed: float, offset: float) -> None:
        self.name, self.speed, self.offset = name, speed, offset
        self.restart()

    def restart(self) -> None:
        self.machine = machine(self.name)
        self.asked: Look | Claim | None = None
        self.answer: Any = None
        self.performed = False
        self.rests_until = float("-inf")

    def clock(self, true: float) -> float:
        return self.offset + true * self.speed

    def leads(self, true: float) -> bool:
        return self.machine.leads(self.clock(true))


WHO = st.sampled_from([0, 1])


class Election(RuleBasedStateMachine):
    """Requests and answers take any time and may be lost; clocks differ by any offset, and by a fifth in speed."""

    @initialize(speeds=st.tuples(st.floats(0.9, 1.1), st.floats(0.9, 1.1)), offset=st.floats(-1e6, 1e6))
    def begin(self, speeds: tuple[float, float], offset: float) -> None:
        self.true, self.stamps = 0.0, 0
        self.server = Server()
        self.candidates = [Candidate("a", speeds[0], 0.0), Candidate("b", speeds[1], offset)]

    @rule(seconds=st.floats(0.01, 6.0))
    def time_passes(self, seconds: float) -> None:
        self.true += seconds

    @rule(who=WHO, chance=st.floats(0.0, 0.999))
    def ask(self, who: int, chance: float) -> None:
        it = self.candidates[who]
        now = it.clock(self.true)
        if it.asked is not None or now < it.rests_until:
            return
        self.stamps += 1
        match it.machine.next(now, chance=chance, stamp=str(self.stamps)):
            case Rest(until):
                it.rests_until = until
            case asked:
                it.asked, it.performed = asked, False

    @rule(who=WHO)
    def arrive(self, who: int) -> None:
        it = self.candidates[who]
        if it.asked is not None and not it.performed:
            it.answer, it.performed = self.server.perform(it.asked), True

    @rule(who=WHO)
    def answer(self, who: int) -> None:
        it = self.candidates[who]
        if it.asked is None or not it.performed:
            return
        asked, it.asked = it.asked, None
        if isinstance(it.answer, LegationError):
            it.machine.failed(it.answer)
        elif isinstance(asked, Look):
            it.machine.looked(it.answer, now=it.clock(self.true))
        else:
            it.machine.claimed(it.answer)

    @rule(who=WHO, seconds=st.floats(1.0, 20.0))
    def works_alone(self, who: int, seconds: float) -> None:
        """All goes well for one, and the other one hears nothing meanwhile."""
        end = self.true + seconds
        while self.true < end:
            self.ask(who, 0.0)
            self.arrive(who)
            self.true += 0.1
            self.answer(who)
            self.at_most_one_leads()

    @rule(who=WHO)
    def lose(self, who: int) -> None:
        it = self.candidates[who]
        if it.asked is not None:
            it.asked = None
            it.machine.failed(KubeUnreachable("nobody answers"))

    @rule(who=WHO)
    def restart(self, who: int) -> None:
        self.candidates[who].restart()

    @precondition(lambda self: any(each.leads(self.true) for each in self.candidates))
    @rule(who=WHO)
    def release(self, who: int) -> None:
        it = self.candidates[who]
        self.stamps += 1
        if it.asked is None and (claim := it.machine.release(stamp=str(self.stamps))) is not None:
            self.server.perform(claim)
            it.restart()

    @invariant()
    def at_most_one_leads(self) -> None:
        assert sum(each.leads(self.true) for each in self.candidates) < 2

    def teardown(self) -> None:
        """Where all works, somebody leads before long."""
        end = self.true + 120.0
        while self.true < end:
            for who in (0, 1):
                self.ask(who, 0.5)
                self.arrive(who)
                self.answer(who)
            self.at_most_one_leads()
            self.true += 0.5
        assert any(each.leads(self.true) for each in self.candidates)


Election.TestCase.settings = settings(stateful_step_count=40, max_examples=100)
TestElection = Election.TestCase
