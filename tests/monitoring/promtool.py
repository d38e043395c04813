"""Prometheus' own checker of rules: found in PATH, or taken once out of Debian's package into the cache of the user."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.cluster.go_programs import Missing

LIMIT = 300
"""Seconds for the package to come; it has 20 MB."""
_FROM_DEBIAN = "apt-get download prometheus && dpkg-deb --extract prometheus_*.deb out"


def found() -> Path:
    """Return the program.

    Raises:
        Missing: It is not there, and this is no Debian.
        RuntimeError: The package does not come.
    """
    if installed := shutil.which("promtool"):
        return Path(installed)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "legation-tests"
    cache.mkdir(parents=True, exist_ok=True)
    program = cache / "promtool"
    with (cache / "promtool.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _take(program)
    return program


def _take(program: Path) -> None:
    if not shutil.which("apt-get"):
        raise Missing("promtool, Prometheus' checker of rules: put it in PATH (it comes with Prometheus)")
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        done = subprocess.run(
            ["/bin/sh", "-c", _FROM_DEBIAN], cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        if done.returncode:
            raise RuntimeError(f"promtool is needed, in PATH or from Debian's package:\n{done.stderr[-2000:]}")
        # Renamed when it is whole: half a program is never taken for one.
        (Path(folder) / "out/usr/bin/promtool").rename(program)
