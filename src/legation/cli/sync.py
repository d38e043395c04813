"""`legation sync`: configuration as files that Envoy watches, without a server."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from legation import settings
from legation.cli import options
from legation.errors import SettingsError


@click.command(short_help="Write files for an Envoy that reads files.")
@options.of_settings(settings.SYNC)
def sync(**flags: Any) -> None:
    """Write configuration into the directory OUT, where an Envoy beside it reads it, and keep it up to date.

    With --config-maps or --selector the keys of ConfigMaps become files, byte for byte. With --node the files hold what
    the Envoy with that node id would get of all objects. SIGTERM leaves the files as they are and exits with status 0.
    """
    found = settings.load(settings.SYNC, flags=flags, environ=os.environ)
    _check(found)
    from legation.leaving import Leaving

    # Before all that takes time to load: a container's first process does not hear of a signal that nobody listens to.
    leaving = Leaving(code=_STOPPED_BEFORE if found.once else 0)
    from legation.cli import logs
    from legation.cli.syncing import run

    logs.configure(level=found.log_level, form=found.log_format)
    run(found, leaving)


def _check(found: settings.Sync) -> None:
    """Refuse what says nothing, and what would be passed over.

    Raises:
        SettingsError: A setting is missing, or goes with others that are not there.
    """
    if found.output is None:
        raise SettingsError("OUT", "where does Envoy read its files? Write: legation sync /srv/runtime ...")
    if found.node is None and not (found.config_maps or found.selector):
        raise SettingsError(
            "--config-maps", "what is to be written? Name ConfigMaps, or give --selector, or --node for all objects"
        )
    own = settings.Sync()
    for name, what, clashes in _PASSED_OVER:
        if clashes(found) and getattr(found, name) != getattr(own, name):
            raise SettingsError(settings.SYNC.by_name[name].flag, what)


_PASSED_OVER: tuple[tuple[str, str, Callable[[settings.Sync], bool]], ...] = (
    ("config_maps", "--node takes all objects; leave one of the two out", lambda found: found.node is not None),
    ("selector", "--config-maps names them already; leave one of the two out", lambda found: bool(found.config_maps)),
    (
        "selector",
        "with --node it is about the objects of a cluster; of a directory all are read",
        lambda found: found.node is not None and found.directory is not None,
    ),
    ("labels", "they are those of the Envoy that --node names", lambda found: found.node is None),
    ("secrets", "they are read for the Envoy that --node names", lambda found: found.node is None),
    (
        "envoy_path",
        "it is for the files of --node; ConfigMaps are written as they are",
        lambda found: found.node is None,
    ),
    ("l7mp_matching", "it is about the objects that --node gets", lambda found: found.node is None),
    ("unknown_fields", "it is about the objects that --node gets", lambda found: found.node is None),
    *(
        (name, "it is about a cluster; leave it or --directory out", lambda found: found.directory is not None)
        for name in ("kubeconfig", "context", "namespaces", "secrets")
    ),
    (
        "splits",
        "a directory holds no TrafficSplits but those that you put there; take them out",
        lambda found: found.directory is not None,
    ),
)
"""Settings that say nothing beside others: which, why, and beside which."""

_STOPPED_BEFORE = 1
"""The exit status of who is ended before the files are written once: an Envoy must not start then."""
