"""Shows who answers: a live table on a terminal, a line for each step elsewhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from demo.load import Load

TITLE = 40
NUMBER = 8
BAR = 12
"""Columns of the bar that shows the shares. All of it fits into 80."""


@dataclass(slots=True)
class Row:
    """What was answered while one step lasted."""

    title: str
    load: Load
    before: Counter[str]
    after: Counter[str] | None = None
    note: str = ""

    def count(self, name: str) -> int:
        """Return the answers of one backend."""
        return ((self.after or now(self.load)) - self.before)[name]

    def bar(self) -> Text:
        """Return the shares as a bar in two colours."""
        blue, green = self.count("blue"), self.count("green")
        left = round(BAR * blue / max(1, blue + green))
        return Text.assemble(("█" * left, "blue"), ("█" * (BAR - left if blue + green else 0), "green"))


class Screen:
    """The table. Leaving the `with` block leaves its last state on the terminal."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._console = Console(highlight=False)
        self._rows: list[Row] = []
        self._live = Live(console=self._console, get_renderable=self._table, refresh_per_second=8)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        else:
            self.say(f"{'':{TITLE}}{'blue':>{NUMBER}}{'green':>{NUMBER}}{'failed':>{NUMBER}}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.finish()
        self._live.stop()

    def begin(self, title: str) -> None:
        """Begin a row."""
        self.finish()
        self._rows.append(Row(title, self._load, now(self._load)))

    def note(self, text: str) -> None:
        """Put a text below the row."""
        self._rows[-1].note = text

    def finish(self) -> None:
        """End the row, if one has begun."""
        if not self._rows or self._rows[-1].after is not None:
            return
        row = self._rows[-1]
        row.after = now(self._load)
        if not self._console.is_terminal:
            numbers = "".join(f"{row.count(name):>{NUMBER},}" for name in ("blue", "green", "failed"))
            self.say(f"{row.title:{TITLE}}{numbers}")
            if row.note:
                self.say(row.note)

    def say(self, text: str) -> None:
        """Print lines above the table, or after what was printed last."""
        self._console.print(text, markup=False, soft_wrap=True)

    def _table(self) -> RenderableType:
        shown: list[RenderableType] = []
        for row in self._rows:
            grid = Table.grid(padding=(0, 1))
            for width in (TITLE, NUMBER, NUMBER, BAR, NUMBER):
                grid.add_column(width=width, justify="right" if width == NUMBER else "left")
            failed = row.count("failed")
            grid.add_row(
                row.title,
                Text(str(row.count("blue")), "blue"),
                Text(str(row.count("green")), "green"),
                row.bar(),
                Text(f"{failed} failed", "bold red" if failed else "dim"),
            )
            shown.append(grid)
            if row.note:
                shown.append(Padding(Text(row.note, "yellow"), (0, 0, 0, 2)))
        return Group(*shown)


def now(load: Load) -> Counter[str]:
    """Return who answered how often until now."""
    return load.answers + Counter(failed=load.failed)
