"""Where Envoy takes a TypedStruct, and what is written into one."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import typed_structs, types
from legation.model.objects import FieldPath

HTTP = "envoy.extensions.filters.http"


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        (("filter_chains", 0, "filters", 0, "typed_config"), True),
        (("filterChains", 0, "filters", 0, "typedConfig"), True),
        (("typed_config",), True),
        (("http_filters", 0, "config_discovery", "default_config"), True),
        (("typed_extension_protocol_options", "a"), True),
        (("typedPerFilterConfig", "a"), True),
        (("typed_per_filter_config", "a", "config"), True),
        (("typed_per_filter_config", "typed_config"), True),
        (("cluster_type", "typed_config"), False),
        (("requestIdExtension", "typedConfig"), False),
        (("health_checks", 0, "event_logger", 0, "typed_config"), False),
        (("metadata", "typed_filter_metadata", "a"), False),
        (("config",), False),
        ((), False),
    ],
)
def test_where_envoy_takes_one_is_known(path: FieldPath, *, taken: bool) -> None:
    assert typed_structs.taken_at(path, f"{HTTP}.buffer.v3.Buffer") is taken


@pytest.mark.parametrize(
    ("path", "empty"),
    [
        (("routes", 0, "typedPerFilterConfig", "a", "config"), True),
        (("typed_per_filter_config", "a", "config"), True),
        (("metadata", "typedFilterMetadata", "a"), True),
        (("typed_per_filter_config", "a"), False),
        (("http_filters", 0, "typed_config"), False),
        (("config",), False),
        ((), False),
    ],
)
def test_where_nothing_at_all_may_stand_is_known(path: FieldPath, *, empty: bool) -> None:
    assert typed_structs.may_be_empty(path) is empty


def test_not_in_place_of_what_only_holds_an_extension() -> None:
    assert not typed_structs.taken_at(("typed_per_filter_config", "a"), "envoy.config.route.v3.FilterConfig")


@pytest.mark.parametrize(
    ("json", "written"),
    [
        ({"maxAge": "5", "max_age": "6"}, {"max_age": "6"}),
        ({"foo": {"maxAge": 1}}, {"foo": {"maxAge": 1}}),
        (
            {"allowOriginStringMatch": {"safeRegex": {"regex": "a"}}},
            {"allow_origin_string_match": {"safe_regex": {"regex": "a"}}},
        ),
        ({"filterEnabled": [{"runtimeKey": "a"}, 5]}, {"filter_enabled": [{"runtime_key": "a"}, 5]}),
    ],
)
def test_each_known_field_is_written_once(json: dict[str, Any], written: dict[str, Any]) -> None:
    descriptor = types.find(f"{HTTP}.cors.v3.CorsPolicy")
    assert descriptor is not None
    assert typed_structs.to_write(json, descriptor) == written


def test_a_number_loses_digits_from_2_to_the_53_on() -> None:
    large = 1 << 53
    json = {"a": large, "b": [large + 1, -large - 1, float(large + 2), True], "c": {"d": str(large + 1)}}
    assert list(typed_structs.inexact(json)) == [("b", 0), ("b", 1)]
