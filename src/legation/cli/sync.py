"""`legation sync`: configuration as files that Envoy watches, without a server."""

from __future__ import annotations

import os
from typing import Any

import click

from legation import settings
from legation.cli import options
from legation.errors import SettingsError


@click.command()
@options.of_settings(settings.SYNC)
def sync(**flags: Any) -> None:
    """Write configuration into the directory OUT, where an Envoy beside it reads it, and keep it up to date.

    With --config-maps or --selector the keys of ConfigMaps become files, byte for byte. With --node the files hold what
    the Envoy with that node id would get of all objects. SIGTERM leaves the files as they are and exits with status 0.
    """
    found = settings.load(settings.SYNC, flags=flags, environ=os.environ)
    if found.output is None:
        raise SettingsError("OUT", "where does Envoy read its files? Write: legation sync /srv/runtime ...")
    of_config_maps = bool(found.config_maps or found.selector)
    if found.node is None and not of_config_maps:
        raise SettingsError(
            "--config-maps", "what is to be written? Name ConfigMaps, or give --selector, or --node for all objects"
        )
    if found.node is not None and found.config_maps:
        raise SettingsError("--node", "it takes all objects; leave out --config-maps, or leave out --node")
    from legation.cli import logs
    from legation.cli.syncing import run

    logs.configure(level=found.log_level, form=found.log_format)
    run(found)
