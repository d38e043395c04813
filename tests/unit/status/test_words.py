"""Texts as the API server takes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from legation.status.words import cut, reason_of, rfc3339, rfc3339_micro, several


@pytest.mark.parametrize(
    ("text", "longest", "shown"),
    [("abc", 3, "abc"), ("abcdef", 5, "ab…"), ("äöüß", 7, "äö…"), ("äöüß", 6, "ä…"), ("äöüß", 8, "äöüß")],
)
def test_a_text_is_cut_by_bytes_and_never_in_a_character(text: str, longest: int, shown: str) -> None:
    assert cut(text, longest) == shown
    assert len(cut(text, longest).encode()) <= longest


@pytest.mark.parametrize(("code", "reason"), [("unknown-field", "UnknownField"), ("kept", "Kept"), ("", "Invalid")])
def test_a_code_is_a_reason(code: str, reason: str) -> None:
    assert reason_of(code) == reason


def test_numbers_and_moments() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert [several(each, "Envoy") for each in (0, 1, 2)] == ["0 Envoys", "1 Envoy", "2 Envoys"]
    assert (rfc3339(moment), rfc3339_micro(moment)) == ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000006Z")
