"""What a file of tokens says. Who is let in by them: `test_admin.py`."""

from __future__ import annotations

import pytest

from legation.ops.guard import tokens_in


def test_a_file_has_a_token_a_line() -> None:
    assert tokens_in(b"0123456789abcdef\n\n  fedcba9876543210  \n") == ("0123456789abcdef", "fedcba9876543210")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no token"),
        (b" \n", "no token"),
        (b"short", "shorter than 16"),
        ("0123456789abcdefü".encode(), "other characters"),
        (b"\x00\xff", "other characters"),
    ],
)
def test_what_could_be_guessed_or_not_be_sent_is_no_token(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        tokens_in(content)
    assert "0123" not in str(caught.value)
