"""What a test puts out, beside what pytest itself captures: heard where it is made, whoever reads it.

Logs that structlog's `capture_logs` keeps, what commands print in a CliRunner, what programs print that tests start,
pages of admin, health and replica ports, what is written into a cluster, errors and problems. What is to hold secrets
is not listened to: what Envoys are told, what a management API shows to who may read, what an API server answers.
"""

from __future__ import annotations

import asyncio.subprocess
import contextlib
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
from click.testing import CliRunner

from demo.programs import Program
from legation import errors, http_server
from legation.model.problems import Problem
from tests.secrecy.keys import Undo, note_headers, wrap
from tests.secrecy.needles import Needles

Heard = Callable[[str, str], None]
"""Told where something was put out, and what."""
_OPEN_PORTS = {"--admin", "--health", "--replica"}
_LOGS = {".log", ".out", ".err", ".txt"}
_LARGEST = 8 << 20
_OURS = "legation"
_OF_OTHERS = {"kube-apiserver", "etcd"}
"""Programs that have secrets of their own to tell, to nobody but us."""


def listen(heard: Heard, needles: Needles) -> Undo:
    """Listen, and have the tokens noted that requests bring."""
    undo = contextlib.ExitStack()

    def when(owner: Any, name: str, told: Callable[..., None]) -> None:
        undo.callback(wrap(owner, name, told))

    logged = structlog.testing.LogCapture
    undo.callback(_before(logged, "__call__", lambda _self, _log, _how, event: heard("log", repr(event))))
    when(CliRunner, "invoke", lambda result, *_: heard("output of a command", result.output))
    when(pytest.CaptureFixture, "readouterr", lambda read, *_: heard("output", f"{read.out!s}{read.err!s}"))
    when(subprocess, "run", lambda done, *_: _of_run(heard, done))
    when(subprocess.Popen, "communicate", lambda read, program, *_: _of_program(heard, program.args, read))
    undo.callback(_before(asyncio.subprocess.SubprocessStreamProtocol, "pipe_data_received", partial(_of_pipe, heard)))
    for name in ("stop", "kill"):
        when(Program, name, lambda _, program, *_others: _of_log(heard, program))
    undo.callback(_before(errors.LegationError, "__init__", lambda _self, *args: heard("error", repr(args))))
    undo.callback(
        _before(Problem, "__init__", lambda _self, **of: heard("problem", f"{of.get('message')} {of.get('mend')}"))
    )
    undo.callback(_around_apps(heard, needles))
    return undo.close


def of_files(folder: Path, heard: Heard) -> None:
    """Listen to the logs that programs have left in a test's folder."""
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if file.suffix in _LOGS and not file.is_symlink() and file.is_file() and file.stat().st_size <= _LARGEST:
                heard(f"the file {file.name}", file.read_text(errors="replace"))


def _before(owner: Any, name: str, told: Callable[..., None]) -> Undo:
    """Have a function tell what it is given before it does anything."""
    called, own = getattr(owner, name), owner.__dict__.get(name)

    def telling(*args: Any, **named: Any) -> Any:
        told(*args, **named)
        return called(*args, **named)

    setattr(owner, name, telling)
    return lambda: setattr(owner, name, own) if own is not None else delattr(owner, name)


def _of_run(heard: Heard, done: subprocess.CompletedProcess[Any]) -> None:
    _of_program(heard, done.args, (done.stdout, done.stderr))


def _of_program(heard: Heard, command: object, read: tuple[Any, Any]) -> None:
    # Another program may print what it likes: kubectl shows Secrets.
    if _OURS in " ".join(map(str, command if isinstance(command, (list, tuple)) else [command])):
        for each in read:
            if each:
                heard("output of a program", _text(each))


def _of_pipe(heard: Heard, protocol: Any, _descriptor: int, data: bytes) -> None:
    program = getattr(getattr(protocol, "_transport", None), "_proc", None)
    _of_program(heard, getattr(program, "args", _OURS), (data, None))


def _of_log(heard: Heard, program: Program) -> None:
    with contextlib.suppress(OSError):
        if program.name not in _OF_OTHERS:
            heard(f"the log of {program.name}", program.log.read_text(errors="replace"))


def _text(data: Any) -> str:
    return data if isinstance(data, str) else bytes(data).decode(errors="replace")


def _around_apps(heard: Heard, needles: Needles) -> Undo:
    begin = http_server.HttpServer.__init__

    def begun(self: http_server.HttpServer, app: Any, **named: Any) -> None:
        setting = str(named.get("setting", ""))

        async def listened(scope: Any, receive: Any, send: Any) -> None:
            note_headers(needles, dict(scope.get("headers", ())))

            async def sent(message: Any) -> None:
                if message.get("body") and setting in _OPEN_PORTS:
                    heard(f"page {scope.get('path')}", _text(message["body"]))
                await send(message)

            await app(scope, receive, sent)

        begin(self, listened, **named)

    http_server.HttpServer.__init__ = begun  # type: ignore[method-assign]

    def undo() -> None:
        http_server.HttpServer.__init__ = begin  # type: ignore[method-assign]

    return undo
