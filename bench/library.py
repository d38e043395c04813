"""A small program on the public library: it serves a folder of manifests, read once, and what it is told on its input.

python -m bench.library FOLDER
"""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path

from bench.changes import changes
from bench.manifests import TYPE_URLS, Config, load, marked
from legation import SnapshotServer
from legation.cli import logs

GROUP = "all"


async def serve(folder: Path) -> None:
    """Serve until the input ends."""
    configs = load(folder)
    logs.configure(level="info", form="json")
    async with SnapshotServer(port=0, group_of=lambda _: GROUP) as server:
        server.set(GROUP, [_typed(kind, config) for (kind, _), config in configs.items()])
        # As the documentation of the library advises.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        print(f"127.0.0.1:{server.port}", flush=True)
        async for kind, name, mark in changes():
            server.update(GROUP, _typed(kind, marked(kind, configs[kind, name], mark)))


def _typed(kind: str, config: Config) -> Config:
    return {"@type": TYPE_URLS[kind], **config}


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
