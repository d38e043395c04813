"""The flags of envoy-xds-configmap-loader, which crossover grew from: no folder to choose, no TrafficSplit."""

from __future__ import annotations

from collections.abc import Mapping

from legation.crossover import crossover_flags
from legation.crossover.flags_common import OF_BOTH, namespace_flag
from legation.crossover.go_flags import FlagSet

options = crossover_flags.options


def flag_set(environment: Mapping[str, str]) -> FlagSet:
    """Return the flags."""
    return FlagSet("envoy-xds-configmap-loader", (namespace_flag(environment), *OF_BOTH))
