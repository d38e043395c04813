"""The settings stand for what other parts take."""

from __future__ import annotations

import dataclasses

from legation.protocol.sequence import Policy
from legation.settings import Delivery


def test_the_delivery_settings_are_those_of_the_protocol() -> None:
    """A new time limit there is a new setting here, with the same default."""
    assert dataclasses.asdict(Delivery()) == dataclasses.asdict(Policy())
