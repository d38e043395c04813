"""What is measured of the webhook is answered, every question of it."""

from __future__ import annotations

from bench import webhook


async def test_every_review_is_answered_at_rest_and_while_others_change() -> None:
    rows = await webhook.rows(40, 10)
    assert [each.what.partition(", ")[2].partition(":")[0] for each in rows] == ["at rest", "while others change"]
    assert all(" ms (" in each.measured for each in rows)
