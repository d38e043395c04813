"""The writers: the one that says what it has written, and the one that prints it in place of writing it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from legation.crossover import log
from legation.crossover.printing import differences
from legation.errors import FilesError
from legation.transports.files.writer import RenamingWriter, Writer, Written

_SHOWN = 10
"""Names of files in one line of the log."""


def staging_of(output: str) -> Path:
    """Return the folder in which files are written before they are moved."""
    return Path(output).absolute() / "new"


def writer_of(output: str, *, dry_run: bool) -> Writer:
    """Return the writer of a folder.

    Args:
        output: The folder above `current`, which Envoy watches, and `new`, where files are written first.
        dry_run: Whether nothing is to be written.
    """
    folder = Path(output).absolute()
    # When the machine loses its power all files are written anew before Envoy starts; it need not wait for the disk.
    real = RenamingWriter(folder / "current", staging=staging_of(output), sync_first=False)
    return Printing(real) if dry_run else Logged(real)


class Logged:
    """A writer that says what it did."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.folder = writer.folder

    def write(self, puts: Mapping[str, bytes], removes: Collection[str] = ()) -> Written:
        """Write, and say so if anything changed; see `Writer`."""
        written = self._writer.write(puts, removes)
        if written.written:
            names = ",".join([*list(puts)[:_SHOWN], *(["..."] if len(puts) > _SHOWN else [])])
            log.info("written", folder=self.folder, files=names, written=written.written, bytes=written.written_bytes)
        return written

    def standing(self) -> frozenset[str]:
        """Return the names that stand there; see `Writer`."""
        return self._writer.standing()

    def read(self, name: str) -> bytes | None:
        """Return what stands there; see `Writer`."""
        return self._writer.read(name)


class Printing:
    """A writer that prints what would change, and writes nothing."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._printed: dict[str, bytes] = {}
        self.folder = writer.folder

    def write(self, puts: Mapping[str, bytes], removes: Collection[str] = ()) -> Written:
        """Print; see `Writer`."""
        del removes
        try:
            for line in differences(puts, self.read):
                print(line, flush=True)  # noqa: T201 - it is what was asked for
        except OSError as error:
            raise FilesError("standard output", f"it cannot be written: {error.strerror or error}") from error
        self._printed |= puts
        return Written()

    def standing(self) -> frozenset[str]:
        """Return the names that stand there; see `Writer`."""
        return self._writer.standing()

    def read(self, name: str) -> bytes | None:
        """Return what was printed, or stands there; see `Writer`."""
        printed = self._printed.get(name)
        return self._writer.read(name) if printed is None else printed
