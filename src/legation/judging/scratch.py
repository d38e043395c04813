"""The judge's folder: what it is started with, and the questions. Files only; call it from a thread.

Nobody but the judge can read it, and it goes with the judge. Private keys stand in it only while a question is asked.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from legation.judging.pretence import NOBODY

ADMIN, BOOTSTRAP, CLUSTERS, LISTENERS = "admin.sock", "bootstrap.json", "clusters.pb", "listeners.pb"

_PREFIX = "legation-judge-"
_STARTED = 60.0
"""Seconds after which a judge answers, or never will."""
_LONGEST_SOCKET = 100
"""The kernel's limit for the path of a socket is 108 bytes."""


class Scratch:
    """A folder of its own below the one for temporary files."""

    def __init__(self) -> None:
        """Make it, with all that Envoy starts with; and remove those that nobody could remove."""
        self.folder = _new_folder()
        for each in self.folder.parent.glob(f"{_PREFIX}*"):
            if _is_left_behind(each):
                shutil.rmtree(each, ignore_errors=True)
        self.ask(CLUSTERS, b"")
        self.ask(LISTENERS, b"")
        self._write(BOOTSTRAP, json.dumps(_bootstrap(self.folder)).encode())

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

    def _write(self, name: str, body: bytes) -> None:
        descriptor = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)


def _new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    if len(os.fsencode(folder / ADMIN)) <= _LONGEST_SOCKET:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp"))


def _is_left_behind(folder: Path) -> bool:
    """Say whether it is the folder of a judge that ended together with the machine, or by a signal that cannot wait."""
    try:
        status = folder.stat()
        if status.st_uid != os.getuid() or time.time() - status.st_mtime < _STARTED:
            return False
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(folder / ADMIN))
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


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
