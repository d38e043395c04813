"""What became of files that were to be written, as a record: for pages and metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStatistics:
    """Counts since the start, and how it stands now."""

    steps: int = 0
    """How often files were written or removed together."""
    written: int = 0
    """Files that were written; what stood there already is not written again and not counted."""
    removed: int = 0
    written_bytes: int = 0
    failures: int = 0
    """How often the disk did not take a step."""
    updates: int = 0
    """How often what was newest stood there completely: what came while the disk was busy went in one."""
    update_seconds: float = 0.0
    """The sum of the times that took, each from the offer."""
    last_update_seconds: float = 0.0
    since_success: float | None = None
    """Seconds since a step was last written; None: none was."""
    failing: bool = False
    """Whether the last step was not written."""
