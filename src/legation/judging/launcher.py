"""Run as a program of its own: makes what comes after it harmless, and becomes Envoy.

Envoy then has no network (where the machine allows a namespace), is polite to the other programs, leaves no memory on
the disk when it crashes, and ends when the program that started it does. It writes to one folder alone, reads what is
of the machine and not of its users, and starts no other program, where the kernel knows Landlock
(https://docs.kernel.org/userspace-api/landlock.html). All of this has to happen between fork and exec, where an
interpreter with threads must run nothing; so this is a program. It imports the standard library only.

    python -I -S launcher.py PARENT FOLDER PROGRAM ARGUMENT...
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import stat
import struct
import sys

NO_NAMESPACE = "no network namespace"
"""The line that says it, on standard error."""

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
_POLITE = 10
_MOST_SPACE, _MOST_MEMORY = 16 << 30, 2 << 30
"""Bytes of addresses, of which Envoy reserves many and uses few, and of what it may write to."""

# Of <linux/landlock.h>: numbers of system calls, which are the same everywhere, and rights.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_BY_VERSION = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights a version knows."""
_EXECUTE, _WRITE, _READ, _LIST, _TRUNCATE, _IOCTL = 1, 2, 4, 8, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL
_CALLS = 2
"""TCP connections."""
_OUTSIDE = 3
"""Signals, and sockets without a file, of programs that are not within."""
_VERSION_OF_CALLS, _VERSION_OF_OUTSIDE = 4, 6
_READABLE = (
    *("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/nix/store", "/proc", "/sys", "/dev"),
    *("/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime"),
    *("/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/protocols"),
)
_LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/nix/store")
"""The loader is a program too."""


def main(parent: int, folder: str, command: list[str]) -> None:
    """Become the command."""
    libc = ctypes.CDLL(None, use_errno=True)
    # Who may make namespaces needs no users of its own for that.
    if libc.unshare(_CLONE_NEWNET) and libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET):
        sys.stderr.write(f"{NO_NAMESPACE}: {os.strerror(ctypes.get_errno())}\n")
        sys.stderr.flush()
    # A core file would hold the private keys that it judges.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, _below(resource.RLIMIT_AS, _MOST_SPACE))
    resource.setrlimit(resource.RLIMIT_DATA, _below(resource.RLIMIT_DATA, _MOST_MEMORY))
    os.nice(_POLITE)
    # After the namespace: the kernel forgets it when the rights of a process change.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended meanwhile
        sys.exit(1)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _shut_in(libc, folder, command[0])
    if not _is_binary(command[0]):
        _stay_beside(libc, parent)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def _stay_beside(libc: ctypes.CDLL, parent: int) -> None:
    """Become two, of which the first ends with the parent and takes along all that the second has started by then."""
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)
    second = os.fork()
    if not second:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        return
    code = os.waitstatus_to_exitcode(os.waitpid(second, 0)[1])
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _below(which: int, most: int) -> tuple[int, int]:
    now = resource.getrlimit(which)[1]
    most = most if now == resource.RLIM_INFINITY else min(now, most)
    return most, most


def _shut_in(libc: ctypes.CDLL, folder: str, program: str) -> None:
    """Have the kernel refuse everything in the file system that Envoy does not need."""
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return
    rights = (1 << max(number for least, number in _BY_VERSION.items() if least <= version)) - 1
    given = struct.pack(
        "QQQ",
        rights,
        _CALLS if version >= _VERSION_OF_CALLS else 0,
        _OUTSIDE if version >= _VERSION_OF_OUTSIDE else 0,
    )
    ruled = libc.syscall(_CREATE, given, ctypes.c_size_t(len(given)), 0)  # zeros may follow what a version knows
    if ruled < 0:
        return
    looks = _READ | _LIST
    own = [each for each in os.environ.get("LD_LIBRARY_PATH", "").split(":") if each]
    allowed = dict.fromkeys((*_READABLE, *own), looks) | dict.fromkeys(_LIBRARIES, looks | _EXECUTE)
    # A script may start whatever it needs. What it starts is shut in with it.
    allowed |= {program: looks | _EXECUTE} if _is_binary(program) else {"/": looks | _EXECUTE}
    for path, its in (allowed | {folder: rights, "/dev/null": _READ | _WRITE | _TRUNCATE}).items():
        _allow(libc, ruled, path, its & rights)
    libc.syscall(_RESTRICT, ruled, 0)
    os.close(ruled)


def _allow(libc: ctypes.CDLL, ruled: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        rights &= _OF_FILES
    libc.syscall(_ADD, ruled, 1, struct.pack("=Qi", rights, descriptor), 0)
    os.close(descriptor)


def _is_binary(program: str) -> bool:
    with open(program, "rb") as file:  # noqa: PTH123 - as few imports as can be
        return file.read(4) == b"\x7fELF"


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
