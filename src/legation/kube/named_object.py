"""NamedObject: keeps one object whose name is known, by a `legation.kube.named.Named` that it runs over a client.

::

    template = NamedObject(client, kind, namespace="shop", name="envoy-xds", decode=decode, changed=changed, ...)
    await template.run()               # until cancelled
    template.object, template.asked, template.current, template.missing, template.not_watched, template.unreadable

It takes the verbs `get` and `watch` for that name alone. An event carries the object: a change costs no request.
`changed` is called when any of the properties has changed; an object that `decode` makes equal to the one before (`==`)
has not. For a program that runs once there is `look`.

It knows how to perform what the machine asks. It refuses to know what the object means. The one invariant: whatever the
API server does, `run` goes on; only its own bugs and those of `changed` end it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeAlias

from legation.clock import Clock
from legation.errors import KubeError, KubeUnreachable
from legation.kube.hearing import Api, hearing
from legation.kube.known import Object
from legation.kube.named import Follow, Get, Missing, Named, Rest
from legation.kube.resting import Resting
from legation.kube.watch_policy import WatchPolicy
from legation.model.api_kinds import ApiKind

if TYPE_CHECKING:
    import msgspec

_BURST = 4
"""Versions of the object that are kept until they are read: each may be large."""
_GET_LIMIT = 30.0
"""Seconds for one GET."""
_POLICY = WatchPolicy()
_Standing: TypeAlias = tuple[object, ...]


class NamedObject(Generic[Object]):
    """One object."""

    def __init__(
        self,
        client: Api,
        kind: ApiKind,
        *,
        namespace: str,
        name: str,
        decode: Callable[[msgspec.Raw], Object],
        changed: Callable[[], None],
        clock: Clock,
        chance: Callable[[], float],
        watch: bool = True,
        interval: float = 60.0,
        policy: WatchPolicy = _POLICY,
    ) -> None:
        """Take what to keep; nothing is asked yet.

        Args:
            client: Who speaks to the API server.
            kind: The object's kind.
            namespace: Where it is; empty for a kind without namespaces.
            name: Its name.
            decode: Makes of its JSON what is kept of it, as `Named` wants it.
            changed: Is told that something changed.
            clock: What pauses are measured by.
            chance: Returns random numbers, 0 <= x < 1.
            watch: Whether to watch it; if not, GET is asked at the interval.
            interval: Seconds between two GETs where there is no watch.
            policy: How patient it is.

        Raises:
            ValueError: No object of the kind can have that name, or be there.
        """
        self._client = client
        self._changed = changed
        self._clock = clock
        self._chance = chance
        self._resting = Resting(clock, chance)
        self._named = Named(
            kind, namespace=namespace, name=name, decode=decode, watch=watch, interval=interval, policy=policy
        )
        self._told = self._standing()
        self.kind = kind
        self.namespace = namespace
        self.name = name

    @property
    def object(self) -> Object | None:
        """What is known of it; None: it is not there, or nothing readable was ever heard of it."""
        return self._named.object

    @property
    def asked(self) -> bool:
        """Whether the API server has said once that it is there, or that it is not; it then stays true."""
        return self._named.asked

    @property
    def current(self) -> bool:
        """Whether it is what the API server has: the watch stands, or the last GET was answered."""
        return self._named.current

    @property
    def missing(self) -> Missing | None:
        """Why it is not current; None if it is."""
        return self._named.missing

    @property
    def not_watched(self) -> Missing | None:
        """Why it is asked for at an interval, although it is to be watched; None if it is watched."""
        return self._named.not_watched

    @property
    def unreadable(self) -> str:
        """Why `decode` refuses the newest version; empty if it does not. The last readable one stays."""
        return self._named.unreadable

    def hurry(self, *, within: float) -> None:
        """End a pause within so many seconds, if there is one: the API server was heard of elsewhere."""
        self._resting.hurry(within=within)

    async def run(self) -> None:
        """Keep it until cancelled."""
        while True:
            match self._named.next(self._clock.now(), self._chance()):
                case Rest(until):
                    await self._resting.until(until)
                case Get() as ask:
                    await self._get(ask)
                case Follow() as ask:
                    await self._follow(ask)
            self._tell()

    async def look(self) -> Object | None:
        """Ask once, and return it, or None if it is not there. Not while `run` goes on, which may follow.

        One that cannot be read is None, too: `unreadable` says why.

        Raises:
            KubeError: The server refuses to show it.
            KubeUnreachable: There is no answer, or one that is not the API server's.
        """
        ask = self._named.look()
        refusal = await self._get(ask)
        # A 404 is an answer, if it is the API server's.
        missing = self._named.missing
        if missing is not None and missing.trouble:
            raise refusal or KubeUnreachable(missing.message)
        return self.object

    async def _get(self, ask: Get) -> KubeError | KubeUnreachable | None:
        """Ask, and return what it failed by."""
        try:
            body = await self._client.request("GET", ask.path, timeout=_GET_LIMIT)
        except (KubeError, KubeUnreachable) as error:
            self._named.failed(error, now=self._clock.now())
            return error
        self._named.found(body, now=self._clock.now())
        return None

    async def _follow(self, ask: Follow) -> None:
        """Take what is read, burst by burst, and look after the deadline."""
        async with hearing(self._client, ask, burst=_BURST) as heard:
            while True:
                _, over = heard.feed(self._named, self._clock.now)
                if over:
                    return
                self._tell()
                if self._clock.now() >= self._named.deadline:
                    await heard.end()
                    self._named.silent(now=self._clock.now())
                    return
                await heard.wait(self._named.deadline, clock=self._clock)

    def _tell(self) -> None:
        standing = self._standing()
        if standing != self._told:
            self._told = standing
            self._changed()

    def _standing(self) -> _Standing:
        named = self._named
        return named.object, named.asked, named.missing, named.not_watched, named.unreadable
