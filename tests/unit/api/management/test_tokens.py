from __future__ import annotations

import pytest

from legation.api.management.refused import Refused
from legation.api.management.tokens import revision_of, token_of


def test_what_a_token_says_is_read_again() -> None:
    assert revision_of(token_of(7)) == 7


@pytest.mark.parametrize("token", ["", "7", "r", "r-7", "r7x", "r\u0667", "r" + "9" * 5000], ids=lambda it: it[:5])
def test_what_was_not_told_here_is_refused(token: str) -> None:
    with pytest.raises(Refused, match="no token"):
        revision_of(token)
