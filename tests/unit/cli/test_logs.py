"""What the log looks like. Each case is a program of its own: logging is set up once for a whole process."""

from __future__ import annotations

import json
import subprocess
import sys

_PROGRAM = """
import logging, structlog
log = structlog.get_logger()
from legation.cli import logs
logs.configure(level={level!r}, form={form!r})
log.debug("detail")
log.info("ready", xds="localhost:18000")
logging.getLogger("asyncio").warning("slow %s", "callback")
logging.getLogger("asyncio").info("1 change detected")
try:
    raise ValueError("oh")
except ValueError:
    log.exception("broken")
    logging.getLogger("grpc").exception("foreign")
"""


def run(*, level: str = "info", form: str) -> list[str]:
    """Run the program and return the lines of its log."""
    program = [sys.executable, "-c", _PROGRAM.format(level=level, form=form)]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_json_lines_hold_the_event_its_level_and_its_values() -> None:
    """One object a line, from our own log and from that of libraries."""
    ready, slow, broken, foreign = (json.loads(line) for line in run(form="json"))
    assert (ready["event"], ready["level"], ready["xds"]) == ("ready", "info", "localhost:18000")
    assert ready["timestamp"].endswith("Z")
    assert (slow["event"], slow["level"], slow["logger"]) == ("slow callback", "warning", "asyncio")
    assert "ValueError: oh" in broken["exception"]
    assert "ValueError: oh" in foreign["exception"]


def test_lines_for_people_have_the_values_behind_the_event() -> None:
    """Without colours where there is no terminal."""
    ready, slow, *_ = run(form="console")
    assert "\x1b" not in ready
    assert ready.split()[1:] == ["[info", "]", "ready", "xds=localhost:18000"]
    assert "slow callback" in slow


def test_auto_is_json_where_there_is_no_terminal() -> None:
    """A container's log is read by programs."""
    assert json.loads(run(form="auto")[0])["event"] == "ready"


def test_libraries_are_heard_from_warnings_on() -> None:
    """The one that watches files would tell of every change, also of the log itself."""
    assert not any("change detected" in line for line in run(level="debug", form="json"))


def test_the_level_is_the_lowest_that_is_logged() -> None:
    """In both directions."""
    assert "detail" in run(level="debug", form="json")[0]
    assert json.loads(run(level="error", form="json")[0])["event"] == "broken"


_IN_A_LOOP = """
import asyncio, os, structlog
from legation.cli import logs
logs.configure(level="info", form="json")
log = structlog.get_logger()
written = []
write = os.sys.stderr.write
os.sys.stderr.write = lambda text: written.append(text) or write(text)

async def main():
    for number in range(3):
        log.info("call", number=number)
    assert not written
    await asyncio.sleep(0)
    assert len(written) == 1, written
    log.info("before")
    log.warning("trouble")
    assert len(written) == 2, written
    log.info("last")

asyncio.run(main())
log.info("after the loop")
"""


def test_what_is_logged_in_a_turn_of_the_loop_is_written_at_its_end_and_trouble_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", _IN_A_LOOP], capture_output=True, text=True, check=True)
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert events == ["call", "call", "call", "before", "trouble", "last", "after the loop"]
