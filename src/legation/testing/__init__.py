"""The public test kit: time that a test holds in its hand, and an Envoy that needs no Envoy.

It fulfils the same seams as what it stands for, does nothing by itself and never sleeps.
"""

from __future__ import annotations

from legation.testing.clock import ManualClock
from legation.testing.envoy_machine import EnvoyMachine, Fault, Said

__all__ = ["EnvoyMachine", "Fault", "ManualClock", "Said"]
