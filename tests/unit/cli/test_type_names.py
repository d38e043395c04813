"""Types of resources in what a person writes and reads."""

from __future__ import annotations

import click
import pytest

from legation.cli.type_names import asked_type, shown


def test_a_type_is_asked_for_by_the_name_that_people_give_it() -> None:
    assert asked_type("routes") == "RouteConfiguration"


def test_what_is_no_type_is_told_with_those_that_there_are() -> None:
    with pytest.raises(click.BadParameter, match=r"'wagon' is no type; the types are Cluster, .*, Runtime"):
        asked_type("wagon")


def test_a_type_stands_in_a_sentence() -> None:
    assert shown("ClusterLoadAssignment") == "cluster load assignment"
