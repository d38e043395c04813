"""What stands in a DataSource itself, and where. What a file or an environment variable holds is not known here."""

from __future__ import annotations

from typing import Any

from legation.model.objects import FieldPath


def inline(source: Any) -> bytes | None:
    """Return what stands in a DataSource itself; None: it stands elsewhere, or there is none."""
    kind = source.WhichOneof("specifier")
    if kind == "inline_string":
        return str(source.inline_string).encode()
    return bytes(source.inline_bytes) if kind == "inline_bytes" else None


def place(field: str, source: Any) -> FieldPath:
    """Return where that stands."""
    return (field, source.WhichOneof("specifier") or "inline_string")
