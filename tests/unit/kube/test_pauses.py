"""How long pauses are."""

from __future__ import annotations

import pytest

from legation.kube.pauses import Backoff, Pause

BACKOFF = Backoff(first=1.0, longest=10.0, longest_obeyed=60.0)


@pytest.mark.parametrize(
    ("failures", "retry_after", "least", "most"),
    [
        (1, None, 0.5, 1.0),
        (2, None, 1.0, 2.0),
        (5, None, 5.0, 10.0),
        (10_000, None, 5.0, 10.0),
        (1, 0.2, 0.5, 1.0),
        (1, 7.0, 7.0, 7.5),
        (1, 86_400.0, 60.0, 60.5),
    ],
)
def test_pauses_grow_and_half_of_each_is_left_to_chance(
    failures: int, retry_after: float | None, least: float, most: float
) -> None:
    pause = BACKOFF.pause(failures, retry_after=retry_after)
    assert (pause.seconds(0.0), pause.seconds(1.0)) == (least, most)


def test_a_pause_is_between_its_least_and_that_with_all_that_chance_adds() -> None:
    assert Pause(least=2.0, chance=4.0).seconds(0.25) == 3.0
