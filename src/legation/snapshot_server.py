"""SnapshotServer: raw xDS state in, by node id or by group; Envoys served. The lower floor of the library.

It is for programs that know what each Envoy is to get, and want it delivered in the right order and with an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from legation.clock import Clock, MonotonicClock
from legation.envoy import given
from legation.errors import InvalidResource
from legation.model.node import Node, Peer
from legation.model.problems import Level, Problem
from legation.model.proxy_status import ProxyStatus
from legation.model.resource import EVERY, Resource
from legation.model.resource_types import BY_NAME, BY_URL, ResourceType
from legation.model.snapshot import Collection, Snapshot, collect
from legation.runtime.acceptance import Acceptance, wait_accepted
from legation.runtime.admission import require_id
from legation.runtime.feedback import Feedback
from legation.runtime.hub import Content, Hub
from legation.runtime.problem_log import ProblemLog
from legation.runtime.serving import Service, Serving
from legation.tls.shown import PortTls
from legation.transports import Policy
from legation.transports.base import Transport
from legation.transports.grpc_server import GrpcTransport
from legation.transports.rest_server import RestTransport


class SnapshotServer(Service):
    """Serves each group of Envoys the state that a program sets for it.

    An Envoy whose group was never set waits: it is told nothing, and surely not that everything is gone. State may be
    set before the server runs. All of it lives in one event loop and is called from there only; from another thread use
    `loop.call_soon_threadsafe`.

    Resources are protobuf messages, `google.protobuf.Any` messages, Envoy JSON with `@type`, or pairs of a type URL and
    bytes.

    Example:
        async with SnapshotServer() as server:
            server.set("edge", [Cluster(name="web", ...), {"@type": ".../envoy.config.listener.v3.Listener", ...}])
            print(await server.wait_accepted("edge", timeout=10))
    """

    def __init__(
        self,
        *,
        port: int = 18000,
        bind: str = "localhost",
        group_of: Callable[[Node], str] | None = None,
        transports: Sequence[Transport] | None = None,
        rest_port: int | None = None,
        policy: Policy | None = None,
        clock: Clock | None = None,
        tls: PortTls | None = None,
    ) -> None:
        """Take the parts; nothing is opened before it runs.

        Args:
            port: The gRPC port; 0 for a free one, which `port` tells when it runs.
            bind: The address of the gRPC port; `localhost` is IPv4 and IPv6, `0.0.0.0` and `::` all of both.
            group_of: Says which group a node belongs to, or raises `Refusal`; None for a group of its own under its id.
            transports: How Envoys are served, in place of gRPC on one port and REST on another.
            rest_port: The port for Envoys that poll over REST, at the same address; 0 for a free one, None for no REST.
            policy: The time limits of delivery.
            clock: Where time comes from.
            tls: What both ports show and whom they trust, where `transports` is not given: `Shown().port(Ask.REQUIRED)`
                of `legation.tls.shown`. They do not open before something is shown. None: nothing is encrypted.
        """
        clock = clock or MonotonicClock()
        self._grpc = GrpcTransport(bind=(bind,), port=port, policy=policy, clock=clock, tls=tls)
        self._rest = (
            None if rest_port is None else RestTransport(bind=bind, port=rest_port, policy=policy, clock=clock, tls=tls)
        )
        super().__init__(
            Serving([self._grpc, *([self._rest] if self._rest else ())] if transports is None else transports)
        )
        self._snapshots: dict[str, Snapshot] = {}
        self._feedback = Feedback(clock=clock)
        self._log = ProblemLog(self._feedback.refusals)
        self._feedback.refusals_changed = self._log.look
        self._hub: Hub[str] = Hub(_Content(self._snapshots, group_of), feedback=self._feedback)

    @property
    def port(self) -> int:
        """The gRPC port."""
        return self._grpc.port

    @property
    def rest_port(self) -> int | None:
        """The port for polls over REST; None where it was not asked for."""
        return self._rest.port if self._rest else None

    async def run(self) -> None:
        """Serve until cancelled; then the streams are ended in order.

        Raises:
            TransportError: The port cannot be bound.
        """
        await self._serving.run(self._hub, self._log.run)

    def set(
        self,
        group: str,
        resources: Iterable[given.AnyResource],
        *,
        version: str | Mapping[str, str] = "",
        check: bool = True,
    ) -> tuple[Problem, ...]:
        """Make these resources the whole state of a group; what it had besides is removed.

        Args:
            group: The group; without `group_of`, the id of a node.
            resources: All resources, of any types.
            version: The version that Envoys see, in place of the content's; or one for each type, by short name
                (`Cluster`) or type URL. To set the same content under another version sends nothing.
            check: Refuse messages and bytes that cannot be read, and tell of dangling references. Without it exactly
                these are served, whatever they are.

        Returns:
            What may not be as it is meant; all of it is served nevertheless.

        Raises:
            InvalidResource: A resource is wrong, or two have the same type and name; then nothing has changed.
        """
        taken, problems = _take(resources, check=check)
        before = self._before(group)
        self._publish(group, {row: _collect(before, row, each, version) for row, each in _by_type(taken).items()})
        return (*problems, *(self._dangling(group, taken) if check else ()))

    def update(
        self, group: str, *resources: given.AnyResource, version: str | Mapping[str, str] = "", check: bool = True
    ) -> tuple[Problem, ...]:
        """Add resources to a group, in place of those of the same type and name; see `set`."""
        taken, problems = _take(resources, check=check)
        before = self._before(group)
        changed = {
            row: _collect(before, row, {**before[row].resources, **new}, version)
            for row, new in _by_type(taken).items()
        }
        self._publish(group, {**before.collections, **changed})
        return (*problems, *(self._dangling(group, taken) if check else ()))

    def remove(
        self,
        group: str,
        type: str | ResourceType,  # noqa: A002 - what it tells is the type
        *names: str,
        version: str | Mapping[str, str] = "",
    ) -> None:
        """Remove resources from a group; names that it does not have are ignored.

        Args:
            group: The group.
            type: The type of all of them: its short name (`Cluster`) or its type URL.
            names: Their names.
            version: As in `set`.
        """
        row = _row(type)
        before = self._before(group)
        gone = before[row].resources.keys() & names
        if gone:
            left = {name: each for name, each in before[row].resources.items() if name not in gone}
            self._publish(group, {**before.collections, row: _collect(before, row, left, version)})

    def clear(self, group: str) -> None:
        """Forget a group: its Envoys stay connected, keep what they have, and wait for what is set next."""
        if self._snapshots.pop(group, None) is not None:
            self._hub.publish([group])

    def snapshot(self, group: str) -> Snapshot | None:
        """Return the state of a group; None if it was never set."""
        return self._snapshots.get(group)

    async def wait_accepted(
        self,
        group: str,
        *,
        at_least: int = 0,
        timeout: float | None = None,  # noqa: ASYNC109 - on time-out the answer says who is still waited for
    ) -> Acceptance:
        """Wait until every Envoy of a group has accepted or refused its state as it is now, as far as it asked for it.

        Args:
            group: The group.
            at_least: Wait for at least so many Envoys; else nobody is waited for when none is connected.
            timeout: Seconds; None to wait for ever.

        Returns:
            Who accepted, who refused and why, and who did not answer in time: true if nothing is in the way.
        """
        return await wait_accepted(self._feedback, group=group, at_least=at_least, timeout=timeout)

    def proxies(self) -> tuple[ProxyStatus, ...]:
        """Return the Envoys that are connected: what each was sent, accepted and refused."""
        return self._feedback.proxies()

    def problems(self) -> tuple[Problem, ...]:
        """Return what Envoys refuse now."""
        return tuple(self._feedback.refusals().values())

    def _before(self, group: str) -> Snapshot:
        return self._snapshots.get(group) or Snapshot.of()

    def _publish(self, group: str, collections: Mapping[ResourceType, Collection]) -> None:
        self._snapshots[group] = Snapshot.of(collections.values())
        self._hub.publish([group])

    def _dangling(self, group: str, resources: Iterable[Resource]) -> Iterator[Problem]:
        state = self._snapshots[group]
        for each in resources:
            for type_name, names in each.references.items():
                row = BY_NAME[type_name]
                for name in sorted(names - state[row].resources.keys() - {EVERY}):
                    yield Problem(
                        code="dangling-reference",
                        level=Level.WARNING,
                        message=f"{_show(each)} refers to the {row.name} {name}, which group {group} does not have",
                        mend="it is right if it is static in the Envoys' bootstrap",
                    )


class _Content(Content[str]):
    """What a program has set for each group."""

    def __init__(self, snapshots: Mapping[str, Snapshot], group_of: Callable[[Node], str] | None) -> None:
        self._snapshots = snapshots
        self._group_of = group_of

    def group_of(self, peer: Peer, node: Node) -> str:
        require_id(peer, node)
        return self._group_of(node) if self._group_of else node.id

    def snapshot_of(self, group: str) -> Snapshot | None:
        return self._snapshots.get(group)


def _take(resources: Iterable[given.AnyResource], *, check: bool) -> tuple[tuple[Resource, ...], tuple[Problem, ...]]:
    taken: dict[tuple[ResourceType, str], Resource] = {}
    problems: list[Problem] = []
    for each in resources:
        resource, findings = given.take(each, check=check)
        if taken.setdefault((resource.type, resource.name), resource) is not resource:
            raise InvalidResource(resource.name, (f"two resources of the type {resource.type.name} have this name",))
        problems += (
            Problem(
                code=finding.code,
                level=finding.level,
                message=f"{_show(resource)}: {finding.message}",
                path=finding.path,
                mend=finding.mend,
            )
            for finding in findings
        )
    return tuple(taken.values()), tuple(problems)


def _by_type(resources: Iterable[Resource]) -> Mapping[ResourceType, dict[str, Resource]]:
    found: dict[ResourceType, dict[str, Resource]] = {}
    for each in resources:
        found.setdefault(each.type, {})[each.name] = each
    return found


def _collect(
    before: Snapshot, row: ResourceType, members: Mapping[str, Resource], version: str | Mapping[str, str]
) -> Collection:
    own = version if isinstance(version, str) else {_row(each): own for each, own in version.items()}.get(row, "")
    after = collect(row, members.values(), version=own)
    # Another version of the same content is nothing that Envoys need to hear of.
    return before[row] if after.digest == before[row].digest else after


def _row(told: str | ResourceType) -> ResourceType:
    row = told if isinstance(told, ResourceType) else BY_NAME.get(told) or BY_URL.get(told)
    if row is None:
        raise InvalidResource(str(told), (f"no such type; the types are {', '.join(BY_NAME)}",))
    return row


def _show(resource: Resource) -> str:
    return f"the {resource.type.name} {resource.name}"
