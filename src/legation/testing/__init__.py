"""The public test kit: time that a test holds in its hand, an Envoy and an API server that need no program.

It fulfils the same seams as what it stands for, and never sleeps.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from legation.testing.clock import ManualClock

if TYPE_CHECKING:
    from legation.testing.envoy_machine import EnvoyMachine, Fault, Said
    from legation.testing.fake_envoy import FakeEnvoy
    from legation.testing.fake_kube import FakeKube

__all__ = ["EnvoyMachine", "FakeEnvoy", "FakeKube", "Fault", "ManualClock", "Said"]

_HOMES = {
    "EnvoyMachine": "envoy_machine",
    "Fault": "envoy_machine",
    "Said": "envoy_machine",
    "FakeEnvoy": "fake_envoy",
    "FakeKube": "fake_kube",
}


def __getattr__(name: str) -> Any:
    # Only FakeEnvoy needs grpc and protobuf, and only FakeKube starlette.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
