"""Names that may and may not be written."""

from __future__ import annotations

import pytest

from legation.transports.files.file_names import fault_of


@pytest.mark.parametrize("name", ["cds.json", "rds/edge.json", "..data", "a..b", ".hidden", "rds/a b.json", "-x", "ü"])
def test_what_stays_below_the_folder_is_fine(name: str) -> None:
    assert not fault_of(name)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is empty"),
        ("/cds.json", "begins with /"),
        ("a//b", "a part of the name is empty"),
        ("a/", "a part of the name is empty"),
        ("..", "is . or .."),
        ("a/./b", "is . or .."),
        ("a\nb", "cannot be printed"),
        ("\udc80", "cannot be printed"),
        ("x" * 256, "longer than 255 bytes"),
    ],
)
def test_all_else_is_told(name: str, fault: str) -> None:
    assert fault in fault_of(name)
