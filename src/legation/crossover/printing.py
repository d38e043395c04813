"""What `--dry-run` shows of files: how they would differ from those that stand there, as a diff. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping

_LONGEST = 200_000
"""Bytes of two versions together: to compare longer ones line by line may take minutes."""


def differences(files: Mapping[str, bytes], standing: Callable[[str], bytes | None]) -> Iterator[str]:
    """Yield lines for people: for each file what would be done with it, and what that would change.

    Args:
        files: All that would be written, by name.
        standing: Returns the content that stands there under a name; None if there is none.
    """
    for name, content in files.items():
        before = standing(name)
        if before == content:
            yield f"unchanged {name} ({_size(content)})"
        elif before is None:
            yield f"new {name} ({_size(content)})"
            yield from _compared(name, b"", content)
        else:
            yield f"changed {name} ({_size(before)} -> {_size(content)})"
            yield from _compared(name, before, content)


def _size(content: bytes) -> str:
    return f"{len(content)} bytes"


def _compared(name: str, before: bytes, after: bytes) -> Iterator[str]:
    if len(before) + len(after) > _LONGEST:
        yield "  (too long to be shown)"
        return
    try:
        old, new = before.decode(), after.decode()
    except UnicodeDecodeError:
        yield "  (not text)"
        return
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), f"current/{name}", f"new/{name}", lineterm="")
    yield from (f"  {line}" for line in lines)
