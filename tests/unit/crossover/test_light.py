"""The program is small because it loads little."""

from __future__ import annotations

import subprocess
import sys

_HEAVY = (
    "click",
    "cryptography",
    "envoy",
    "google",
    "grpc",
    "prometheus_client",
    "rich",
    "starlette",
    "structlog",
    "uvicorn",
    "xds",
)
_RUN = """
import asyncio, sys
from legation.crossover import program, running
from legation.crossover.options import Options
options = Options(
    namespace="shop", config_maps=("xds",), splits={"xds": ("web",)}, server="http://127.0.0.1:9", once=True,
    output=sys.argv[1], token_file=sys.argv[1],
)
print(asyncio.run(running.work(options, environment={})))
print(*(name for name in sys.modules if "." not in name))
"""


def test_a_whole_run_loads_nothing_that_is_heavy(tmp_path: object) -> None:
    """Nobody listens at that port; until then it goes through all that a run needs."""
    ran = subprocess.run(
        [sys.executable, "-c", _RUN, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    code, loaded = ran.stdout.splitlines()
    assert code == "1"
    assert not set(_HEAVY) & set(loaded.split())
    assert "httpx2" in loaded.split()
