"""The command line of `legation sync`: what it takes to know what is to be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from legation import settings
from legation.cli import main


def invoke(*args: str) -> tuple[int, str]:
    """Run the command and return its exit status and stderr."""
    # A process of its own: what is refused late is refused by one that hears signals and has set up its log already.
    command = [sys.executable, "-c", "from legation.cli import main; main(prog_name='legation')", "sync", *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "OUT: where does Envoy read its files?"),
        (("out",), "--config-maps: what is to be written?"),
        (("out", "--node", "edge", "--config-maps", "a"), "--config-maps: --node takes all objects"),
        (("out", "--config-maps", "a", "--selector", "b=c"), "--selector: --config-maps names them already"),
        (("out", "--config-maps", "a", "--labels", "b=c"), "--labels: they are those of the Envoy that --node names"),
        (("out", "--config-maps", "a", "--secrets"), "--secrets: they are read for the Envoy that --node names"),
        (("out", "--config-maps", "a", "--l7mp-matching", "any"), "--l7mp-matching: it is about the objects"),
        (("out", "--node", "a", "--directory", ".", "--context", "b"), "--context: it is about a cluster"),
        (("out", "--node", "a", "--directory", ".", "--splits", "off"), "--splits: a directory holds no TrafficSplits"),
        (("out", "--selector", "team!=edge", "--directory", "."), "--selector: of a directory it is a list of labels"),
        (("out", "--config-maps", "A_b"), "--config-maps: 'A_b' is not a list of names"),
        (("out", "--config-maps", "a", "--layout", "link"), "--layout: 'link' is not one of rename, symlink"),
        (("out", "--selector", "a in (b)", "--directory", "."), "--selector: of a directory it is a list of labels"),
        (("out", "--config-maps", "a", "--setle", "1s"), "No such option"),
    ],
)
def test_a_mistake_is_one_line_with_the_mend(args: tuple[str, ...], words: str) -> None:
    """And exit 2, as for every wrong command line."""
    status, text = invoke(*args)
    assert status == 2
    assert words in text
    assert len(text.splitlines()) == 1


def test_help_shows_every_setting() -> None:
    """From the table."""
    text = CliRunner().invoke(main, ["sync", "--help"]).stdout
    assert all(row.flag in text for row in settings.SYNC.rows)


def test_config_maps_are_written_without_a_server_in_memory(tmp_path: Path) -> None:
    """A sidecar is small: no gRPC, no web server, no certificates."""
    (tmp_path / "a.yaml").write_text('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {}}')
    program = (
        "import atexit, os, sys\n"
        "real = os._exit\n"
        "def leave(code):\n"
        "    print(*sys.modules, file=sys.stderr, flush=True)\n"
        "    real(code)\n"
        "os._exit = leave\n"
        "from legation.cli import main\n"
        "main(sys.argv[1:])"
    )
    args = ["sync", str(tmp_path / "out"), "--config-maps", "a", "--directory", str(tmp_path), "--once"]
    done = subprocess.run([sys.executable, "-c", program, *args], capture_output=True, text=True, check=False)
    loaded = {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()}
    assert "legation" in loaded
    assert not loaded & {"grpc", "starlette", "uvicorn", "cryptography", "prometheus_client", "httpx2"}
