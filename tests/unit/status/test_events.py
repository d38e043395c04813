"""Which changes of mind are told, and how an Event looks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from legation.model.delivery import Delivery, ObjectState, Refusal
from legation.model.replicas import ALONE
from legation.status.conditions import Status, status_of
from legation.status.events import News, event, news_of
from tests.unit.status.worlds import BROKEN, CLUSTERS, DUPLICATE, NOW, REFUSAL, WEB, delivery, state

WELL = state(), delivery(3, 3)


def made(it: ObjectState, total: Delivery) -> Status:
    return status_of(it, total, counted=ALONE, before=None, now=NOW)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, (state(), delivery(0, 0)), []),
        (None, (state(), delivery(1, 2)), []),
        (None, WELL, ["Normal Programmed"]),
        (None, (state(WEB, BROKEN, served=None), delivery(0, 0)), ["Warning UnknownField"]),
        (WELL, (state(), delivery(2, 3)), []),
        (WELL, (state(), delivery(0, 0)), []),
        (WELL, (state(generation=2), delivery(3, 3)), []),
        ((state(), delivery(2, 3)), WELL, ["Normal Programmed"]),
        (WELL, (state(WEB, BROKEN, generation=2, served=1), delivery(3, 3)), ["Warning UnknownField"]),
        (
            (state(WEB, BROKEN, generation=2, served=1), delivery(3, 3)),
            (state(generation=3), delivery(3, 3)),
            ["Normal Accepted", "Normal Programmed"],
        ),
        (WELL, (state(), delivery(2, 3, REFUSAL)), ["Warning RefusedByEnvoy"]),
        ((state(), delivery(2, 3, REFUSAL)), WELL, ["Normal NotRefused", "Normal Programmed"]),
        (
            (state(), delivery(2, 3, REFUSAL)),
            (state(), delivery(1, 3, REFUSAL, Refusal(node="edge-2", resource="r", words="w"))),
            [],
        ),
        (WELL, (state(WEB, DUPLICATE), delivery(0, 0)), ["Warning DuplicateName"]),
        ((state(WEB, DUPLICATE), delivery(0, 0)), WELL, ["Normal NoConflict", "Normal Programmed"]),
    ],
)
def test_what_is_told(
    before: tuple[ObjectState, Delivery] | None, after: tuple[ObjectState, Delivery], told: list[str]
) -> None:
    news = news_of(before and made(*before), made(*after))
    assert [f"{each.type} {each.reason}" for each in news] == told


def test_of_what_others_may_have_told_only_the_bad_is_told() -> None:
    assert news_of(None, made(*WELL), good=False) == ()
    broken = made(state(WEB, BROKEN, served=None), delivery(0, 0))
    assert [each.reason for each in news_of(None, broken, good=False)] == ["UnknownField"]


def test_a_note_says_which_generation() -> None:
    (broken,) = news_of(None, made(state(WEB, BROKEN, generation=2, served=None), delivery(0, 0)))
    assert broken.note.startswith("generation 2 is not valid: spec.config: there is no field")
    (well,) = news_of(None, made(state(generation=3), delivery(1, 1)))
    assert well.note == "every Envoy that gets it has accepted generation 3"


def test_an_event_is_about_its_object_and_fits() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    news = News("Warning", "R" * 200, "ü" * 2000, "Read")
    made = event(news, state(generation=2), CLUSTERS, instance="i" * 200, now=now)
    assert made["regarding"] == {
        "apiVersion": "bootes.io/v1",
        "kind": "Cluster",
        "namespace": "shop",
        "name": "web",
        "uid": "uid-of-web",
    }
    assert (made["metadata"], made["eventTime"]) == (
        {"generateName": "web-", "namespace": "shop"},
        "2026-01-02T03:04:05.000678Z",
    )
    assert (len(made["reason"]), len(made["reportingInstance"])) == (128, 128)
    assert len(made["note"].encode()) <= 1024
