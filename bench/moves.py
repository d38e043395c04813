"""Says when files are moved into folders: a process of its own, that nothing else keeps from looking.

python -m bench.moves [--all] FOLDER...

Each line of its output is the system's clock in nanoseconds, and the file. With `--all` it tells whatever else is done
to files there, too. It begins with an empty line, when it looks.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from asyncinotify import Inotify, Mask

_ALL = Mask.CREATE | Mask.MODIFY | Mask.ATTRIB | Mask.CLOSE_WRITE | Mask.MOVE | Mask.DELETE


def main() -> None:
    """Say each until it is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("folders", nargs="+", type=Path)
    arguments = parser.parse_args()
    with Inotify() as inotify:
        for folder in arguments.folders:
            inotify.add_watch(folder, _ALL if arguments.all else Mask.MOVED_TO)
        print(flush=True)
        while (event := inotify.sync_get()) is not None:
            print(time.time_ns(), event.path, flush=True)


if __name__ == "__main__":
    main()
