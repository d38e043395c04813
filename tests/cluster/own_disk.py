"""A disk that one program has alone: a small tmpfs in a mount namespace of Linux, which ends with it.

As root has it, like the network; with `unshare`, `nsenter` and `mount` of util-linux.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_MOUNT_AND_RUN = 'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"'


@dataclass(frozen=True, slots=True)
class OwnDisk:
    """A disk at a folder that is there for everybody; what is on it, the program sees alone."""

    folder: Path
    size: str = "16m"

    @property
    def command(self) -> tuple[str, ...]:
        """What starts the program that has it: the program's own command follows."""
        unshared = ("unshare", "--mount", "--propagation", "private")
        return (*unshared, "sh", "-c", _MOUNT_AND_RUN, "sh", f"size={self.size},mode=0755", str(self.folder))

    def seen(self, path: Path, *, pid: int) -> Path:
        """Return where a path of that program is for others, as long as it runs."""
        return Path(f"/proc/{pid}/root", *path.parts[1:])

    def remount(self, option: str, *, pid: int) -> None:
        """Make it read-only for that program, or writable again: `ro`, `rw`."""
        words = ("nsenter", f"--mount=/proc/{pid}/ns/mnt", "mount", "-o", f"remount,{option}", str(self.folder))
        subprocess.run(words, check=True, capture_output=True)
