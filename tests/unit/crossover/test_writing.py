"""The writer that prints in place of writing."""

from __future__ import annotations

from pathlib import Path

import pytest

from legation.crossover.writing import writer_of


@pytest.mark.parametrize("content", [b"", b"new"])
def test_what_was_printed_counts_as_if_it_stood_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "current").mkdir()
    (tmp_path / "current" / "f").write_text("old")
    writer = writer_of(str(tmp_path), dry_run=True)
    assert writer.read("f") == b"old"
    writer.write({"f": content})
    assert writer.read("f") == content
    writer.write({"f": content})
    shown = [line for line in capsys.readouterr().out.splitlines() if line and not line.startswith(" ")]
    assert shown == [f"changed f (3 bytes -> {len(content)} bytes)", f"unchanged f ({len(content)} bytes)"]
    assert (tmp_path / "current" / "f").read_text() == "old"
