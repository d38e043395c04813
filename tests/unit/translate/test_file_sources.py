"""Config sources that are files: which of them are asked for over ADS, and what stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from legation.translate.file_sources import _FILE, _OLD_FILE, _SOURCES, over_ads
from tests.unit.envoy.protos import every_message

FILES = {"eds.yaml"}
ADS = {"ads": {}, "resource_api_version": "V3"}
FILE = {"path": "/srv/current/eds.yaml"}


@pytest.mark.parametrize(
    "source",
    [
        {"path_config_source": FILE},
        {"pathConfigSource": FILE},
        {"path_config_source": {**FILE, "watched_directory": {"path": "/srv"}}},
        {"path_config_source": {"path": "eds.yaml"}, "resource_api_version": "V3"},
        FILE,
        {**FILE, "resource_api_version": "V3"},
    ],
)
def test_a_file_of_the_same_map_becomes_ads(source: dict[str, Any]) -> None:
    served = over_ads({"a": [{"eds_config": source, "b": 1}]}, FILES)
    assert (served.json, served.left) == ({"a": [{"eds_config": ADS, "b": 1}]}, ())


def test_what_else_the_source_says_is_kept() -> None:
    source = {**FILE, "resourceApiVersion": "V3", "initial_fetch_timeout": "0s"}
    assert over_ads({"sds_config": source}, FILES).json == {
        "sds_config": {"ads": {}, "resourceApiVersion": "V3", "initial_fetch_timeout": "0s"}
    }


@pytest.mark.parametrize(
    "other",
    [
        {"ads": {}},
        {"path": "/srv/current/eds.yaml"},
        {"access_log": {"path": "/srv/eds.yaml"}},
        {"config_source": {"path": 1}},
        {"config_source": {"path_config_source": "eds.yaml"}},
        {"config_source": ["eds.yaml"]},
    ],
)
def test_what_is_no_such_source_stays_the_same_object(other: dict[str, Any]) -> None:
    """Much has a field `path` that is no config source."""
    value = {"a": [other, {"b": other}]}
    served = over_ads(value, FILES)
    assert served.json is value
    assert served.left == ()


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ({"path_config_source": {"path": "/srv/rds.yaml"}}, "path_config_source"),
        ({"path": "/srv/eds.yaml/"}, "path"),
        ({"path": "/srv/eds.yam"}, "path"),
    ],
)
def test_other_files_are_told(source: dict[str, Any], field: str) -> None:
    value = {"rds": {"config_source": source}}
    served = over_ads(value, FILES)
    assert served.json is value
    assert served.left == (("rds", "config_source", field),)


def test_what_does_not_change_is_shared() -> None:
    kept = {"c": [1, 2]}
    served = over_ads({"a": kept, "eds_config": {"path": "/eds.yaml"}}, FILES)
    assert served.json["a"] is kept


_CORE = "envoy.config.core.v3."
_NOT_READ_FROM_FILES = {"lrs_server"}
"""It says where load reports go to."""


def _fields(message: str) -> set[str]:
    """Return the names, in both spellings, of the fields of that type in all that can be served."""
    return {
        spelling
        for holder in every_message()
        if not holder.full_name.startswith("envoy.config.bootstrap.")
        for field in holder.fields
        if field.message_type is not None and field.message_type.full_name == _CORE + message
        for spelling in (field.name, field.camelcase_name)
        if field.name not in _NOT_READ_FROM_FILES
    }


def test_the_fields_are_those_of_the_protos() -> None:
    assert _fields("PathConfigSource") == _FILE
    assert _fields("ConfigSource") <= _SOURCES


def test_no_other_field_is_taken_for_one() -> None:
    others = [
        f"{holder.full_name}.{field.name}"
        for holder in every_message()
        for field in holder.fields
        if {field.name, field.camelcase_name} & (_SOURCES | _FILE)
        and field.message_type is not None
        and not field.message_type.full_name.startswith(_CORE)
        and _OLD_FILE in field.message_type.fields_by_name
    ]
    assert others == []
