"""`legation serve`: the server."""

from __future__ import annotations

import os
from typing import Any

import click

from legation import settings
from legation.cli import options
from legation.errors import SettingsError


@click.command()
@options.of_settings
def serve(**flags: Any) -> None:
    """Serve a directory of manifests to every Envoy that connects.

    Every file below DIR is watched. Each setting may also stand in the file of settings, or in the environment. SIGTERM
    lets Envoys end their streams, and then exits with status 0; a second one ends at once.
    """
    found = settings.load(flags=flags, environ=os.environ)
    if found.directory is None:
        raise SettingsError("DIR", "which directory of manifests? Write: legation serve DIR")
    from legation.cli import logs, server

    logs.configure(level=found.log_level, form=found.log_format)
    server.run(found, directory=found.directory)
