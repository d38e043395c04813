from __future__ import annotations

from pathlib import Path

from tools import proto


def test_what_is_committed_is_what_protoc_makes(tmp_path: Path) -> None:
    """Otherwise run `make proto`."""
    proto.make(tmp_path)
    for each in proto.MADE:
        assert (proto.SOURCES / each).read_text(encoding="utf-8") == (tmp_path / each).read_text(encoding="utf-8"), each
