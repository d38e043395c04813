"""ControlPlane: objects in, Envoys served. The upper floor of the library."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Hashable, Sequence
from functools import partial
from pathlib import Path

from legation.clock import Clock, MonotonicClock
from legation.model.identity import TokenChecker
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Problem
from legation.model.proxy_status import Denied, ProxyStatus, TurnedAway
from legation.model.statistics import Statistics
from legation.runtime.acceptance import Acceptance, Matches
from legation.runtime.admission import Rules
from legation.runtime.court import Asked
from legation.runtime.engine import Engine
from legation.runtime.foreseeing import Foresight
from legation.runtime.identity_rules import Identity
from legation.runtime.inquiry import Inquiry
from legation.runtime.problem_log import ProblemLog
from legation.runtime.serving import Service
from legation.runtime.state_folder import StateFolder
from legation.runtime.waiting_room import PATIENCE
from legation.sources.base import Source
from legation.status.base import Objects
from legation.tls.shown import PortTls
from legation.transports import Policy
from legation.transports.base import Transport
from legation.transports.grpc_server import GrpcTransport
from legation.transports.rest_server import RestTransport


class ControlPlane(Service):
    """Reads objects from sources and serves what they mean to Envoys.

    All of it lives in one event loop: call it, and the sources that are yours, from there only.

    Example::

        source = MemorySource()
        async with ControlPlane([source]) as plane:
            cluster = source.put({"apiVersion": "bootes.io/v1", "kind": "Cluster", ...})
            print(await plane.wait_accepted(cluster, timeout=10))
    """

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        transports: Sequence[Transport] | None = None,
        xds_bind: str = "localhost",
        xds_port: int = 18000,
        state_dir: Path | str | None = None,
        rest_port: int | None = None,
        policy: Policy | None = None,
        rules: Rules | None = None,
        pod_wait: float = PATIENCE,
        count: bool = False,
        count_watched: bool = False,
        clock: Clock | None = None,
        judge: Asked | None = None,
        verdict_limit: float = 10.0,
        tokens: TokenChecker | None = None,
        tls: PortTls | None = None,
    ) -> None:
        """Take the parts; nothing is read or opened before it runs.

        Args:
            sources: Where objects come from. Of an object that several have, that of the first one counts.
            transports: How Envoys are served, in place of gRPC on one port and REST on another.
            xds_bind: The address of the gRPC port; `localhost` is IPv4 and IPv6, `0.0.0.0` and `::` all of both.
            xds_port: The gRPC port; 0 for a free one, which `xds_port` tells when it runs.
            state_dir: A folder where the last good version of each object outlives the program.
            rest_port: The port for Envoys that poll over REST, at the same address; 0 for a free one, None for no REST.
            policy: The time limits of delivery.
            rules: Who gets what, where Pods and Services are known.
            count: Whether it is counted for each object what Envoys have of it, as `objects` tells.
            count_watched: Whether that is done while somebody watches it, if not always.
            pod_wait: Seconds that an Envoy waits whose Pod is not known (yet).
            clock: Where time comes from.
            judge: Who is asked about what is new before it is served, such as a `legation.judging.judge.Judge`; it is
                ended when this ends.
            verdict_limit: Seconds that an object waits for that at most.
            tokens: Says whose the tokens are that Envoys show, where `transports` is not given; None: they are not
                looked at. What Envoys have to prove is in `rules`.
            tls: What both ports show and whom they trust, where `transports` is not given: `Shown().port(Ask.REQUIRED)`
                of `legation.tls.shown`. They do not open before something is shown. None: nothing is encrypted.
        """
        clock = clock or MonotonicClock()
        self._grpc = GrpcTransport(bind=(xds_bind,), port=xds_port, policy=policy, clock=clock, tokens=tokens, tls=tls)
        self._rest = (
            None
            if rest_port is None
            else RestTransport(bind=xds_bind, port=rest_port, policy=policy, clock=clock, tokens=tokens, tls=tls)
        )
        self._engine = Engine(
            sources=sources,
            transports=[self._grpc, *([self._rest] if self._rest else ())] if transports is None else transports,
            clock=clock,
            state_folder=None if state_dir is None else StateFolder(Path(state_dir)),
            rules=rules,
            pod_wait=pod_wait,
            count=count,
            count_watched=count_watched,
            judge=judge,
            verdict_limit=verdict_limit,
        )
        self._foresight = Foresight(partial(self._engine.what_if, soon=True), held=self._engine.held)
        super().__init__(self._engine.serving)

    @property
    def xds_port(self) -> int:
        """The gRPC port."""
        return self._grpc.port

    @property
    def rest_port(self) -> int | None:
        """The port for polls over REST; None where it was not asked for."""
        return self._rest.port if self._rest else None

    @property
    def objects(self) -> Objects:
        """What is known of each object, and what Envoys have of it, if that is counted."""
        return self._engine.objects

    @property
    def inquiry(self) -> Inquiry:
        """Where resources come from, and which Envoys have them."""
        return self._engine.inquiry

    @property
    def missing(self) -> tuple[str, ...]:
        """Why Envoys cannot be served (yet, or any more), a clause for each; empty while it is ready."""
        return self._engine.missing

    async def run(self) -> None:
        """Serve until cancelled; then the streams are ended in order.

        Raises:
            LegationError: A source cannot be read at all, a port cannot be bound, the state folder cannot be used.
        """
        await self._engine.run()

    async def wait_ready(self) -> None:
        """Return when Envoys can connect and every source has loaded."""
        await self._serving.wait_listening()
        await self._engine.wait_handled()

    async def wait_accepted(
        self,
        *objects: ManifestObject | ObjectKey,
        at_least: int = 0,
        timeout: float | None = None,  # noqa: ASYNC109 - on time-out the answer says who is still waited for
        matches: Matches | None = None,
        versions: Collection[ManifestObject] = (),
    ) -> Acceptance:
        """Wait until every Envoy has accepted or refused what was put in before now.

        Waited for are Envoys that asked for what the objects make (or made: an object that was deleted is accepted when
        nobody holds what it made), in its newest version.

        Args:
            objects: What matters; nothing for everything.
            at_least: Wait for at least so many Envoys; else nobody is waited for when none is connected.
            timeout: Seconds; None to wait for ever.
            matches: Says of which Envoys, by who they say they are and by what is known of them; None for all.
            versions: Objects that are waited for as they are here, or in later versions (`metadata.resourceVersion`).

        Returns:
            Who accepted, who refused and why, who did not answer in time, and what is wrong with the objects: true if
            nothing is in the way.
        """
        # A source that publishes at the next turn of the event loop has its turn first.
        await asyncio.sleep(0)
        keys = [each if isinstance(each, ObjectKey) else each.key for each in objects]
        return await self._engine.wait_accepted(
            keys, at_least=at_least, timeout=timeout, matches=matches, versions=versions
        )

    def problems(self) -> tuple[Problem, ...]:
        """Return all that is wrong now: with the objects, with their reading, and with what Envoys refuse."""
        return self._engine.problems()

    def proxies(self) -> tuple[ProxyStatus, ...]:
        """Return the Envoys that are connected: what each was sent, accepted and refused."""
        return self._engine.feedback.proxies()

    def turned_away(self) -> tuple[TurnedAway, ...]:
        """Return who was not served lately for who it says it is, and why."""
        return self._engine.arrivals.turned_away.records()

    def denied(self) -> tuple[Denied, ...]:
        """Return who has lately not proven to be who it says it is: refused, or served where that is only reported."""
        return self._engine.arrivals.records()

    def identify(self, identity: Identity | None) -> None:
        """Have Envoys prove who they are by other rules than before: streams end that are not allowed by these.

        Args:
            identity: The rules; None: nobody has to prove anything.
        """
        self._engine.arrivals.identify(identity)

    @property
    def problem_feed(self) -> ProblemLog[Hashable]:
        """The same as it was last looked at, by object, and told to who watches when it changes."""
        return self._engine.problem_feed

    async def counted(self) -> None:
        """Return when `objects` tells all that had happened before now."""
        await self._engine.objects.caught_up()

    @property
    def unread(self) -> tuple[str, ...]:
        """Which sources have not loaded yet, and why, a clause for each."""
        return self._engine.unread

    @property
    def foresight(self) -> Foresight:
        """What would become of objects before they are stored, for who stores them."""
        return self._foresight

    def what_if(self, *, by_itself: bool = False) -> Callable[[ManifestObject], tuple[Problem, ...]]:
        """Return what tells, beside what is served now, what would be wrong with another object if it were served.

        It changes nothing, and may be called from any thread.

        Args:
            by_itself: Whether it is to tell nothing of what is served: the object is looked at in itself alone.
        """
        found = self._engine.what_if()
        return (found.by_itself() if by_itself else found).problems

    def statistics(self) -> Statistics:
        """Return sizes now, and counts since the start."""
        return self._engine.statistics()
