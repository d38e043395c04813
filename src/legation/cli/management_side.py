"""The management API of a server, joined of its settings, of who keeps the objects and of what is served."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from legation.api.management.audit import Audit
from legation.api.management.authentication import Doorman
from legation.api.management.grpc_server import ManagementServer
from legation.api.management.kinds import Kinds
from legation.api.management.service import Management
from legation.cli.doors import Doors
from legation.errors import SettingsError
from legation.model.limits import DEFAULT_LIMITS, Limits
from legation.settings import Management as ManagementSettings
from legation.sources.stored.folders import refuse_inside
from legation.sources.stored.store import StoredObjects
from legation.translate.pipeline import API_KINDS

if TYPE_CHECKING:
    from legation.api.management.calls import Plane
    from legation.api.management.http_port import ManagementHttp
    from legation.cli.tls_side import TlsSide
    from legation.model.problems import Problem
    from legation.model.statistics import StoreStatistics
    from legation.model.stored import ObjectStore
    from legation.sources.base import Source
    from legation.transports.base import Transport


def kept_in(state_dir: Path | None, *, watched: Path | None) -> StoredObjects:
    """Return the store of a server that reads no cluster.

    Args:
        state_dir: The folder where it keeps the objects.
        watched: The folder of manifests, if there is one.

    Raises:
        SettingsError: There is no such folder, or the two folders are not apart.
    """
    if state_dir is None:
        words = "the management API keeps objects there, unless they are kept in a cluster: write --state-dir FOLDER"
        raise SettingsError("--state-dir", f"{words}, or --kubernetes")
    if watched is not None:
        refuse_inside(watched, state_dir)
    # Of an earlier life of that folder there are fewer: whoever watched it is told to read anew.
    return StoredObjects(state_dir, first_revision=int(time.time() * 1000))


class ManagementSide:
    """What serves the API. It is handed to a control plane, and then told which one."""

    def __init__(
        self,
        found: ManagementSettings,
        *,
        store: ObjectStore,
        source: Source,
        grace: float,
        statistics: Callable[[], StoreStatistics] | None = None,
        closed: Callable[[], Awaitable[None]] | None = None,
        doors: Doors | None = None,
        tls: TlsSide | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Take the parts.

        Args:
            found: The settings.
            store: Who keeps the objects.
            source: That by which these are served.
            grace: Seconds in which calls must have ended.
            statistics: Tells how the store is; None where a cluster keeps the objects.
            closed: Closes the store at the end.
            doors: Who is let in; None: whoever reaches the ports, which are then of this machine alone.
            tls: What ports show; None: they have no TLS.
            limits: What those may take who have not called yet.
        """
        self._doors = doors = doors or Doors(doorman=Doorman(), audit=Audit())
        self._store = store
        self.source = source
        """That by which what is kept is served."""
        self.statistics = statistics
        """What tells how the store is, where it is one of this program."""
        self._closed = closed
        self._management: Management | None = None
        self._grpc: ManagementServer | None = None
        if found.management_port is not None or found.management_socket is not None:
            self._grpc = ManagementServer(
                self._of_plane,
                bind=found.management_bind,
                port=found.management_port,
                socket=found.management_socket,
                shutdown_grace=grace,
                doorman=doors.doorman,
                tls=None if tls is None or found.management_port is None else tls.management,
                limits=limits,
            )
        self._http = _over_http(found, self._of_plane, doors=doors, tls=tls, limits=limits)

    @property
    def transports(self) -> tuple[Transport, ...]:
        """What the control plane is to run beside its own."""
        return (*((self._grpc,) if self._grpc is not None else ()), *self._http)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where clients find it."""
        return (*(self._grpc.addresses if self._grpc is not None else ()), *(each.url for each in self._http))

    def serve(self, plane: Plane) -> None:
        """Take what serves the objects."""
        self._management = Management(
            plane,
            self._store,
            own=self.source,
            kinds=Kinds(API_KINDS),
            access=self._doors.access,
            audit=self._doors.audit,
        )

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with who is let in."""
        return self._doors.problems()

    async def run(self) -> None:
        """Follow who is let in, until cancelled."""
        await self._doors.run()

    async def aclose(self) -> None:
        """Close the store, when nothing is served any more."""
        await self._doors.aclose()
        if self._closed is not None:
            await self._closed()

    def _of_plane(self) -> Management:
        if self._management is None:
            raise RuntimeError("it is served before it was told by which control plane")
        return self._management


def _over_http(
    found: ManagementSettings,
    management: Callable[[], Management],
    *,
    doors: Doors,
    tls: TlsSide | None,
    limits: Limits,
) -> tuple[ManagementHttp, ...]:
    port, socket = found.management_http_port, found.management_http_socket
    if port is None and socket is None:
        return ()
    # Many have the API over gRPC alone.
    from legation.api.management.http_port import ManagementHttp

    made = []
    if port is not None:
        shown = None if tls is None else tls.management_http(tokens=doors.takes_tokens)
        made.append(
            ManagementHttp(
                management, bind=found.management_bind, port=port, doorman=doors.doorman, tls=shown, limits=limits
            )
        )
    if socket is not None:
        made.append(ManagementHttp(management, bind=found.management_bind, socket=socket, doorman=doors.doorman))
    return tuple(made)
