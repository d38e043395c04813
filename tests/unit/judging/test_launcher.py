from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from legation.judging import launcher


def launched(*command: str, parent: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command as Envoy is run."""
    parent = os.getpid() if parent is None else parent
    told = [sys.executable, "-I", "-S", launcher.__file__, str(parent), *command]
    return subprocess.run(told, capture_output=True, text=True, check=False)


def test_the_command_is_polite_and_leaves_no_core() -> None:
    ran = launched("/bin/sh", "-c", "cut -d' ' -f19 /proc/self/stat; ulimit -c")

    politeness, core = ran.stdout.split()
    assert int(politeness) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    assert core == "0"


def test_it_has_a_network_of_its_own_or_says_that_it_has_none() -> None:
    ran = launched("/bin/sh", "-c", "readlink /proc/self/ns/net")

    own = Path("/proc/self/ns/net").readlink()
    assert (ran.stdout.strip() == str(own)) is ran.stderr.startswith(launcher.NO_NAMESPACE)


def test_nothing_is_run_for_a_program_that_has_ended() -> None:
    ran = launched("/bin/echo", "ran", parent=1)

    assert ran.returncode == 1
    assert not ran.stdout
