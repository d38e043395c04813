from __future__ import annotations

from typing import Any

import pytest

from legation.envoy.lints.format_commands import COMMANDS, EITHER_WAY, WITH_PARAMETERS, WITHOUT_PARAMETERS
from tests.unit.envoy.lints.telling import host, route, routes, told
from tests.unit.envoy.lints.test_access import config

FILE = "envoy.extensions.access_loggers.file.v3.FileAccessLog"


def logged(text: str) -> list[str]:
    return told(config(FILE, path="/dev/null", log_format={"text_format_source": {"inline_string": text}}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "100%%",
        "%PROTOCOL%",
        "%PROTOCOL%%RESPONSE_CODE%",
        "%REQ(a)% %REQ(a?b)% %REQ(a):20%",
        "%START_TIME% %START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
        "%START_TIME((%Y))%",
        "%GRPC_STATUS(SNAKE_STRING)%",
        '%COALESCE({"operators": ["PROTOCOL"]})%',
    ],
)
def test_good_formats(text: str) -> None:
    assert logged(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "%",
        "100 % sure",
        "%PROTOCOL",
        "%protocol%",
        "%START_TIME(%Y",
        "%REQ(a):x%",
        "%REQ%",
        "%REQ()%",
        "%REQ(a?b?c)%",
        "%PROTOCOL(a)%",
        "%PROTOCOL:5%",
    ],
)
def test_bad_formats(text: str) -> None:
    assert logged(text) == ["error bad-format typed_config.log_format.text_format_source.inline_string"]


def test_commands_that_nobody_knows() -> None:
    place = "typed_config.log_format.text_format_source.inline_string"

    assert logged("%CLIENT_IP%") == [f"warning unknown-command {place}"]
    assert logged("%CLIENT_IP% %STATUS(a):5%") == [f"warning unknown-command {place}"] * 2


def test_an_extension_may_know_more_commands() -> None:
    formatter = {"name": "x", "typed_config": {"@type": "type.googleapis.com/google.protobuf.Empty"}}
    known = {"text_format_source": {"inline_string": "%CLIENT_IP%"}, "formatters": [formatter]}
    bad = {"text_format_source": {"inline_string": "%client_ip%"}, "formatters": [formatter]}

    assert told(config(FILE, path="/dev/null", log_format=known)) == []
    assert told(config(FILE, path="/dev/null", log_format=bad)) == [
        "error bad-format typed_config.log_format.text_format_source.inline_string"
    ]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"log_format": {"text_format": "%REQ%"}}, "log_format.text_format"),
        ({"log_format": {"json_format": {"a": {"b": [1, "%REQ%"]}}}}, "log_format.json_format.a.b[1]"),
        ({"format": "%REQ%"}, "format"),
        ({"json_format": {"a": "%REQ%"}}, "json_format.a"),
        ({"typed_json_format": {"a": "%REQ%"}}, "typed_json_format.a"),
        ({"log_format": {"json_format": {"a": 1, "b": None, "c": True}}}, ""),
        ({}, ""),
    ],
)
def test_all_places_of_a_log(fields: dict[str, Any], where: str) -> None:
    found = told(config(FILE, path="/dev/null", **fields))

    assert found == ([f"error bad-format typed_config.{where}"] if where else [])


def test_values_of_headers() -> None:
    def added(value: str) -> list[str]:
        header = {"header": {"key": "a", "value": value}}
        return told(routes(host({**route(), "request_headers_to_add": [header]})))

    place = "virtual_hosts[0].routes[0].request_headers_to_add[0].header.value"
    assert added("%PROTOCOL% 100%%") == []
    assert added("100%") == [f"error bad-format {place}"]
    assert added("%WHO%") == [f"warning unknown-command {place}"]


def test_each_command_stands_in_one_list() -> None:
    assert len(COMMANDS) == len(WITH_PARAMETERS) + len(WITHOUT_PARAMETERS) + len(EITHER_WAY)
