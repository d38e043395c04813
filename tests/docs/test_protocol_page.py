"""docs/protocol.md is what the table of rows and the run of their tests say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(300)
def test_the_page_of_the_protocol_is_that_of_the_tests() -> None:
    """`make protocol` writes it anew. In a process of its own, for it runs all tests of the rows."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tools.protocol_page", "--check"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
