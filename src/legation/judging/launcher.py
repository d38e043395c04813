"""Run as a program of its own: makes what comes after it harmless, and becomes Envoy.

Envoy then has no network (where the machine allows a namespace), is polite to the other programs, leaves no memory on
the disk when it crashes, and ends when the program that started it does. All of this has to happen between fork and
exec, where an interpreter with threads must run nothing; so this is a program. It imports the standard library only.

    python -I -S launcher.py PARENT PROGRAM ARGUMENT...
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

NO_NAMESPACE = "no network namespace"
"""The line that says it, on standard error."""

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_POLITE = 10


def main(parent: int, command: list[str]) -> None:
    """Become the command."""
    libc = ctypes.CDLL(None, use_errno=True)
    # Who may make namespaces needs no users of its own for that.
    if libc.unshare(_CLONE_NEWNET) and libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET):
        sys.stderr.write(f"{NO_NAMESPACE}: {os.strerror(ctypes.get_errno())}\n")
        sys.stderr.flush()
    # A core file would hold the private keys that it judges.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_POLITE)
    # After the namespace: the kernel forgets it when the rights of a process change.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended meanwhile
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
