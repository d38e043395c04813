"""Who the replicas are, from the slices of their Service."""

from __future__ import annotations

from typing import Any

import pytest

from legation.model.cluster import Endpoint, Slice
from legation.status.slices import ReplicaPod, others


def endpoint(address: str, pod: str = "", **conditions: Any) -> Endpoint:
    return Endpoint(addresses=(address,), target=pod, **conditions)


def found(*slices: tuple[str, list[Endpoint]], own: str = "10.0.0.1") -> list[tuple[str, bool]]:
    given = [Slice(name=f"legation-{family}", address_type=family, endpoints=tuple(it)) for family, it in slices]
    return [(each.address, each.serves) for each in others(given, own_address=own)]


def test_the_own_pod_is_no_other_one_in_neither_family() -> None:
    four = ("IPv4", [endpoint("10.0.0.1", "a", ready=True), endpoint("10.0.0.2", "b", ready=True)])
    six = ("IPv6", [endpoint("fd00::1", "a", ready=True), endpoint("fd00::2", "b", ready=True)])
    assert found(four, six) == [("10.0.0.2", True)]
    assert found(six, four, own="fd00::2") == [("10.0.0.1", True)]


@pytest.mark.parametrize(
    ("conditions", "serves"),
    [
        ({}, True),
        ({"ready": True}, True),
        ({"ready": False}, False),
        ({"ready": False, "serving": True, "terminating": True}, True),
        ({"ready": False, "serving": False, "terminating": True}, False),
    ],
)
def test_one_that_begins_or_ends_need_not_answer(conditions: dict[str, bool], serves: bool) -> None:  # noqa: FBT001 - a column of the table
    assert found(("IPv4", [endpoint("10.0.0.2", "", **conditions)])) == [("10.0.0.2", serves)]


def test_slices_without_endpoints_or_with_host_names_say_nothing() -> None:
    assert found(("FQDN", [endpoint("example.org")])) == []
    assert found(("IPv4", [])) == []


def test_without_an_own_address_all_are_others() -> None:
    slices = [Slice(name="legation-4", address_type="IPv4", endpoints=(endpoint("10.0.0.1"),))]
    assert others(slices, own_address="") == (ReplicaPod(address="10.0.0.1", serves=True),)
