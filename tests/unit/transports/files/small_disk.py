"""A tiny disk of its own, made and used by a program that is started for it: run as a script.

It is a tmpfs in a mount namespace of Linux, which ends with the program. Root makes one as it is; others need user
namespaces, which some machines do not allow.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

_NEW_MOUNTS, _NEW_USERS = 0x00020000, 0x10000000  # CLONE_NEWNS, CLONE_NEWUSER of linux/sched.h
_READ_ONLY, _REMOUNT, _RECURSIVE, _PRIVATE = 0x1, 0x20, 0x4000, 1 << 18  # MS_... of linux/mount.h
NOT_ALLOWED = 77
"""The status with which it ends where this machine does not let it have a disk."""


def run_on_small_disks(script: str, tmp_path: Path) -> str:
    """Run a script where `small` and `other` are paths of disks with 64 KiB and `remount_read_only` can be called.

    Returns:
        What it prints.
    """
    for name in ("small", "other"):
        (tmp_path / name).mkdir()
    done = subprocess.run(
        [sys.executable, __file__, str(tmp_path)],
        input=script,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == NOT_ALLOWED:
        words = f"a disk of its own takes root or user namespaces: {done.stderr}"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _call(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _mount(path: Path, flags: int = 0, options: str = "") -> None:
    _call("mount", b"none", str(path).encode(), b"tmpfs", ctypes.c_ulong(flags), options.encode())


def _enter() -> None:
    if os.geteuid():
        uid, gid = os.geteuid(), os.getegid()
        _call("unshare", _NEW_USERS | _NEW_MOUNTS)
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
    else:
        _call("unshare", _NEW_MOUNTS)
    # What is mounted here is nobody else's.
    _call("mount", b"none", b"/", None, ctypes.c_ulong(_RECURSIVE | _PRIVATE), None)


def _main(folder: Path) -> None:
    small, other = folder / "small", folder / "other"
    try:
        _enter()
        for each in (small, other):
            _mount(each, options="size=64k,mode=0777")
    except OSError as error:
        _end(str(error))

    def remount_read_only() -> None:
        _mount(small, flags=_REMOUNT | _READ_ONLY)

    exec(sys.stdin.read(), {"small": small, "other": other, "remount_read_only": remount_read_only})


def _end(words: str) -> NoReturn:
    sys.stderr.write(words)
    sys.exit(NOT_ALLOWED)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
