"""`legation serve`: the server."""

from __future__ import annotations

import os
from typing import Any

import click

from legation import settings
from legation.cli import options
from legation.cli.door_settings import check_doors
from legation.cli.grpc_environment import prepare_grpc
from legation.errors import SettingsError


@click.command(short_help="Serve a directory or a cluster to Envoys.")
@options.of_settings(settings.SERVE)
def serve(**flags: Any) -> None:
    """Serve a directory of manifests, or a Kubernetes cluster, to every Envoy that connects.

    Every file below DIR is watched; with --kubernetes the objects of a cluster are, and with --management-port others
    are put in while it runs. Each setting may also stand in the file of settings, or in the environment. SIGTERM lets
    Envoys end their streams, and then exits with status 0; a second one ends at once.
    """
    found = settings.load(settings.SERVE, flags=flags, environ=os.environ)
    if found.directory is None and not found.cluster.kubernetes and not found.management.is_on:
        raise SettingsError(
            "DIR",
            "where do objects come from? Write: legation serve DIR, or: legation serve --kubernetes, or:"
            " legation serve --management-port 18005 --state-dir FOLDER",
        )
    check_doors(found)
    prepare_grpc(os.environ, oldest=found.tls.tls_min_version)
    from legation.cli import logs, server
    from legation.listening import allow_connections

    allow_connections()
    logs.configure(level=found.log_level, form=found.log_format)
    server.run(found)
