"""The certificate of our own that a server keeps in a cluster, and whom Pods learn to trust, joined of its settings.

With a folder of certificates (`--tls`) nothing is kept: then Pods learn of the `ca.crt` in it, where there is one.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from legation.api.keeping.config_maps import CODE, ConfigMaps
from legation.api.keeping.handing_out import HandingOut
from legation.api.keeping.keeper import Keeper
from legation.api.keeping.secret import TLS
from legation.clock import MonotonicClock
from legation.envoy.trust import trust_files
from legation.kube.client import Client
from legation.kube.connection import Connection
from legation.model.cluster import Pod
from legation.model.problems import Problem
from legation.pki.authorities import DAY, Lives
from legation.pki.certificates import Usage
from legation.settings import Tls
from legation.small_files import read_small
from legation.tls.files import AUTHORITIES
from legation.tls.ports import Ports

LIVES = Lives(authority=365 * DAY, certificate=30 * DAY, jitter=1 / 15)
"""An hour between that a new authority is trusted and that it signs: a kubelet brings it to its Pods in minutes."""


class PkiSide:
    """What keeps the certificate or hands out its authorities, and the client that it speaks through."""

    def __init__(
        self,
        found: Tls,
        *,
        connection: Connection,
        namespace: str,
        shown: Ports,
        pods: Callable[[], Mapping[str, Pod]],
        leads: Callable[[], bool],
    ) -> None:
        """Take the settings; nothing is asked yet.

        Args:
            found: The settings.
            connection: How to reach the API server.
            namespace: Where this Pod is.
            shown: What shows the certificate.
            pods: Returns all Pods that are known.
            leads: Says whether this replica may write.
        """
        clock = MonotonicClock()
        self._client = Client(connection)
        publisher = ConfigMaps(
            self._client,
            name=found.trust,
            namespaces=Wanting(pods).namespaces,
            files=trust_files(),
            clock=clock,
        )
        self._keeper: Keeper | HandingOut
        if found.tls_secret is not None:
            self._keeper = Keeper(
                self._client,
                shown=shown,
                names=names(found.tls_service, namespace),
                namespace=namespace,
                name=found.tls_secret,
                layout=TLS,
                publisher=publisher,
                leads=leads,
                clock=clock,
                chance=random.random,
                code=CODE,
                subject="legation",
                # Replicas show it to one another.
                usage=Usage.BOTH,
                lives=LIVES,
            )
        else:
            path = (found.tls or Path()) / AUTHORITIES
            self._keeper = HandingOut(
                partial(read_small, path),
                shown=lambda: shown.material,
                publisher=publisher,
                leads=leads,
                clock=clock,
                unix_time=time.time,
                code=CODE,
                subject=str(path),
            )

    def problems(self) -> tuple[Problem, ...]:
        """Return what is in the way."""
        return self._keeper.problems()

    async def run(self) -> None:
        """Keep it until cancelled."""
        try:
            await self._keeper.run()
        except asyncio.CancelledError:
            # After a fault it is begun anew.
            await self._client.aclose()
            raise


class Wanting:
    """The namespaces where Pods want to learn whom to trust."""

    def __init__(self, pods: Callable[[], Mapping[str, Pod]]) -> None:
        """Take what returns all Pods."""
        self._pods = pods
        self._seen: Mapping[str, Pod] | None = None
        self._found: frozenset[str] = frozenset()

    def namespaces(self) -> frozenset[str]:
        """Return them; it costs nothing where no Pod has changed."""
        pods = self._pods()
        if pods is not self._seen:
            self._found = frozenset(each.namespace for each in pods.values() if each.wants_authority)
            self._seen = pods
        return self._found


def names(service: str, namespace: str) -> tuple[str, ...]:
    """Return the names by which Envoys, and who tries it by hand, call a Service."""
    short = f"{service}.{namespace}"
    return (service, short, f"{short}.svc", f"{short}.svc.cluster.local", "localhost", "127.0.0.1", "::1")
