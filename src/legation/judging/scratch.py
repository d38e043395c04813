"""The judge's folder: what it is started with, and the questions. Files only; call it from a thread.

Nobody but the judge can read it, and it goes with the judge. Private keys stand in it only while a question is asked.
Whoever made a folder holds the lock on it as long as the program runs: whatever can be locked was left behind. Where
nothing can be locked, nobody knows that, and what was left behind stays.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from legation.judging.pretence import NOBODY

ADMIN, BOOTSTRAP, CLUSTERS, LISTENERS = "admin.sock", "bootstrap.json", "clusters.pb", "listeners.pb"

_PREFIX = "legation-judge-"
_LONGEST_SOCKET = 100
"""The kernel's limit for the path of a socket is 108 bytes."""


class NoFolderError(OSError):
    """There is no place for the folder, or no room in it."""


class Scratch:
    """A folder of its own below the one for temporary files."""

    def __init__(self) -> None:
        """Make it, with all that Envoy starts with; and remove those that nobody could remove.

        Raises:
            NoFolderError: It cannot be made. Nothing of it is left.
        """
        remove_left_behind()
        try:
            self.folder, self._lock = _new_folder()
        except OSError as error:
            raise NoFolderError(error.errno, error.strerror) from error
        try:
            self.ask(CLUSTERS, b"")
            self.ask(LISTENERS, b"")
            self._write(BOOTSTRAP, json.dumps(_bootstrap(self.folder)).encode())
        except OSError as error:
            self.remove()
            raise NoFolderError(error.errno, error.strerror) from error

    @property
    def admin(self) -> Path:
        """The socket of the admin pages."""
        return self.folder / ADMIN

    @property
    def bootstrap(self) -> Path:
        """The file that Envoy starts with."""
        return self.folder / BOOTSTRAP

    def ask(self, file: str, body: bytes) -> None:
        """Put a discovery response where Envoy looks for it; it hears of it by the renaming."""
        self._write(f"new-{file}", body)
        (self.folder / f"new-{file}").rename(self.folder / file)

    def remove(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def _write(self, name: str, body: bytes) -> None:
        descriptor = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)


def remove_left_behind() -> None:
    """Remove the folders of judges that ended together with the machine, or by a signal that cannot wait."""
    for folder in _all_folders():
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            lock = _locked(folder)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def _all_folders() -> list[Path]:
    try:
        return list(_parent().glob(f"{_PREFIX}*"))
    except OSError:  # whoever needs a folder hears why there is none
        return []


def _parent() -> Path:
    parent = Path(tempfile.gettempdir())
    socket = parent / f"{_PREFIX}12345678" / ADMIN
    return parent if len(os.fsencode(socket)) <= _LONGEST_SOCKET else Path("/tmp")  # noqa: S108 - for `mkdtemp`


def _new_folder() -> tuple[Path, int | None]:
    """Return a folder that nobody takes for one that was left behind, and the lock on it.

    Where it cannot be locked (some network file systems) there is no lock: nobody else can have it either.
    """
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_parent()))
        try:
            lock = _locked(folder)
        except FileNotFoundError:
            continue
        except OSError:
            return folder, None
        if lock is not None and folder.exists():
            return folder, lock
        if lock is not None:  # somebody removed it before it was locked
            os.close(lock)


def _locked(folder: Path) -> int | None:
    """Return the lock on a folder, which ends with this program; None: somebody has it.

    Raises:
        FileNotFoundError: Somebody removed the folder.
        OSError: It cannot be locked.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _bootstrap(folder: Path) -> Mapping[str, Any]:
    """Return a bootstrap that opens no port: what it is to judge comes from two files."""
    return {
        "node": {"id": "judge", "cluster": "judge"},
        "admin": {"address": {"pipe": {"path": str(folder / ADMIN), "mode": 0o600}}},
        "dynamic_resources": {
            # Whatever a resource takes from its control plane is asked of somebody who never answers.
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "grpc_services": [{"envoy_grpc": {"cluster_name": NOBODY}}],
            },
            "cds_config": _from_file(folder / CLUSTERS),
            "lds_config": _from_file(folder / LISTENERS),
        },
        # Nothing else is ever asked: all that is counted of clusters and listeners would cost time and memory.
        "stats_config": {
            "stats_matcher": {
                "inclusion_list": {"patterns": [{"prefix": each} for each in ("cluster_manager.", "listener_manager.")]}
            }
        },
        "static_resources": {"clusters": [{"name": NOBODY, "type": "STATIC", "connect_timeout": "1s"}]},
        "bootstrap_extensions": [
            {
                "name": "envoy.bootstrap.internal_listener",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener"
                },
            }
        ],
    }


def _from_file(file: Path) -> Mapping[str, Any]:
    return {"resource_api_version": "V3", "path_config_source": {"path": str(file)}}
