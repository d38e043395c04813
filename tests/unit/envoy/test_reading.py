from __future__ import annotations

import difflib
from typing import Any

import pytest

from legation.envoy import codec
from legation.envoy.findings import Finding
from legation.model.problems import MOST_TOLD, Level

CLUSTER = {"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "a"}
HTTP = {"@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"}
MANY = 3 * MOST_TOLD


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of which it was asked what they resemble."""
    asked: list[str] = []
    search = difflib.get_close_matches

    def noted(word: str, *rest: Any, **more: Any) -> list[str]:
        asked.append(word)
        return search(word, *rest, **more)

    monkeypatch.setattr(difflib, "get_close_matches", noted)
    return asked


def findings(**fields: Any) -> tuple[Finding, ...]:
    return codec.encode({**CLUSTER, **fields}).findings


def of_level(found: tuple[Finding, ...], level: Level) -> list[Finding]:
    return [each for each in found if each.level is level]


def test_of_many_fields_that_nobody_knows_some_are_told_and_the_others_counted(searches: list[str]) -> None:
    found = findings(**{f"conect_timeou{each}": each for each in range(MANY)})
    assert len(found) == MOST_TOLD + 1
    assert str(found[0]) == (
        'conect_timeou0: unknown field "conect_timeou0" in Cluster (did you mean "connect_timeout"?)'
    )
    assert str(found[-1]) == "and 200 more that are not told (mend those that are told, and look again)"
    assert found[-1].code == "and-more"
    assert found[-1].level is Level.ERROR
    assert len(searches) == MOST_TOLD


def test_of_many_values_that_nobody_knows_some_are_looked_for(searches: list[str]) -> None:
    found = findings(health_checks=[{"alt_port": {}, "http_health_check": {"method": "GE"}} for _ in range(MANY)])
    assert [each.code for each in found].count("unknown-value") == MOST_TOLD
    assert len(searches) == MOST_TOLD


def test_many_extensions_that_nobody_knows_are_no_error(searches: list[str]) -> None:
    unknown = {"@type": "type.googleapis.com/envoy.extensions.nobody.v3.Nothing"}
    found = findings(filters=[{"name": str(each), "typed_config": unknown} for each in range(MANY)])
    assert {each.level for each in found} == {Level.WARNING}
    assert found[-1].message == "and 200 more that are not told"
    assert len(searches) == MOST_TOLD


def test_many_fields_that_are_sent_as_they_are_hide_no_error() -> None:
    options = {**HTTP, **{f"new{each}": each for each in range(MANY)}}
    by_name = {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options}
    extensions = {"typed_extension_protocol_options": by_name}
    sent = findings(**extensions)
    assert of_level(sent, Level.ERROR) == []
    assert "and-more" in {each.code for each in sent}
    wrong = findings(**extensions, connect_timeout=1)
    assert [each.path for each in of_level(wrong, Level.ERROR)] == [("connect_timeout",)]


def test_errors_that_are_not_told_refuse_the_resource_too() -> None:
    known_twice = [{"alt_port": 1, "altPort": 1} for _ in range(MANY)]
    found = codec.encode({**CLUSTER, "health_checks": known_twice, "dns_refresh_rate": [1] * MANY})
    assert found.resource is None
    numbers = codec.encode({**CLUSTER, "health_checks": [{"timeout": 1}] * MANY})
    assert numbers.resource is None
    assert numbers.findings[-1].level is Level.ERROR


def test_of_many_rules_that_are_broken_some_are_told() -> None:
    found = findings(health_checks=[{} for _ in range(MANY)])
    assert len(of_level(found, Level.ERROR)) == MOST_TOLD + 1
    assert found[-1].code == "and-more"


def test_a_name_of_great_length_is_not_looked_for(searches: list[str]) -> None:
    (found,) = findings(**{"conect_timeout" * 100: 1})
    assert found.mend == ""
    assert searches == []
