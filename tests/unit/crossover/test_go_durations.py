"""Durations as Go reads and prints them; each row was given to Go's own `time` package."""

from __future__ import annotations

import pytest

from legation.crossover import go_durations


@pytest.mark.parametrize(
    ("text", "nanoseconds", "shown"),
    [
        ("0", 0, "0s"),
        ("-0", 0, "0s"),
        ("+0", 0, "0s"),
        ("0s", 0, "0s"),
        ("30s", 30_000_000_000, "30s"),
        ("1m30s", 90_000_000_000, "1m30s"),
        ("1m", 60_000_000_000, "1m0s"),
        ("1h", 3_600_000_000_000, "1h0m0s"),
        ("1.5h", 5_400_000_000_000, "1h30m0s"),
        ("500ms", 500_000_000, "500ms"),
        ("1.5ms", 1_500_000, "1.5ms"),
        ("10us", 10_000, "10\u00b5s"),
        ("10\u00b5s", 10_000, "10\u00b5s"),
        ("10\u03bcs", 10_000, "10\u00b5s"),
        ("7ns", 7, "7ns"),
        ("-30s", -30_000_000_000, "-30s"),
        ("+5s", 5_000_000_000, "5s"),
        (".5s", 500_000_000, "500ms"),
        ("5.s", 5_000_000_000, "5s"),
        ("1s500ms", 1_500_000_000, "1.5s"),
        ("1h1h", 7_200_000_000_000, "2h0m0s"),
        ("0.000000001s", 1, "1ns"),
        ("0.0000000001s", 0, "0s"),
        ("100h", 360_000_000_000_000, "100h0m0s"),
        ("2562047h47m16.854775807s", 2**63 - 1, "2562047h47m16.854775807s"),
        ("-2562047h47m16.854775808s", -(2**63), "-2562047h47m16.854775808s"),
    ],
)
def test_durations(text: str, nanoseconds: int, shown: str) -> None:
    assert go_durations.parse(text) == nanoseconds
    assert go_durations.show(nanoseconds) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30",
        "-",
        "+",
        "s",
        ".s",
        ".",
        "1.2.3s",
        "1..5s",
        "--1s",
        "+-1s",
        "1 s",
        " 1s",
        "1s ",
        "1d",
        "1S",
        "1min",
        "1s30",
        "00",
        "1e3s",
        "1,5s",
        "inf",
        "\u0661s",
        "2562047h47m16.854775808s",
        "9" * 5000 + "s",
    ],
)
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match=r"unit|number|duration|digits"):
        go_durations.parse(text)
