"""What `legation validate` prints: one folder a case. `in/` is validated; `text` is stdout, stderr and the exit status.

`values.json` is the same for machines.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from legation.cli.program import main

CASES = sorted(path.parent for path in Path(__file__).parent.glob("validate/*/in"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_printed(case: Path, update_golden: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - pytest hands fixtures in by name
    """For people, and for machines."""
    monkeypatch.chdir(case / "in")
    text = CliRunner().invoke(main, ["validate", "."])
    values = CliRunner().invoke(main, ["validate", ".", "-o", "json"])
    came = {
        "text": f"{text.stdout}--- stderr\n{text.stderr}--- exit {text.exit_code}\n",
        "values.json": values.stdout,
    }
    assert values.exit_code == text.exit_code
    assert all(len(each) == 10 for each in json.loads(values.stdout)["problems"])
    if update_golden:
        for name, each in came.items():
            (case / name).write_text(each, encoding="utf-8")

    assert came == {name: (case / name).read_text(encoding="utf-8") for name in came}
