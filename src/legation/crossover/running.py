"""The program joined together: from options to what it exits with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from legation.clock import MonotonicClock
from legation.crossover import log
from legation.crossover.daemon import Daemon
from legation.crossover.once import once
from legation.crossover.options import Options
from legation.crossover.publishing import Publishing
from legation.crossover.remembering import Remembering
from legation.crossover.watching import Watching
from legation.crossover.writing import staging_of, writer_of
from legation.errors import KubeConfigError, TransportError
from legation.kube import direct
from legation.kube.client import Client

_FAILURE = 1


async def work(options: Options, *, environment: Mapping[str, str]) -> int:
    """Do what is asked for.

    Args:
        options: That.
        environment: Where proxies are told.

    Returns:
        What to exit with.
    """
    try:
        connection = direct.connection(
            server=options.server,
            token_file=options.token_file,
            insecure=options.insecure,
            environment=environment,
        )
    except KubeConfigError as error:
        log.error(f"--apiserver: {error}")
        return _FAILURE
    if fault := direct.token_fault(options.token_file):
        log.warning(f"{fault}; it is asked without one, and read again each time")
    if not options.config_maps:
        return await _nothing(options)
    client = Client(connection)
    try:
        return await _work(options, client)
    finally:
        await client.aclose()


async def _work(options: Options, client: Client) -> int:
    clock = MonotonicClock()
    writer = writer_of(options.output, dry_run=options.dry_run)
    publishing = Publishing(client, clock=clock) if options.publish and not options.dry_run else None
    remembering = Remembering(staging_of(options.output), namespace=options.namespace, writes=not options.dry_run)
    woken = asyncio.Event()
    watching = Watching(client, options, changed=woken.set, clock=clock)
    if options.once:
        return await once(options, watching=watching, writer=writer, remembering=remembering, publishing=publishing)
    daemon = Daemon(
        options,
        watching=watching,
        writer=writer,
        remembering=remembering,
        publishing=publishing,
        clock=clock,
        woken=woken,
    )
    try:
        await daemon.run()
    except* TransportError as errors:
        for error in errors.exceptions:
            log.error(str(error))
    # It does not end by itself.
    return _FAILURE


async def _nothing(options: Options) -> int:
    """Do nothing, for as long as is asked for: whoever starts it anew again and again has nothing of it."""
    if not options.once:
        await asyncio.Event().wait()
    return 0
