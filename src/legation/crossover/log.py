"""The log: one line an event, on stderr, for people or as JSON. Light: what the standard library has.

The events say what happened and where. They are never handed a token or what a Secret could hold.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

_LOGGER = logging.getLogger("legation.crossover")


def configure(*, level: str, form: str) -> None:
    """Set up the log of the program and of what it uses.

    Args:
        level: The lowest level that is logged.
        form: `text` or `json`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    logging.getLogger().handlers = [handler]
    logging.getLogger().setLevel(logging.WARNING)
    _LOGGER.setLevel(level.upper())


def debug(event: str, **fields: Any) -> None:
    """Say what is for those who look for a fault."""
    _LOGGER.debug(event, extra={"fields": fields})


def info(event: str, **fields: Any) -> None:
    """Say what has happened."""
    _LOGGER.info(event, extra={"fields": fields})


def warning(event: str, **fields: Any) -> None:
    """Say what may not do what somebody wants."""
    _LOGGER.warning(event, extra={"fields": fields})


def error(event: str, **fields: Any) -> None:
    """Say what is wrong."""
    _LOGGER.error(event, extra={"fields": fields})


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        fields = "".join(f" {name}={_shown(value)}" for name, value in _fields(record).items())
        # What somebody else wrote into a message makes no line of its own.
        message = " ".join(record.getMessage().split())
        line = f"{moment}.{int(record.msecs):03}Z {record.levelname.lower():7} {message}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _shown(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and text and not set(text) & set(' "=') else json.dumps(text, ensure_ascii=False)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "timestamp": f"{moment}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
