"""How events look in the log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from legation.crossover import log


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("legation.crossover")
    before = root.handlers, root.level, own.level
    yield
    root.handlers, root.level, own.level = before[0], before[1], before[2]
    own.setLevel(before[2])


def test_text_is_one_line_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(level="info", form="text")
    log.info("written", files="a,b", written=2, path="a b", odd='x="y"')
    log.warning("two\nlines")
    log.debug("not shown")
    first, second = capsys.readouterr().err.splitlines()
    assert first.partition("Z ")[2] == 'info    written files=a,b written=2 path="a b" odd="x=\\"y\\""'
    assert second.partition("Z ")[2] == "warning two lines"


def test_json_is_one_object_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(level="warning", form="json")
    log.info("not shown")
    log.error("broken", code="x", count=1)
    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {"level": "error", "event": "broken", "code": "x", "count": 1}


def test_what_libraries_say_looks_the_same_from_warnings_on(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(level="debug", form="text")
    logging.getLogger("library").info("chatter")
    logging.getLogger("library").warning("odd: %s", 7)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("warning odd: 7")
