"""Types go by the names that people give them."""

from __future__ import annotations

import pytest

from legation.model.resource_types import RESOURCE_TYPES, named


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("cluster", "Cluster"),
        ("Clusters", "Cluster"),
        ("eds", "ClusterLoadAssignment"),
        ("endpoints", "ClusterLoadAssignment"),
        ("route", "RouteConfiguration"),
        ("route-configuration", "RouteConfiguration"),
        ("route configurations", "RouteConfiguration"),
        ("virtual_host", "VirtualHost"),
        ("nothing", None),
        ("", None),
    ],
)
def test_types_go_by_many_names(given: str, name: str | None) -> None:
    found = named(given)
    assert (found and found.name) == name


def test_every_type_goes_by_its_own_name() -> None:
    assert [named(row.name) for row in RESOURCE_TYPES] == list(RESOURCE_TYPES)
