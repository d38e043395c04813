"""The log: structured events on stderr, for people on a terminal and as JSON lines elsewhere."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TextIO

import structlog


def configure(*, level: str, form: str) -> None:
    """Set up the log of the program and of the libraries that it uses.

    Args:
        level: The lowest level that is logged.
        form: `console`, `json`, or `auto`: console on a terminal.
    """
    console = sys.stderr.isatty() if form == "auto" else form == "console"
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S.%f" if console else "iso", utc=not console),
    ]
    last: list[structlog.typing.Processor]
    if console:
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    handler = _AtTheEndOfATurn()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    own = logging.getLogger("legation")
    own.setLevel(level.upper())
    # Libraries tell what is no event of this program: that one is served, that another saw a file change. Not at debug
    # either: a log file beside the manifests would tell of its own growth, and grow by it.
    logging.basicConfig(handlers=[handler], level=max(own.level, logging.WARNING), force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level.upper()),
        logger_factory=lambda *_: own,
        cache_logger_on_first_use=True,
    )


class _AtTheEndOfATurn(logging.StreamHandler[TextIO]):
    """Writes all that is logged during one turn of the event loop at its end, in one go.

    With each write the other threads may go on, and the loop waits until it has its turn again: a line for each of a
    thousand calls a second was a fifth of their time. What is more than information is written at once, and so is all
    that is logged elsewhere.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._due: asyncio.AbstractEventLoop | None = None
        """Who will write them."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.append(self.format(record) + self.terminator)
            loop = _running_loop() if record.levelno <= logging.INFO else None
            if loop is None:
                self.flush()
            elif loop is not self._due:
                self._due = loop
                loop.call_soon(self.flush)
        except Exception:  # noqa: BLE001 - as every handler does: what is logged must not break who logs
            self.handleError(record)

    def flush(self) -> None:
        self.acquire()
        try:
            lines, self._lines, self._due = self._lines, [], None
            if lines:
                self.stream.write("".join(lines))
            super().flush()
        finally:
            self.release()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
