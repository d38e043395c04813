"""Audit lines: where they go, how many there are, and what becomes of a call when they cannot be written."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from legation.api.management.audit import Audit

KEYS = [f"Cluster shop/c{number}" for number in range(7)]


def test_a_file_has_a_line_of_json_with_all_objects(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    audit = Audit(file, now=lambda: 0.0)
    audit.open()
    with capture_logs() as logs:
        audit.say("Apply", objects=KEYS, who="ann", outcome="done\nfake line", created=7)
    assert not logs
    (line,) = map(json.loads, file.read_text().splitlines())
    assert line == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "call": "Apply",
        "who": "ann",
        "outcome": "done\nfake line",
        "created": 7,
        "objects": KEYS,
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_a_file_they_are_in_the_log() -> None:
    with capture_logs() as logs:
        Audit().say("Apply", objects=KEYS, who="ann")
    assert [(each["call"], each["objects"]) for each in logs] == [("Apply", ", ".join(KEYS[:5]) + " and 2 more")]


def test_a_file_that_was_turned_over_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    audit = Audit(file)
    audit.say("Get")
    file.rename(tmp_path / "audit.log.1")
    audit.say("List")
    assert json.loads(file.read_text())["call"] == "List"


def test_what_cannot_be_written_is_in_the_log_and_a_problem_until_it_can(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "audit.log"
    audit = Audit(file)
    with pytest.raises(OSError, match="No such file"):
        audit.open()
    with capture_logs() as logs:
        audit.say("Get", who="ann")
    assert [each["event"] for each in logs] == ["audit lines cannot be written", "management call"]
    (problem,) = audit.problems()
    assert problem.code == "audit-log"
    file.parent.mkdir()
    audit.say("Get", who="ann")
    assert not audit.problems()


def test_what_is_no_file_is_not_written_to(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"no file|directory"):
        Audit(tmp_path).open()
    with pytest.raises(OSError, match="no file"):
        Audit(Path("/dev/null")).open()


def test_of_very_many_strangers_only_the_first_are_told_and_the_others_counted() -> None:
    moment = [0.0]
    audit = Audit(moment=lambda: moment[0])
    with capture_logs() as logs:
        for _ in range(1000):
            audit.stranger("Get", who="nobody")
    assert len(logs) == 20
    moment[0] = 11.0
    with capture_logs() as logs:
        audit.stranger("Get", who="nobody")
    assert logs[0]["more_before"] == 980
