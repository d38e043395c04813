from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from legation.judging import launcher


def launched(
    *command: str, folder: Path = Path("/nowhere"), parent: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command as Envoy is run."""
    parent = os.getpid() if parent is None else parent
    told = [sys.executable, "-I", "-S", launcher.__file__, str(parent), str(folder), *command]
    return subprocess.run(told, capture_output=True, text=True, check=False)


def test_the_command_is_polite_and_leaves_no_core() -> None:
    ran = launched("/bin/sh", "-c", "read -r all < /proc/$$/stat; set -- $all; echo ${19}; ulimit -c")

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


def knows_landlock() -> bool:
    return bool(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) > 0)


@pytest.mark.skipif(not knows_landlock(), reason="this kernel cannot shut a program in")
def test_a_binary_writes_to_its_folder_alone_reads_nothing_of_users_and_starts_nothing(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    (other / "key").write_text("a key")
    attempts = (
        f"echo x > {own}/file && echo wrote-own",
        f"echo x > {other}/file && echo wrote-other",
        f"echo x > {other}/key && echo wrote-key",
        f"read -r key < {other}/key && echo read-key",
        "echo x > /dev/null && echo wrote-nothing",
        "read -r all < /proc/version && echo read-machine",
        f"/bin/kill -0 {os.getpid()} && echo started",
        f"kill -0 {os.getpid()} && echo signalled",
    )

    ran = launched("/bin/sh", "-c", "; ".join(f"({each})" for each in attempts), folder=own)

    said = set(ran.stdout.split())
    assert said - {"signalled"} == {"wrote-own", "wrote-nothing", "read-machine"}, ran.stderr
    assert (other / "key").read_text() == "a key"


@pytest.mark.skipif(not knows_landlock(), reason="this kernel cannot shut a program in")
def test_a_script_starts_what_it_needs_and_writes_nowhere_else(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\n/bin/echo started\necho x > {tmp_path}/file && echo wrote\n")
    script.chmod(0o755)

    assert launched(str(script)).stdout.split() == ["started"]


def test_it_can_never_get_more_rights_or_all_of_the_memory() -> None:
    ran = launched(
        "/bin/sh", "-c", "while read -r key value; do echo $key $value; done < /proc/$$/status; ulimit -v -d"
    )

    assert "NoNewPrivs: 1" in ran.stdout
    assert "unlimited" not in ran.stdout


PARENT = """
import os, subprocess, sys
told = [sys.executable, "-I", "-S", sys.argv[1], str(os.getpid()), "/nowhere", sys.argv[2]]
subprocess.Popen(told, start_new_session=True, stdout=sys.stdout).wait()
"""


def test_what_a_script_has_started_ends_with_the_program_that_started_it(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n/bin/sleep 600 &\necho started\nwait\n")
    script.chmod(0o755)
    told = [sys.executable, "-c", PARENT, launcher.__file__, str(script)]
    with subprocess.Popen(told, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"

        parent.kill()

        # It ends when nobody is left that could write to it.
        assert parent.stdout.read() == b""


@pytest.mark.parametrize(("text", "code"), [("exit 3", 3), ("kill -SEGV $$", -11), ("kill -KILL $$", -9)])
def test_the_end_of_a_script_is_that_of_all(tmp_path: Path, text: str, code: int) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)

    assert launched(str(script)).returncode == code
