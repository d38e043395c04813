"""A real Envoy, served by `legation serve` and changed under continuous requests, before your eyes.

python -m demo.run [--keep]
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path

from demo.load import Load
from demo.screen import Screen
from demo.stage import Stage, stage
from demo.story import play

LIMIT = 50.0
"""Seconds for the whole story; it takes about half of that."""
INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

KEPT = """
It goes on until Ctrl-C. Edit a manifest and save, such as the weights in
  {manifests}/split.yaml
and look:
  http://localhost:{port}/                who answers
  http://{admin}/proxies         what Envoy was sent, accepted and refused
  http://{admin}/problems        what is wrong with the manifests
  http://{envoy}/config_dump    what Envoy has
"""


async def demo(folder: Path, *, keep: bool) -> int:
    """Play the story and return the exit code: 0 if no request failed."""
    print("starting two backends, `legation serve` and Envoy ...", flush=True)
    async with stage(folder) as running, Load(running.port) as load:
        reason = ""
        with Screen(load) as screen:
            try:
                async with asyncio.timeout(LIMIT):
                    await play(running, load, screen)
            except TimeoutError as error:
                reason = str(error) or f"the demo did not end within {LIMIT:g} s"
            if keep and not reason:
                screen.begin("yours")
                screen.say(_kept(running))
                await _interrupted()
    print(f"\n{load.requests:,} requests, {load.failed:,} failed")
    for words, count in load.failures.most_common():
        print(f"  {count} x {words}")
    if reason:
        print(f"failed: {reason}\n\nlegation's log ends:\n{(folder / 'legation.log').read_text()[-2000:]}")
    return 1 if reason or load.failed or not load.requests else 0


def _kept(running: Stage) -> str:
    return KEPT.format(manifests=running.manifests, port=running.port, admin=running.admin, envoy=running.envoy.admin)


async def _interrupted() -> None:
    """Return at Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


async def _until_interrupted(work: Coroutine[None, None, int]) -> int:
    """Run the work; Ctrl-C, SIGTERM and a closed terminal cancel it, and it ends all that it started."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        print("\nended before its time", file=sys.stderr)
        return INTERRUPTED


def main() -> int:
    """Read the arguments and run the demo in a folder of its own, which goes with it."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m demo.run")
    parser.add_argument("--keep", action="store_true", help="leave it running for play until Ctrl-C")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory(prefix="legation-demo-") as folder:
        try:
            return asyncio.run(_until_interrupted(demo(Path(folder), keep=keep)))
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
