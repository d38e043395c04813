"""kill -9 at any point loses nothing that was promised, and leaves nothing half done."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import pytest

from legation.sources.stored.disk import FolderDisk
from legation.sources.stored.journal import Journal
from tests.unit.sources.stored.killed_writer import CALLERS, PARTS, name_of, value_of

ROUNDS = 100
ROOT = Path(__file__).parents[4]


@pytest.mark.timeout(600)
def test_a_hundred_times(tmp_path: Path) -> None:
    chance = random.Random("kill")
    numbers = [1] * CALLERS
    program = [sys.executable, "-m", "tests.unit.sources.stored.killed_writer"]
    promised = 0
    with subprocess.Popen(
        program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        try:
            for seed in range(ROUNDS):
                writer.stdin.write(f"{tmp_path} {' '.join(map(str, numbers))} {seed}\n")
                writer.stdin.flush()
                last = [each - 1 for each in numbers]
                # Every second child kills itself.
                kill_after = sys.maxsize if seed % 2 else chance.randrange(1, 150)
                promised += one_round(writer.stdout, last, kill_after=kill_after)
                numbers = look(tmp_path, last)
        finally:
            os.killpg(writer.pid, signal.SIGKILL)
    assert promised > ROUNDS


def one_round(told: IO[str], last: list[int], *, kill_after: int) -> int:
    """Read what one child was promised until it is dead; kill it after so many promises. Return how many there were."""
    child = promised = 0
    for line in told:
        who, number = line.split()
        if who == "child":
            child = int(number)
        elif who == "ended":
            assert int(number) == -signal.SIGKILL, "it ended by itself"
            break
        else:
            assert int(number) == last[int(who)] + 1
            last[int(who)] += 1
            promised += 1
        if child and promised >= kill_after:
            os.kill(child, signal.SIGKILL)
            kill_after = sys.maxsize
    return promised


def look(folder: Path, last: list[int]) -> list[int]:
    """Look whether all is there that was promised, and return the number of each caller's next transaction."""
    journal = Journal(FolderDisk(folder))
    found = journal.open()
    journal.close()
    assert found.is_sound
    values: Mapping[str, Any] = {key.name: each.body["spec"] for key, each in found.objects.items()}
    numbers = []
    for caller, number in enumerate(last):
        (held,) = {values.get(name_of(caller, part)) for part in range(PARTS)}
        # What was under way may be there or not.
        assert held in {value_of(number), value_of(number + 1)}
        numbers.append(number + 1 if held == value_of(number) else number + 2)
    assert len(values) <= CALLERS * PARTS
    return numbers
