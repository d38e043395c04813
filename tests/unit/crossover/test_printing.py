"""What a dry run shows."""

from __future__ import annotations

from legation.crossover.printing import differences


def shown(before: bytes | None, after: bytes) -> list[str]:
    """Return what is shown of one file."""
    return list(differences({"f": after}, lambda _: before))


def test_a_file_that_stands_there_is_not_compared() -> None:
    assert shown(b"a", b"a") == ["unchanged f (1 bytes)"]


def test_a_new_file_is_shown_whole() -> None:
    assert shown(None, b"a\nb\n") == [
        "new f (4 bytes)",
        "  --- current/f",
        "  +++ new/f",
        "  @@ -0,0 +1,2 @@",
        "  +a",
        "  +b",
    ]


def test_a_changed_file_is_shown_as_a_diff() -> None:
    lines = shown(b"a\nb\n", b"a\nc\n")
    assert lines[0] == "changed f (4 bytes -> 4 bytes)"
    assert lines[-2:] == ["  -b", "  +c"]


def test_what_is_no_text_or_too_long_is_not_shown() -> None:
    assert shown(b"a", b"\xff") == ["changed f (1 bytes -> 1 bytes)", "  (not text)"]
    assert shown(None, b"x" * 300_000)[1:] == ["  (too long to be shown)"]
