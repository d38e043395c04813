"""Fields of our own kinds, from their definitions."""

from __future__ import annotations

import pytest

from legation.cli.kind_fields import UnknownField, find, is_meant, kinds


def test_every_kind_that_has_a_definition_is_known() -> None:
    """By its name, in any case."""
    every = ["cluster", "endpoint", "envoyresources", "listener", "route", "upstream", "virtualservice"]
    assert sorted(kinds()) == every


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("VirtualService", True),
        ("virtualservice.spec.listeners", True),
        ("upstream.spec.hosts", True),
        ("Cluster.spec", True),
        ("bootes.io/Cluster", True),
        ("Cluster", False),
        ("Cluster.name", False),
        ("HttpConnectionManager", False),
    ],
)
def test_a_name_that_envoy_has_too_is_a_kind_where_it_goes_on_like_one(name: str, *, meant: bool) -> None:
    """`Cluster.spec` is an object, `Cluster.name` a message."""
    assert is_meant(name) is meant


def test_a_field_has_type_meaning_and_rules() -> None:
    """Of the schema, in words."""
    found = find("VirtualService.spec.listeners")
    assert found is not None
    field, below = found
    assert (field.name, field.type, below) == ("VirtualService.spec.listeners", "list of map", ())
    assert "Ports" in field.meaning
    assert "must have at most 400 items" in field.rules
    assert ("udp", "map") in field.fields


def test_below_a_config_envoys_own_fields_begin() -> None:
    """The rest of the name is theirs."""
    found = find("Cluster.spec.config.connect_timeout")
    assert found is not None
    assert (found[0].name, found[0].is_envoys, found[1]) == ("Cluster.spec.config", True, ("connect_timeout",))


def test_a_slip_is_told_with_what_was_meant() -> None:
    """As for fields of Envoy's."""
    with pytest.raises(UnknownField) as unknown:
        find("VirtualService.spec.listners")
    assert unknown.value.candidates == ("VirtualService.spec.listeners",)


def test_another_group_is_another_kind() -> None:
    """And what has no definition is none at all."""
    assert find("example.org/Cluster") is None
    assert find("Deployment") is None
    assert find("bootes.io/v1/Cluster") is not None
