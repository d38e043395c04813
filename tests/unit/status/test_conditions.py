"""What the status says, as tables."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from legation.model.delivery import NO_DELIVERY, Delivery, ObjectState, Refusal
from legation.model.problems import Problem
from legation.model.replicas import ALONE, ReplicaCount
from legation.status.conditions import Status, condition, is_hasty, is_same, status_of
from tests.unit.status.worlds import (
    BROKEN,
    DANGLING,
    DUPLICATE,
    NOW,
    REFUSAL,
    WEB,
    delivery,
    opinions,
    said,
    state,
)

LATER = "2026-01-01T00:00:09Z"
SILENT = "1 of 3 replicas did not tell what their Envoys have"
TWO_OF_THREE = ReplicaCount(replicas=3, answered=2)


def made(
    it: ObjectState,
    total: Delivery = NO_DELIVERY,
    *,
    counted: ReplicaCount = ALONE,
    before: Status | None = None,
    now: str = NOW,
) -> dict[str, Any]:
    return status_of(it, total, counted=counted, before=before, now=now)


def test_all_is_well() -> None:
    assert made(state(generation=4), delivery(3, 3), counted=ReplicaCount(replicas=2, answered=2)) == {
        "observedGeneration": 4,
        "programmed": "3/3",
        "envoys": {"matching": 3, "accepted": 3, "refused": 0, "replicas": 2, "answered": 2},
        "conditions": [
            {
                "type": name,
                "status": status,
                "observedGeneration": 4,
                "lastTransitionTime": NOW,
                "reason": reason,
                "message": message,
            }
            for name, status, reason, message in (
                ("Accepted", "True", "Valid", "it is valid"),
                ("Programmed", "True", "Programmed", "3 of 3 Envoys have accepted generation 4"),
                ("Refused", "False", "NotRefused", "no Envoy refuses it"),
                ("Conflicted", "False", "NoConflict", "nothing that it makes is claimed by an older object"),
            )
        ],
    }


@pytest.mark.parametrize(
    ("it", "total", "counted", "opinion", "words", "programmed"),
    [
        (state(), delivery(1, 1), ALONE, "True/Programmed", "1 of 1 Envoys has accepted generation 1", "1/1"),
        (state(), delivery(2, 3), ALONE, "False/Pending", "2 of 3 Envoys have accepted generation 1", "2/3"),
        (state(), delivery(0, 0), ALONE, "False/NoEnvoys", "no Envoy that is connected is to get it", "0/0"),
        (
            state(),
            delivery(2, 3, REFUSAL),
            ALONE,
            "False/Refused",
            "1 of 3 Envoys refuses generation 1; 2 of 3 Envoys have accepted generation 1",
            "2/3",
        ),
        (
            state(WEB, BROKEN, generation=5, served=4),
            delivery(3, 3),
            ALONE,
            "False/NotServed",
            "generation 5 is not served; generation 4 still is, and 3 of 3 Envoys have accepted that",
            "0/3",
        ),
        (
            state(WEB, BROKEN, generation=5, served=None),
            delivery(0, 0),
            ALONE,
            "False/NotServed",
            "generation 5 is not served, and there is no earlier one to serve",
            "0/0",
        ),
        (
            state(WEB, DUPLICATE),
            delivery(0, 0),
            ALONE,
            "False/NotServed",
            "what it makes is not served: another object came first",
            "0/0",
        ),
        (state(WEB, DUPLICATE), delivery(1, 1), ALONE, "True/Programmed", None, "1/1"),
        (
            state(),
            delivery(3, 3),
            TWO_OF_THREE,
            "Unknown/NotAllAnswered",
            f"{SILENT}; of the others, 3 of 3 Envoys have accepted generation 1",
            "3/3",
        ),
        (state(), delivery(0, 0), TWO_OF_THREE, "Unknown/NotAllAnswered", None, "0/0"),
        (state(), delivery(1, 3), TWO_OF_THREE, "False/Pending", None, "1/3"),
    ],
)
def test_programmed(  # noqa: PLR0917 - the columns of the table
    it: ObjectState, total: Delivery, counted: ReplicaCount, opinion: str, words: str | None, programmed: str
) -> None:
    status = made(it, total, counted=counted)
    assert opinions(status)["Programmed"] == opinion
    assert status["programmed"] == programmed
    if words is not None:
        assert said(status, "Programmed") == words


@pytest.mark.parametrize(
    ("problems", "opinion", "words"),
    [
        (
            (DANGLING, BROKEN),
            "False/UnknownField",
            'spec.config: there is no field "conect_timeout" (did you mean "connect_timeout"?)',
        ),
        ((DANGLING,), "True/Valid", "it is valid, with 1 warning: nobody has it"),
        # What others have does not make it invalid.
        ((DUPLICATE,), "True/Valid", "it is valid"),
        (
            tuple(replace(BROKEN, message=f"{each} is wrong", mend="") for each in "abcdefg"),
            "False/UnknownField",
            "; ".join(f"spec.config: {each} is wrong" for each in "abcde") + "; and 2 more",
        ),
    ],
)
def test_accepted(problems: tuple[Problem, ...], opinion: str, words: str) -> None:
    status = made(state(WEB, *problems))
    assert (opinions(status)["Accepted"], said(status, "Accepted")) == (opinion, words)


def test_refused_says_which_envoys_and_in_whose_words() -> None:
    status = made(state(), Delivery(matching=9, accepted=1, refused=7, refusals=(REFUSAL,)))
    assert opinions(status)["Refused"] == "True/RefusedByEnvoy"
    assert said(status, "Refused") == (
        '7 of 9 Envoys refuse it: edge-1.shop: Cluster "web": malformed IP address; and 6 more Envoys'
    )
    assert status["envoys"]["refused"] == 7


def test_two_refusals_of_one_envoy_are_one_envoy() -> None:
    two = (REFUSAL, Refusal(node="edge-1.shop", resource='Listener "web"', words="no"))
    status = made(state(), Delivery(matching=1, accepted=0, refused=1, refusals=two))
    assert said(status, "Refused") == (
        '1 of 1 Envoys refuses it: edge-1.shop: Cluster "web": malformed IP address; edge-1.shop: Listener "web": no'
    )


def test_what_envoys_say_of_an_older_generation_is_not_said_of_the_newest() -> None:
    status = made(state(WEB, BROKEN, generation=5, served=4), delivery(2, 3, REFUSAL))
    assert status["envoys"] == {"matching": 3, "accepted": 0, "refused": 0, "replicas": 1, "answered": 1}
    assert said(status, "Refused").startswith("generation 4, which is still served: 1 of 3 Envoys refuses it: edge-1")


def test_conflicted_says_who_won() -> None:
    status = made(state(WEB, DUPLICATE))
    assert opinions(status)["Conflicted"] == "True/DuplicateName"
    assert said(status, "Conflicted") == "Cluster web is that of Cluster shop/old, which came first"


def test_a_moment_stays_while_the_status_of_its_condition_does() -> None:
    before = made(state(), delivery(2, 3))
    after = made(state(generation=2), delivery(3, 3), before=before, now=LATER)
    times = {each["type"]: each["lastTransitionTime"] for each in after["conditions"]}
    assert times == {"Accepted": NOW, "Programmed": LATER, "Refused": NOW, "Conflicted": NOW}


@pytest.mark.parametrize(
    "before",
    [
        {},
        {"conditions": None},
        {
            "conditions": [
                "odd",
                {"type": "Accepted"},
                {"type": "Programmed", "status": "True", "lastTransitionTime": 7},
            ]
        },
        {"conditions": {"Accepted": True}},
    ],
)
def test_a_status_that_somebody_else_wrote_is_understood_as_far_as_it_goes(before: Any) -> None:
    status = made(state(), delivery(1, 1), before=before, now=LATER)
    assert {each["lastTransitionTime"] for each in status["conditions"]} == {LATER}
    assert not is_same(before, status)


def test_a_status_is_the_same_whenever_it_began_and_whatever_others_add() -> None:
    status = made(state(), delivery(1, 1))
    assert is_same(made(state(), delivery(1, 1), now=LATER), status)
    others = {**status, "conditions": [{"type": "Reviewed", "status": "True"}, *reversed(status["conditions"])]}
    assert is_same(others, status)
    assert not is_same(None, status)
    assert not is_same(made(state(), delivery(1, 2)), status)
    assert not is_same(made(state(WEB, DANGLING), delivery(1, 1)), status)


@pytest.mark.parametrize(
    ("before", "after", "hasty"),
    [
        ((state(), delivery(3, 3)), (state(), delivery(0, 0)), True),
        ((state(), delivery(3, 3)), (state(generation=2), delivery(0, 0)), True),
        ((state(), delivery(3, 3)), (state(), delivery(1, 1)), False),
        ((state(), delivery(0, 0)), (state(generation=2), delivery(0, 0)), False),
        ((state(), delivery(3, 3)), (state(WEB, BROKEN, generation=2, served=1), delivery(0, 0)), False),
        ((state(), delivery(3, 3)), (state(WEB, DANGLING), delivery(0, 0)), False),
        (None, (state(), delivery(0, 0)), False),
    ],
)
def test_who_may_be_on_the_way_back(before: Any, after: Any, hasty: bool) -> None:  # noqa: FBT001 - a column
    assert is_hasty(before and made(*before), made(*after)) is hasty


def test_a_message_is_not_longer_than_the_api_server_takes() -> None:
    long = Refusal(node="edge", resource="Cluster", words="ä" * 40_000)
    message = said(made(state(), delivery(0, 1, long)), "Refused")
    assert 32_000 < len(message.encode()) <= 32_768
    assert message.endswith("…")


def test_it_is_json() -> None:
    status = made(state(WEB, BROKEN, DUPLICATE, DANGLING), delivery(2, 3, REFUSAL))
    assert json.loads(json.dumps(status)) == status
    assert condition(status, "Nothing") == {}
