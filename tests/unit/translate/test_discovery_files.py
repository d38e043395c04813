"""What a file of Envoy's is, for Envoy and for us; what Envoy refuses is in the tests of `checked_files`."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import types
from legation.model.problems import Level
from legation.model.resource_types import CLUSTER, LISTENER, RESOURCE_TYPES, ROUTE_CONFIGURATION, ResourceType
from legation.translate.discovery_files import (
    _SERVICES,
    FIELDS,
    MESSAGE,
    DiscoveryFile,
    Reader,
    Shape,
    named_type,
    read,
    what_does_not_go_together,
)

WEB = {"@type": CLUSTER.url, "name": "web"}
TYPED = {"@type": f"type.googleapis.com/{MESSAGE}", "resources": [WEB]}


def of_envoy(value: object, key: str = "edge.yaml") -> DiscoveryFile:
    return read(value, key=key, reader=Reader.ENVOY)


def of_us(value: object) -> DiscoveryFile:
    return read(value, key="edge.yaml", reader=Reader.SERVER)


def test_the_fields_are_those_of_the_protos() -> None:
    descriptor = types.find(MESSAGE)
    assert descriptor is not None
    assert {name for each in descriptor.fields for name in (each.name, each.camelcase_name)} == FIELDS


def test_files_are_called_after_the_services_that_have_the_type() -> None:
    rows = {row for row in RESOURCE_TYPES if row.sotw_method}
    assert set(_SERVICES.values()) == rows


@pytest.mark.parametrize(
    ("key", "row"),
    [
        ("cds.yaml", CLUSTER),
        ("LDS.json", LISTENER),
        ("rds.yml", ROUTE_CONFIGURATION),
        ("rds-edge.yaml", None),
        ("cds.pb", None),
        ("cds", None),
        (".yaml", None),
    ],
)
def test_the_name_says_the_type(key: str, row: ResourceType | None) -> None:
    assert named_type(key) is row


@pytest.mark.parametrize("value", [{"resources": [WEB]}, TYPED])
def test_a_response_is_one_for_both(value: dict[str, Any]) -> None:
    for found in (of_envoy(value), of_us(value)):
        assert found.shape is Shape.RESPONSE
        assert found.members == ((("resources", 0), WEB),)
        assert not any(each.level is Level.ERROR for each in found.problems)
    assert not of_us(value).problems


@pytest.mark.parametrize("resources", [{}, 1, [1], ["web", WEB]])
def test_what_is_wrong_with_the_resources_is_told_in_the_same_words(resources: Any) -> None:
    value = {"resources": resources}
    assert of_envoy(value) == of_us(value)
    assert of_us(value).problems


def test_of_fields_that_nobody_knows_the_server_fears_slips_alone() -> None:
    more, slip = {"resources": [], "more": 1}, {"resources": [], "type_ulr": 1}
    levels = [[each.level for each in of(value).problems] for of in (of_us, of_envoy) for value in (more, slip)]
    assert levels == [[Level.WARNING], [Level.ERROR], [Level.ERROR], [Level.ERROR]]


def test_one_resource_alone_is_for_the_server() -> None:
    assert of_us(WEB).members == (((), WEB),)
    assert of_us(WEB).shape is Shape.RESOURCE
    assert [each.code for each in of_envoy(WEB).problems] == ["no-discovery-response"]


@pytest.mark.parametrize("value", [None, [], "text", 1, {"a": 1}, {"@type": TYPED["@type"], "a": 1}])
def test_what_is_something_else_is_told_where_its_name_promises_more(value: object) -> None:
    for found in (of_us(value), of_envoy(value)):
        assert (found.shape, found.problems) == (Shape.OTHER, ())
    assert [each.code for each in of_envoy(value, "cds.yaml").problems] == ["no-discovery-response"]


def test_a_name_counts_once() -> None:
    members = [(("resources", index), (CLUSTER, name)) for index, name in enumerate(("a", "b", "a"))]
    (double,) = what_does_not_go_together(members, key="cds.yaml", count=3)
    assert (double.code, double.path) == ("duplicate-resource", ("resources", 2))
    assert not list(what_does_not_go_together(members[:2], key="cds.yaml", count=2))


def test_names_are_compared_as_envoy_does() -> None:
    names = ("xdstp://a/b/c?x=1&y=2", "xdstp://a/b/c?y=2&x=1")
    members = [(("resources", index), (CLUSTER, name)) for index, name in enumerate(names)]
    assert [each.code for each in what_does_not_go_together(members, key="cds.yaml", count=2)] == ["duplicate-resource"]
