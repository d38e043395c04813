"""Weights that traffic is shared out by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused

_LARGEST = 2**32 - 1


def _weighted_clusters(weighted: Any) -> Iterator[Finding]:
    whole = True
    for index, each in enumerate(weighted.clusters):
        if each.name and each.cluster_header:
            yield refused(
                "either-or",
                ("clusters", index, "cluster_header"),
                "a weighted cluster has a name or a cluster_header, not both",
                "take one out",
            )
        elif not each.name and not each.cluster_header:
            yield refused(
                "missing-field", ("clusters", index), "the weighted cluster has no name", "add the name of a cluster"
            )
        if not each.HasField("weight"):
            whole = False
            yield refused(
                "missing-field",
                ("clusters", index),
                "the weighted cluster has no weight, which Envoy does not guess",
                "add weight: 0 for a cluster that is to get nothing",
            )
    total = sum(each.weight.value for each in weighted.clusters)
    if whole and weighted.clusters and not total:
        yield refused(
            "all-weights-zero", ("clusters",), "all weights are 0, so no cluster gets a request", "raise one of them"
        )
    if total > _LARGEST:
        yield refused(
            "weights-too-large", ("clusters",), f"the weights add up to more than {_LARGEST}", "make them smaller"
        )


LINTS: Lints = {"envoy.config.route.v3.WeightedCluster": _weighted_clusters}
