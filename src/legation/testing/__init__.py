"""The public test kit: time that a test holds in its hand, and an Envoy that needs no Envoy.

It fulfils the same seams as what it stands for, and never sleeps.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from legation.testing.clock import ManualClock

if TYPE_CHECKING:
    from legation.testing.envoy_machine import EnvoyMachine, Fault, Said
    from legation.testing.fake_envoy import FakeEnvoy

__all__ = ["EnvoyMachine", "FakeEnvoy", "Fault", "ManualClock", "Said"]

_HOMES = {"EnvoyMachine": "envoy_machine", "Fault": "envoy_machine", "Said": "envoy_machine", "FakeEnvoy": "fake_envoy"}


def __getattr__(name: str) -> Any:
    # Only FakeEnvoy needs grpc and protobuf.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
