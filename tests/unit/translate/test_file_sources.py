"""Config sources that are files: which of them are asked for over ADS, and what stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from legation.translate.file_sources import over_ads

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
