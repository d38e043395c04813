"""Whatever is published, to an Envoy that reads files as late as it may: no request fails, and all stands there."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from legation.model.resource import Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    SECRET,
    ResourceType,
)
from legation.transports.files.anew import Anew
from legation.transports.files.file_set import FileSet, PlannedFile
from legation.transports.files.steps import FileSteps
from tests.properties.file_envoy import CDS, LDS, STATIC, FileEnvoy, line, parse, render, unlinked
from tests.small_world import resource, snapshot

SETTLE = 1.0
DRAIN_GRACE = 30.0
DRAIN_TIME = 20.0
CERTIFICATE = "certificate.pem"
"""No xDS file."""


class News:
    """What is published; it prints as a person reads it."""

    def __init__(self, files: FileSet, dangling: frozenset[str] = frozenset()) -> None:
        self.files = files
        self.dangling = dangling
        """Clusters whose endpoints are in no file, and nothing says so."""

    def __repr__(self) -> str:
        lines = []
        for path, file in self.files.files.items():
            found = (self.files.snapshot.get(*each) for each in file.members)
            words = " ".join(f"{each.name}@{each.version}" for each in found if each is not None)
            words += "".join(
                f" {name} lacks {[*paths]}" for (_, name), paths in self.files.lacking.items() if path == CDS
            )
            lines.append(f"{path}{'' if file.content is None else '!'}: {words}")
        return "\n    ".join(["News", *lines])


@st.composite
def news(draw: st.DrawFn) -> News:
    """Return files; some are rendered, others have an owner, and some change their names.

    Some clusters take endpoints from a file that is not there. Nobody names those.
    """
    eds, rds, sds = (draw(st.sampled_from(pair)) for pair in (("eds", "e"), ("rds", "r"), ("sds", "s")))
    where = f">{eds},{rds},{sds}"
    secrets = sorted(draw(st.sets(st.sampled_from("pq"), max_size=2)))
    clusters = [_cluster(draw, name, secrets, where) for name in sorted(draw(st.sets(st.sampled_from("abcd"))))]
    lacks = {each.name for each in clusters if each.refers_to(CLUSTER_LOAD_ASSIGNMENT) and not draw(st.integers(0, 4))}
    unsaid = {each for each in lacks if draw(st.booleans())}
    clusters = [unlinked(each) if each.name in unsaid else each for each in clusters]
    names = [each.name for each in clusters if each.name not in lacks]
    routes = [_route(draw, name, names) for name in sorted(draw(st.sets(st.sampled_from("rst"))))]
    listeners = [
        _listener(draw, name, [each.name for each in routes], names, where)
        for name in sorted(draw(st.sets(st.sampled_from("lmn"))))
    ]
    endpoints = [resource(CLUSTER_LOAD_ASSIGNMENT, name, draw(st.integers(1, 2))) for name in names]
    keys = [resource(SECRET, name, draw(st.integers(1, 2))) for name in secrets]
    planned: dict[str, tuple[Resource, ...]] = {CDS: tuple(clusters), LDS: tuple(listeners)}
    planned |= {f"{eds}/{each.name}.json": (each,) for each in endpoints}
    planned |= {f"{rds}/{each.name}.json": (each,) for each in routes}
    planned |= {f"{sds}/{each.name}.json": (each,) for each in keys}
    fixed = [_route(draw, "fixed", names)] if draw(st.booleans()) else []
    planned |= dict.fromkeys([STATIC][: len(fixed)], tuple(fixed))
    words = draw(st.sampled_from([None, "# one\n", "# two\n"]))
    files = {
        path: PlannedFile(
            members=tuple((each.type, each.name) for each in members),
            content=None if words is None and members else f"{words or ''}".encode() + render(path, members),
        )
        for path, members in planned.items()
    }
    if draw(st.booleans()):
        files[CERTIFICATE] = PlannedFile(content=draw(st.sampled_from([b"# one", b"# other"])))
    content = snapshot(*clusters, *endpoints, *keys, *routes, *fixed, *listeners)
    lacking = {(CLUSTER, name): frozenset({f"{eds}/{name}.json"}) for name in lacks - unsaid}
    return News(FileSet(snapshot=content, files=files, lacking=lacking), dangling=frozenset(unsaid))


Refers = list[tuple[ResourceType, tuple[str, ...]]]


def _cluster(draw: st.DrawFn, name: str, secrets: list[str], where: str) -> Resource:
    refers: Refers = []
    if name != "d":
        refers.append((CLUSTER_LOAD_ASSIGNMENT, (name,)))
    if secrets and not draw(st.integers(0, 3)):
        refers.append((SECRET, (draw(st.sampled_from(secrets)),)))
    return resource(CLUSTER, name, _version(draw, refers, where), tuple(refers))


def _route(draw: st.DrawFn, name: str, clusters: list[str]) -> Resource:
    uses: list[str] = sorted(draw(st.sets(st.sampled_from(clusters), max_size=2))) if clusters else []
    return resource(ROUTE_CONFIGURATION, name, f"{draw(st.integers(1, 2))}{''.join(uses)}", ((CLUSTER, tuple(uses)),))


def _listener(draw: st.DrawFn, name: str, routes: list[str], clusters: list[str], where: str) -> Resource:
    refers: Refers = []
    if routes and draw(st.integers(0, 3)) > 0:
        refers.append((ROUTE_CONFIGURATION, (draw(st.sampled_from(routes)),)))
    elif clusters:
        refers.append((CLUSTER, (draw(st.sampled_from(clusters)),)))
    return resource(LISTENER, name, _version(draw, refers, where), tuple(refers))


def _version(draw: st.DrawFn, refers: Refers, where: str) -> str:
    return f"{draw(st.integers(1, 2))}{'+'.join(n for _, names in refers for n in names)}{where if refers else ''}"


class Delivery(RuleBasedStateMachine):
    """One folder, who writes it and who reads it."""

    drains = True
    endless = False

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.disk: dict[str, bytes] = {}
        self.envoy = FileEnvoy(self.disk)
        self.must_read: dict[str, float] = {}
        self.drained_at: float | None = None
        self.news: News | None = None
        self.steps = self.fresh()
        self.started = False
        self.abandoned: set[str] = set()
        """Clusters that routes name of which nobody knows who takes them."""
        self.dangled: set[str] = set()
        """Clusters that may have been written while they named a file that was not there."""
        self.doubtful: set[str] = set()
        """Files of a step that failed."""

    def fresh(self) -> FileSteps:
        grace = DRAIN_GRACE if self.drains else 0.0
        return FileSteps(settle=SETTLE, drain_grace=grace, render=render)

    # What happens

    @initialize(news=news())
    def begin(self, news: News) -> None:
        self.publish(news)

    @rule(news=news())
    def publish(self, news: News) -> None:
        self.news = news
        self.dangled |= news.dangling
        for route in news.files.snapshot[ROUTE_CONFIGURATION]:
            if not news.files.snapshot[LISTENER].referrers(ROUTE_CONFIGURATION, route.name):
                self.abandoned |= route.refers_to(CLUSTER)
        self.steps.retarget(news.files, self.now)

    @rule(picks=st.lists(st.integers(0, 9), max_size=6), fails=st.sampled_from([None, None, None, 0, 1, 2]))
    def writes(self, picks: list[int], fails: int | None) -> None:
        """Write the next step, while the Envoy reads."""
        self.step(picks, fails)

    def step(self, picks: list[int], fails: int | None) -> bool:
        step = self.steps.next(self.now)
        if step is None:
            return False
        assert step.puts or step.removes
        reads = iter(picks)
        for at, (path, content) in enumerate(step.puts.items()):
            if at == fails:
                break
            moved_again = isinstance(content, Anew) or path in self.doubtful
            assert self.disk.get(path) != content or moved_again, f"{path} is as it was"
            self.disk[path] = content
            self.envoy.moved_into(path)
            if path in self.envoy.unread:
                self.must_read.setdefault(path, self.now + SETTLE)
            if self.started and (pick := next(reads, None)) is not None and pick % 2:
                self.read(pick)
        if fails is not None:
            self.doubtful |= {*step.puts, *step.removes}
            self.steps.failed()
            return True
        self.doubtful -= {*step.puts, *step.removes}
        for path in step.removes:
            self.disk.pop(path, None)
        self.steps.written(self.now)
        if not self.started:
            self.started = True
            self.must_read.clear()
            self.envoy.unread.clear()
            self.envoy.start()
        self.is_well()
        return True

    @precondition(lambda self: self.envoy.unread)
    @rule(pick=st.integers(0, 9))
    def read(self, pick: int) -> None:
        """The Envoy reads one of the files that changed."""
        unread = sorted(self.envoy.unread)
        if unread:
            path = unread[pick % len(unread)]
            self.must_read.pop(path, None)
            self.envoy.read(path)
            self.is_well()

    @rule(seconds=st.sampled_from([0.3, 0.9, 5.0, 50.0]), picks=st.lists(st.integers(0, 9), max_size=5))
    def time_passes_while_the_disk_is_full(self, seconds: float, picks: list[int]) -> None:
        self.step([], 0)
        self.time_passes(seconds, picks, works=False)

    @rule(seconds=st.sampled_from([0.3, 0.9, 1.0, 5.0, 31.0]), picks=st.lists(st.integers(0, 9), max_size=5))
    def time_passes(self, seconds: float, picks: list[int], *, works: bool = True) -> None:
        end = self.now + seconds
        reads = iter(picks)
        while self.now < end:
            while works and self.step([], None):
                pass
            deadline = self.steps.deadline() if works else None
            moments = [end, *self.must_read.values(), *([] if deadline is None else [deadline])]
            if self.drained_at is not None:
                moments.append(self.drained_at)
            self.now = max(self.now, min(moments))
            for path in [path for path, due in self.must_read.items() if due <= self.now]:
                if path in self.envoy.unread:
                    self.envoy.read(path)
                self.must_read.pop(path, None)
                self.is_well()
            if self.envoy.unread and (pick := next(reads, None)) is not None:
                self.read(pick)
            self._drain()

    def _drain(self) -> None:
        if not self.envoy.draining:
            self.drained_at = None
        elif not self.drains:
            self.envoy.finish_draining()
        elif self.drained_at is None:
            self.drained_at = self.now + DRAIN_TIME
        elif self.now >= self.drained_at:
            self.drained_at = None
            self.envoy.finish_draining()
        self.is_well()

    # What is to be true

    def is_well(self) -> None:
        if not self.drains:
            self.envoy.draining.clear()
        assert not self.envoy.violations, self.envoy.violations
        refused = {name: files for (row, name), files in self.envoy.refused.items() if name not in self.dangled}
        assert not refused, f"refused for {refused}"

    @rule()
    def the_noise_stops(self) -> None:
        """Then exactly the newest files stand there."""
        assert self.news is not None
        for _ in range(30):
            self.time_passes(10.0, [])
            if self.steps.settled:
                break
        assert self.steps.settled
        assert self.steps.complete
        wanted = {
            path: file.content
            if file.content is not None
            else render(path, tuple(filter(None, (self.news.files.snapshot.get(*each) for each in file.members))))
            for path, file in self.news.files.files.items()
        }
        assert not self.envoy.unread
        # What waits for a file stands there as it was before, or not at all.
        waits = {name for _, name in self.news.files.lacking}
        more = self.kept() | waits
        taken = {path for name in more for path in self.envoy.takes(CLUSTER, name)}
        assert {*wanted} <= {*self.disk} | taken
        if not self.kept() and all(
            each.version == self.version(each.name) for each in parse(self.disk[CDS]) if each.name in waits
        ):
            # Else what is of old may need any file of old.
            assert {*self.disk} - taken == {*wanted} - taken
        for path in self.disk.keys() & wanted.keys():
            if path != CDS or not more:
                assert self.disk[path] == wanted[path], path
            stands, goal = ([line(each) for each in parse(files[path])] for files in (self.disk, wanted))
            assert [each for each in stands if each.split()[1] not in more] == [
                each for each in goal if each.split()[1] not in more
            ]
        for row, unsure in ((CLUSTER, more | self.news.dangling), (LISTENER, set[str]())):
            found = {each.name: each.version for each in self.news.files.snapshot[row]}
            assert _but(self.envoy.holds(row), unsure) == _but(found, unsure)

    def version(self, name: str) -> str | None:
        """Return the newest version of a cluster."""
        assert self.news is not None
        found = self.news.files.snapshot.get(CLUSTER, name)
        return None if found is None else found.version

    def kept(self) -> set[str]:
        """Return the clusters that may stay for who may name them in a bootstrap."""
        assert self.news is not None
        return self.abandoned - self.news.files.snapshot[CLUSTER].resources.keys()

    def teardown(self) -> None:
        if self.news is not None:
            self.the_noise_stops()


class DeliveryWithRestarts(Delivery):
    """The same, and the program that writes ends at any moment and comes back.

    Old listeners go at once: of one that drains the files tell nothing.
    """

    drains = False

    @precondition(lambda self: self.started)
    @rule(news=news())
    def comes_back(self, news: News) -> None:
        held = {path: parse(content) for path, content in self.disk.items()}
        lines = [(each.type, each.name) for all_of in held.values() for each in all_of]
        if len(lines) != len(set(lines)):
            return  # it ended while something moved from one file to another: nobody knows which of them is read
        found = {(each.type, each.name): each for each in (each for all_of in held.values() for each in all_of)}
        self.steps = self.fresh()
        self.doubtful.clear()
        # Of files that are gone it knows nothing any more, nor who took what still stands there.
        self.envoy.static = None
        listeners = [each for (row, _), each in found.items() if row is LISTENER]
        for each in found.values():
            if each.type is ROUTE_CONFIGURATION and not any(one.mentions(each.type, each.name) for one in listeners):
                self.abandoned |= each.refers_to(CLUSTER)
        self.steps.begin(
            FileSet(
                snapshot=snapshot(*found.values()),
                files={
                    path: PlannedFile(members=tuple((each.type, each.name) for each in all_of), content=self.disk[path])
                    for path, all_of in held.items()
                },
            )
        )
        self.publish(news)


def _but(found: dict[str, str], names: Collection[str]) -> dict[str, str]:
    return {name: version for name, version in found.items() if name not in names}


TestDelivery = Delivery.TestCase
TestDeliveryWithRestarts = DeliveryWithRestarts.TestCase


@given(
    pool=st.lists(news(), min_size=2, max_size=5),
    turns=st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0.2, 0.7, 1.0, 3.0])), min_size=100, max_size=120),
)
def test_endless_change_does_not_starve_removals(pool: list[News], turns: list[tuple[int, float]]) -> None:
    """A cluster, and a file, goes within its graces and a few settles, however often all else changes meanwhile."""
    world = Delivery()
    left: dict[str, float] = {}
    limit = 2 * DRAIN_GRACE + 20 * SETTLE
    for choice, seconds in turns:
        target = pool[choice % len(pool)]
        world.publish(target)
        world.time_passes(seconds, [])
        there = {*world.disk, *world.envoy.holds(CLUSTER)}
        gone = there - target.files.files.keys() - target.files.snapshot[CLUSTER].resources.keys()
        gone -= world.kept() | {path for name in world.kept() for path in world.envoy.takes(CLUSTER, name)}
        left = {each: left.get(each, world.now) for each in gone}
        assert not {each for each, since in left.items() if world.now - since > limit}
