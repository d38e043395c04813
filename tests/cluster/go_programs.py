"""Programs in Go that the tests need: built once, and kept in the cache folder of the user.

A program is known by its sources and by the version of Go: a change of either builds it anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

BUILD_LIMIT = 25 * 60
"""Seconds for a build; the largest takes five minutes on two processors."""
_FLAGS = ("-trimpath", "-ldflags=-s -w")


class Missing(Exception):
    """Something that this machine lacks, in words."""


def built(sources: Path, package: str = ".") -> Path:
    """Return the program that `go build` makes of a package in this module, built unless it has been before.

    Raises:
        Missing: It has not been built yet, and there is no Go.
        RuntimeError: The build failed.
    """
    name = f"{sources.name}-{_digest(package.encode(), *_contents(sources))}"
    if not shutil.which("go"):
        # Which Go built it matters little to those who cannot build it at all.
        for found in _cache().glob(f"{name}-*"):
            return found
        raise Missing(f"{sources.name} has to be built, and there is no Go: put `go` in PATH (go.dev/doc/install)")
    # Asked where the module is: its go.mod may choose another version than the one in PATH.
    version = subprocess.run(["go", "version"], cwd=sources, capture_output=True, check=True).stdout
    program = _cache() / f"{name}-{_digest(version)}"
    with _locked(_cache() / f"{sources.name}.lock"):
        if not program.exists():
            _build(sources, package, program)
    return program


def _build(sources: Path, package: str, program: Path) -> None:
    # A name with a dot in front is no program yet: what a broken build leaves behind is never taken for one.
    fresh = program.with_name(f".{program.name}")
    command = ["go", "build", *_FLAGS, "-o", str(fresh), package]
    environment = os.environ | {"CGO_ENABLED": "0"}
    try:
        subprocess.run(
            command, cwd=sources, env=environment, check=True, capture_output=True, text=True, timeout=BUILD_LIMIT
        )
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{sources}: {' '.join(command)}\n{error.stderr[-4000:]}") from error
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{sources}: {' '.join(command)}: not within {BUILD_LIMIT} s") from error
    fresh.rename(program)


def _contents(sources: Path) -> Iterator[bytes]:
    for file in sorted(each for each in sources.iterdir() if each.suffix in {".go", ".mod", ".sum"}):
        yield file.name.encode()
        yield file.read_bytes()


def _digest(*parts: bytes) -> str:
    # Each part is digested first: where one ends and the next begins counts too.
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:16]


def _cache() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "legation-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Let nobody else in: of two test processes one builds, and the other then finds the program."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
