"""Manifests in, with their sidecars out: `injected/<case>.in.yaml` and `injected/<case>.out.yaml`.

What the arguments of `legation inject` are is in the first line, as a comment.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from legation.cli.program import main

CASES = sorted((Path(__file__).parent / "injected").glob("*.in.*"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.split(".", 1)[0])
def test_injected(case: Path, update_golden: bool) -> None:  # noqa: FBT001 - pytest hands fixtures in by name
    """What comes out is what is expected; to do it twice is to do it once."""
    text = case.read_text()
    first = text.partition("\n")[0]
    options = shlex.split(first.removeprefix("#")) if first.startswith("# --") else []
    command = ["inject", "-f", "-", "--xds", "legation.legation.svc:18000", *options]
    done = CliRunner().invoke(main, command, input=text)
    came = done.stdout + "".join(f"# stderr: {line}\n" for line in done.stderr.splitlines())
    out = case.with_name(case.name.replace(".in.", ".out."))
    if update_golden:
        out.write_text(came)

    assert came == out.read_text()
    assert done.exit_code == (0 if done.stdout else 1)
    if done.stdout:
        assert CliRunner().invoke(main, command, input=done.stdout).stdout == done.stdout
