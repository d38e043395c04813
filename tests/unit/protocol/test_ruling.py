"""What a client of several streams may be told."""

from __future__ import annotations

import pytest

from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT
from legation.protocol.messages import DeltaRequest, SotwRequest
from legation.protocol.sequence import Sequence, Variant
from tests.small_world import cluster, endpoints, snapshot


@pytest.mark.parametrize("variant", Variant)
def test_the_endpoints_of_a_kept_cluster_are_as_last_known_on_its_next_stream_too(variant: Variant) -> None:
    """An Envoy without ADS opens a new endpoint stream for the changed cluster before it closes that of the old one."""
    sequence = Sequence()
    sequence.retarget(snapshot(cluster("a"), endpoints("a")))

    def ask(stream: str, *names: str) -> tuple[str, set[str]] | None:
        row = CLUSTER_LOAD_ASSIGNMENT if names else CLUSTER
        machine = sequence.open(row, variant=variant, owner=stream)
        if variant is Variant.SOTW:
            sequence.receive(machine, SotwRequest(type=row, names=names), 0.0)
        else:
            sequence.receive(machine, DeltaRequest(type=row, subscribe=names), 0.0)
        answer = sequence.next_response(0.0, stream)
        return answer and (answer[0].type.name, {each.version for each in answer[0].resources})

    assert ask("clusters") == ("Cluster", {"1"})
    assert ask("first", "a") == ("ClusterLoadAssignment", {"1"})
    sequence.retarget(snapshot())
    assert ask("second", "a") == ("ClusterLoadAssignment", {"1"})
