from __future__ import annotations

from typing import Any

import pytest

from legation.translate.envoy_fields import Field, field, items, value_of


def test_a_field_is_found_under_either_name() -> None:
    assert field({"virtual_hosts": 1}, "virtual_hosts") == Field("virtual_hosts", 1)
    assert field({"virtualHosts": 1}, "virtual_hosts") == Field("virtualHosts", 1)
    assert field({"virtualHosts": 1, "virtual_hosts": None}, "virtual_hosts") == Field("virtualHosts", 1)


@pytest.mark.parametrize("json", [None, [], ["a"], "a", 1, {}, {"a": None}], ids=repr)
def test_what_is_not_there_is_not_found(json: Any) -> None:
    assert field(json, "a") is None
    assert value_of(json, "a", "b") is None
    assert not list(items(json, "a"))


def test_fields_of_fields_are_found() -> None:
    assert value_of({"stringMatch": {"exact": ""}}, "string_match", "exact") == ""


def test_only_maps_of_a_list_are_items() -> None:
    assert list(items({"routes": [1, {"a": 1}, None, []]}, "routes")) == [(("routes", 1), {"a": 1})]
    assert not list(items({"routes": {"a": {}}}, "routes"))
