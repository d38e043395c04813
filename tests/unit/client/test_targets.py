"""Where the API is."""

from __future__ import annotations

import pytest

from legation.client.targets import target
from legation.errors import SettingsError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("localhost:18005", "localhost:18005"),
        ("[::1]:18005", "[::1]:18005"),
        ("/run/legation", "unix:/run/legation"),
        ("unix:/run/legation", "unix:/run/legation"),
        ("unix:", None),
        ("localhost", None),
        ("localhost:0", None),
        ("http://localhost:1", None),
    ],
)
def test_a_target_is_an_address_or_a_socket(given: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(SettingsError, match="server"):
            target(given, environ={})
    else:
        assert target(given, environ={"LEGATION_SERVER": "other:1"}) == expected
