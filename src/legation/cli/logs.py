"""The log: structured events on stderr, for people on a terminal and as JSON lines elsewhere."""

from __future__ import annotations

import logging
import sys

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
    handler = logging.StreamHandler()
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
