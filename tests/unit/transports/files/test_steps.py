"""What is written in which order. That it holds whatever is published is shown in tests/properties/test_files.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from legation.model.resource import EVERY, Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LISTENER,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE,
    SECRET,
)
from legation.transports.files.anew import Anew
from legation.transports.files.file_set import FileSet, PlannedFile
from legation.transports.files.steps import FileSteps, Step, last_step
from tests.small_world import cluster, endpoints, listener, resource, route, snapshot, static_cluster

SETTLE = 1.0
PLACES = {
    CLUSTER: "cds",
    CLUSTER_LOAD_ASSIGNMENT: "eds-{}",
    LISTENER: "lds",
    ROUTE_CONFIGURATION: "rds-{}",
    SCOPED_ROUTE: "srds",
    SECRET: "sds-{}",
    EXTENSION_CONFIG: "ecds-{}",
}


def render(path: str, resources: tuple[Resource, ...]) -> bytes:
    return " ".join(f"{each.name}@{each.version}" for each in resources).encode()


def files(*resources: Resource, owned: dict[str, bytes] | None = None, **plain: bytes) -> FileSet:
    """Return the files of resources by their type; `owned` has what their owners wrote, `plain` is no xDS."""
    members: dict[str, list[Resource]] = {}
    for each in resources:
        members.setdefault(PLACES[each.type].format(each.name), []).append(each)
    planned = {
        path: PlannedFile(members=tuple((each.type, each.name) for each in found), content=(owned or {}).get(path))
        for path, found in members.items()
    }
    return FileSet(
        snapshot=snapshot(*resources),
        files=planned | {path: PlannedFile(content=content) for path, content in plain.items()},
    )


class Run:
    """FileSteps at a clock that a test holds in its hand."""

    def __init__(self, *, drain_grace: float = 0.0, keep_removed: bool = False) -> None:
        self.now = 100.0
        self.steps = FileSteps(settle=SETTLE, drain_grace=drain_grace, render=render, keep_removed=keep_removed)
        self.disk: dict[str, str] = {}

    def publish(self, newest: FileSet) -> Run:
        self.steps.retarget(newest, self.now)
        return self

    def step(self) -> dict[str, str]:
        """Do the next step; what is removed is "-"."""
        step = self.steps.next(self.now)
        if step is None:
            return {}
        self.steps.written(self.now)
        shown = _shown(step)
        self.disk |= {path: text for path, text in shown.items() if text != "-"}
        for path in step.removes:
            self.disk.pop(path, None)
        return shown

    def settle(self) -> list[dict[str, str]]:
        """Let time pass until nothing comes any more. Returns the steps."""
        done = []
        for _ in range(100):
            while shown := self.step():
                done.append(shown)
            deadline = self.steps.deadline()
            if deadline is None:
                assert self.steps.settled
                return done
            self.now = max(self.now, deadline)
        raise AssertionError("steps without an end")


def _shown(step: Step) -> dict[str, str]:
    return {path: content.decode() for path, content in step.puts.items()} | dict.fromkeys(step.removes, "-")


def standing(*resources: Resource, run: Run | None = None, **plain: bytes) -> Run:
    """Return a run of which these stand there and have been read."""
    run = run or Run()
    run.publish(files(*resources, owned=None, **plain)).settle()
    return run


BEFORE = (static_cluster("a"), route("r", 1, "a"), listener("l", routes="r"))
AFTER = (static_cluster("b"), route("s", 1, "b"), listener("l", 2, routes="s"))


def test_onto_an_empty_folder_everything_goes_at_once_in_order() -> None:
    key, extension = resource(SECRET, "k"), resource(EXTENSION_CONFIG, "x")
    run = Run().publish(files(*BEFORE, cluster("c"), endpoints("c"), key, extension, script=b"lua"))
    assert list(run.step()) == ["script", "sds-k", "ecds-x", "eds-c", "cds", "rds-r", "lds"]
    assert run.steps.complete
    assert not run.settle()
    assert run.steps.settled


def test_the_last_step_is_all_of_it_in_the_same_order() -> None:
    step = last_step(files(*BEFORE, script=b"lua"), render=render)
    assert list(step.puts) == ["script", "cds", "rds-r", "lds"]
    assert not step.removes


def test_clusters_come_before_what_names_them_and_go_after_it() -> None:
    run = standing(*BEFORE)
    assert run.publish(files(*AFTER)).settle() == [
        {"cds": "a@1 b@1"},
        {"rds-s": "s@1", "lds": "l@2"},
        {"cds": "b@1"},
        {"rds-r": "-"},
    ]


def test_a_change_of_which_nothing_waits_is_one_step() -> None:
    run = standing(*BEFORE)
    assert run.publish(files(static_cluster("a", 2), route("r", 2, "a"), listener("l", 2, routes="r"))).settle() == [
        {"cds": "a@2", "rds-r": "r@2", "lds": "l@2"}
    ]


def test_what_has_settled_takes_as_long_as_it_says() -> None:
    run = standing(*BEFORE)
    run.publish(files(*AFTER))
    assert run.step() == {"cds": "a@1 b@1"}
    run.now += SETTLE - 0.01
    assert run.step() == {}
    run.now += 0.02
    assert run.step() == {"rds-s": "s@1", "lds": "l@2"}


def test_who_asks_late_is_told_the_same_as_who_asks_in_time() -> None:
    """What was not written meanwhile has not been read: no patience is over."""
    run = standing(*BEFORE)
    run.publish(files(*BEFORE, static_cluster("b"), route("s", 1, "b"), listener("m", routes="s")))
    assert run.step() == {"cds": "a@1 b@1"}
    run.publish(
        files(*BEFORE, *(static_cluster(name) for name in "bc"), route("s", 1, "bc"), listener("m", routes="s"))
    )
    run.now += 1000.0
    assert run.step() == {"cds": "a@1 b@1 c@1"}
    assert run.step() == {}
    assert run.settle() == [{"rds-s": "s@1", "lds": "l@1 m@1"}]


def test_who_drains_keeps_what_it_needs() -> None:
    run = standing(*BEFORE, run=Run(drain_grace=30.0))
    run.publish(files(*AFTER))
    began = run.now
    *_, kept, last = run.settle()
    assert kept == {"cds": "b@1"}
    assert last == {"rds-r": "-"}
    assert 30.0 <= run.now - began < 40.0


def test_complete_says_that_all_new_stands_there_while_old_is_kept() -> None:
    run = standing(*BEFORE)
    run.publish(files(*AFTER))
    assert not run.steps.complete
    run.step()
    assert not run.steps.complete
    run.now += 1.1 * SETTLE
    run.step()
    assert run.steps.complete
    assert not run.steps.settled  # type: ignore[unreachable]  # mypy takes a property for a constant


def test_the_owners_bytes_stand_there_when_exactly_theirs_may_stand_there() -> None:
    run = standing(*BEFORE)
    run.publish(files(*AFTER, owned={"cds": b"# b alone", "lds": b"# l of s"}))
    assert run.settle() == [
        {"cds": "a@1 b@1"},
        {"rds-s": "s@1", "lds": "# l of s"},
        {"cds": "# b alone"},
        {"rds-r": "-"},
    ]


def test_a_comment_is_written_at_once_and_nothing_else() -> None:
    run = Run().publish(files(*BEFORE, owned={"cds": b"one"}))
    run.settle()
    assert run.publish(files(*BEFORE, owned={"cds": b"two"})).settle() == [{"cds": "two"}]


def test_old_bytes_of_a_file_with_one_resource_stay_until_the_new_may_go() -> None:
    run = Run().publish(files(*BEFORE, owned={"rds-r": b"# old"}))
    run.settle()
    newest = files(static_cluster("b"), route("r", 2, "b"), listener("l", routes="r"), owned={"rds-r": b"# new"})
    assert run.publish(newest).settle() == [{"cds": "a@1 b@1"}, {"rds-r": "# new"}, {"cds": "b@1"}]


def test_what_is_kept_stays_where_it_was() -> None:
    run = standing(static_cluster("b"), static_cluster("c"), route("r", 1, "b"), listener("l", routes="r"))
    run.publish(files(static_cluster("a"), static_cluster("c"), route("r", 2, "a"), listener("l", routes="r")))
    assert [step.get("cds") for step in run.settle()] == ["b@1 a@1 c@1", None, "a@1 c@1"]


def test_a_cluster_waits_for_the_file_of_its_endpoints() -> None:
    """Its endpoints cannot be told while others are being read, and Envoy refuses what names no file."""
    run = standing(cluster("a"), endpoints("a"))
    run.publish(files(cluster("a"), endpoints("a", 2)))
    assert run.step() == {"eds-a": "a@2"}
    run.publish(files(cluster("a"), endpoints("a", 2), cluster("b"), endpoints("b"), listener("l", clusters="b")))
    assert run.settle() == [{"eds-b": "b@1", "cds": "a@1 b@1"}, {"lds": "l@1"}]


def test_a_listener_waits_for_the_file_of_its_scoped_routes() -> None:
    run = standing(*BEFORE)
    scoped = resource(LISTENER, "m", 1, ((SCOPED_ROUTE, (EVERY,)),))
    scope = resource(SCOPED_ROUTE, "z", 1, ((CLUSTER, ("b",)),))
    run.publish(files(*BEFORE, static_cluster("b"), scoped, scope))
    assert run.settle() == [{"cds": "a@1 b@1"}, {"srds": "z@1", "lds": "l@1 m@1"}]


def test_those_that_wait_for_one_another_go_together() -> None:
    """An extension that a cluster takes from a file names that cluster."""
    run = standing(*BEFORE)
    own = resource(CLUSTER, "b", 1, ((EXTENSION_CONFIG, ("x",)),))
    extension = resource(EXTENSION_CONFIG, "x", 1, ((CLUSTER, ("b",)),))
    began = run.now
    assert run.publish(files(*BEFORE, own, extension)).settle() == [{"ecds-x": "x@1", "cds": "a@1 b@1"}]
    assert run.now - began < 3 * SETTLE


def test_who_takes_an_address_comes_in_the_moment_in_which_the_other_goes() -> None:
    """Also where it waits for its routes, and they for a cluster."""
    run = standing(static_cluster("a"), route("r", 1, "a"), listener("l", routes="r", claims=("80",)))
    run.publish(files(static_cluster("b"), route("s", 1, "b"), listener("m", routes="s", claims=("80",))))
    assert [step.get("lds") for step in run.settle()] == [None, "m@1", None, None]


def test_a_file_that_is_no_xds_comes_first_and_goes_last() -> None:
    run = standing(*BEFORE, script=b"old")
    run.publish(files(*AFTER, other=b"new"))
    first, *_, last = run.settle()
    assert first == {"other": "new", "cds": "a@1 b@1"}
    assert "script" in last
    assert run.disk.keys() == {"other", "cds", "rds-s", "lds"}


def test_a_file_that_is_no_xds_goes_although_everything_changes_all_the_time() -> None:
    run = standing(*BEFORE, script=b"old")
    for version in range(2, 12):
        run.publish(files(*BEFORE[:2], listener("l", version, routes="r")))
        run.step()
        run.now += 0.6 * SETTLE
    assert "script" not in run.disk


def test_an_empty_file_of_clusters_waits_for_those_that_are_in_use() -> None:
    run = standing(*BEFORE, listener("m"))
    steps = run.publish(files(listener("m"), cds=b"none")).settle()
    assert steps == [{"lds": "m@1"}, {"cds": "none"}, {"rds-r": "-"}]


def test_all_listeners_of_a_file_that_is_gone_are_taken_out_of_it_before_their_clusters_go() -> None:
    """Envoy does not notice that a file is gone."""
    run = standing(*BEFORE)
    run.publish(files(static_cluster("b")))
    assert run.settle() == [{"cds": "a@1 b@1", "lds": ""}, {"cds": "b@1"}, {"lds": "-", "rds-r": "-"}]


def test_removed_files_stay_where_that_is_wanted() -> None:
    run = standing(*BEFORE, run=Run(keep_removed=True))
    run.publish(files(*AFTER)).settle()
    assert run.disk == {"cds": "b@1", "rds-r": "r@1", "rds-s": "s@1", "lds": "l@2"}
    assert run.steps.settled


def moved(at: str, *others: Resource) -> FileSet:
    """Return files of which that of the route `r` stands elsewhere."""
    made = files(*others, route("r", 1, "a"))
    return FileSet(snapshot=made.snapshot, files={at if path == "rds-r" else path: f for path, f in made.files.items()})


def test_a_file_with_another_name_stands_there_before_it_is_named_and_the_old_one_as_long_as_it_is_read() -> None:
    run = standing(*BEFORE)
    assert run.publish(moved("new-r", static_cluster("a"), listener("l", 2, routes="r"))).settle() == [
        {"new-r": "r@1", "lds": "l@2"},
        {"rds-r": "-"},
    ]


def test_a_file_with_another_name_is_kept_up_to_date_for_listeners_that_drain() -> None:
    run = standing(*BEFORE, run=Run(drain_grace=30.0))
    run.publish(moved("new-r", static_cluster("a"), listener("l", 2, routes="r")))
    assert run.step() == {"new-r": "r@1", "lds": "l@2"}
    run.now += 5 * SETTLE
    assert run.step() == {}
    newest = files(static_cluster("b"), route("r", 2, "b"), listener("l", 2, routes="r"))
    at = {"new-r" if path == "rds-r" else path: file for path, file in newest.files.items()}
    run.publish(FileSet(snapshot=newest.snapshot, files=at))
    assert run.settle() == [{"cds": "a@1 b@1"}, {"new-r": "r@2", "rds-r": "r@2"}, {"cds": "b@1"}, {"rds-r": "-"}]


class TestFailures:
    """The disk does not take a step."""

    def test_it_is_offered_again(self) -> None:
        run = standing(*BEFORE)
        run.publish(files(*AFTER))
        first = run.steps.next(run.now)
        assert first is not None
        run.steps.failed()
        assert run.steps.deadline() is None
        run.now += 1000.0
        again = run.steps.next(run.now)
        assert again is not None
        assert dict(again.puts) == dict(first.puts)
        run.steps.failed()

    def test_what_was_not_written_has_not_been_read(self) -> None:
        run = standing(*BEFORE)
        run.publish(files(*AFTER))
        run.steps.next(run.now)
        run.steps.failed()
        run.now += 1000.0
        assert run.step() == {"cds": "a@1 b@1"}
        assert run.step() == {}
        run.now += 1.1 * SETTLE
        assert run.step() == {"rds-s": "s@1", "lds": "l@2"}

    def test_what_was_before_is_written_again_too(self) -> None:
        """Nobody knows which of its files stand there."""
        run = standing(*BEFORE, script=b"old")
        run.publish(files(*BEFORE, script=b"new"))
        run.steps.next(run.now)
        run.steps.failed()
        assert run.publish(files(*BEFORE, script=b"old")).settle() == [{"script": "old"}]

    def test_what_may_stand_there_since_is_removed_if_nobody_wants_it(self) -> None:
        run = standing(*BEFORE)
        run.publish(files(*BEFORE, extra=b"extra"))
        run.steps.next(run.now)
        run.steps.failed()
        assert run.publish(files(*BEFORE)).steps.next(run.now) == Step(puts={}, removes=("extra",))

    def test_what_may_stand_there_since_keeps_what_it_names(self) -> None:
        run = standing(*BEFORE)
        run.publish(files(*BEFORE, cluster("b"), endpoints("b")))
        run.steps.next(run.now)
        run.steps.failed()
        first = run.publish(files(*BEFORE)).steps.next(run.now)
        assert first is not None
        assert dict(first.puts) == {"eds-b": b"b@1", "cds": b"a@1 b@1"}

    def test_the_first_step_is_made_anew(self) -> None:
        run = Run().publish(files(*BEFORE))
        run.steps.next(run.now)
        run.steps.failed()
        assert run.publish(files(*AFTER)).steps.next(run.now) == Step(
            puts={"cds": b"b@1", "rds-s": b"s@1", "lds": b"l@2"}, removes=("rds-r",)
        )

    def test_what_was_to_be_removed_and_is_to_stay_is_written_once(self) -> None:
        run = standing(*BEFORE, script=b"old")
        run.publish(files(*BEFORE))
        assert run.steps.next(run.now) == Step(puts={}, removes=("script",))
        run.steps.failed()
        run.publish(files(*BEFORE, script=b"old"))
        assert run.settle() == [{"script": "old"}]
        run.publish(files(*BEFORE, more=b"", script=b"old"))
        assert run.settle() == [{"more": ""}]

    def test_removals_are_tried_again(self) -> None:
        run = standing(*BEFORE)
        run.publish(files(*BEFORE[:1]))
        assert run.step() == {"lds": ""}
        while (removal := run.steps.next(run.now)) is None:
            run.now += SETTLE
        assert removal.removes == ("lds", "rds-r")
        run.steps.failed()
        assert run.steps.next(run.now) == removal


class TestRestart:
    """Files stand there when the program begins."""

    def held(self, *resources: Resource) -> Run:
        run = Run()
        made = files(*resources)
        run.steps.begin(
            FileSet(
                snapshot=made.snapshot,
                files={
                    path: PlannedFile(
                        members=file.members,
                        content=render(path, tuple(filter(None, (made.snapshot.get(*each) for each in file.members)))),
                    )
                    for path, file in made.files.items()
                },
            )
        )
        return run

    def test_equal_content_is_not_written(self) -> None:
        run = self.held(*BEFORE).publish(files(*BEFORE))
        assert run.step() == {}
        assert run.steps.complete
        assert run.settle() == []

    def test_it_is_told_by_its_bytes_whatever_was_read_of_it(self) -> None:
        """What was read back is not what was rendered: files stand in place of `ads` in it."""
        read = resource(LISTENER, "l", "of the file", ((ROUTE_CONFIGURATION, ("r",)),))
        run = Run()
        run.steps.begin(
            FileSet(snapshot=snapshot(read), files={"lds": PlannedFile(members=((LISTENER, "l"),), content=b"l@1")})
        )
        run.publish(files(*BEFORE))
        # It named a file that was not there.
        assert run.settle() == [{"cds": "a@1"}, {"rds-r": "r@1", "lds": "l@1"}]

    def test_what_stands_there_is_not_broken(self) -> None:
        run = self.held(*BEFORE).publish(files(*AFTER))
        assert run.settle() == [
            {"cds": "a@1 b@1"},
            {"rds-s": "s@1", "lds": "l@2"},
            {"cds": "b@1"},
            {"rds-r": "-"},
        ]

    def test_what_was_written_a_moment_ago_is_read_first(self) -> None:
        run = self.held(*BEFORE).publish(files(*AFTER))
        assert run.step() == {}
        deadline = run.steps.deadline()
        assert deadline is not None
        assert deadline == pytest.approx(run.now + SETTLE, abs=0.001)
        run.now = deadline
        assert run.step() == {"cds": "a@1 b@1"}

    def test_what_nobody_can_read_at_the_moment_stays(self) -> None:
        key = resource(SECRET, "k")
        run = self.held(*BEFORE, key)
        incomplete = files(*BEFORE)
        run.publish(FileSet(snapshot=snapshot(*BEFORE, incomplete=(SECRET,)), files=incomplete.files))
        assert run.step() == {}
        run.now += 1000.0
        assert run.step() == {}
        run.publish(files(*BEFORE))
        assert run.settle() == [{"sds-k": "-"}]


def lacking(made: FileSet, **paths: str) -> FileSet:
    """Return files of which some clusters name one that is not there, by their names."""
    return replace(made, lacking={(CLUSTER, name): frozenset({path}) for name, path in paths.items()})


class TestWhoNamesAFileThatIsNotThere:
    """Envoy refuses it, and does not look again when the file comes."""

    def test_it_waits_until_the_file_is_there_and_who_names_it_too(self) -> None:
        run = standing(*BEFORE)
        run.publish(lacking(files(*BEFORE, cluster("c")), c="eds-c"))
        assert run.step() == {}
        assert run.steps.complete
        run.now += 1000.0
        assert run.step() == {}
        to_c = (BEFORE[0], route("r", 2, "c"), BEFORE[2])
        run.publish(lacking(files(*to_c, cluster("c")), c="eds-c"))
        assert run.step() == {}
        run.now += 0.3
        assert run.publish(files(*to_c, cluster("c"), endpoints("c"))).settle() == [
            {"eds-c": "c@1", "cds": "a@1 c@1"},
            {"rds-r": "r@2"},
        ]

    def test_who_names_it_does_not_wait_for_ever(self) -> None:
        run = standing(*BEFORE)
        to_c = (BEFORE[0], route("r", 2, "c"), BEFORE[2])
        began = run.now
        assert run.publish(lacking(files(*to_c, cluster("c")), c="eds-c")).settle() == [{"rds-r": "r@2"}]
        assert 10.0 < run.now - began < 30.0
        assert run.steps.settled

    def test_the_old_version_stays_as_it_is(self) -> None:
        run = standing(static_cluster("c"), route("r", 1, "c"), listener("l", routes="r"))
        newest = files(cluster("c", 2), route("r", 1, "c"), listener("l", routes="r"), owned={"cds": b"# c by eds"})
        assert run.publish(lacking(newest, c="eds-c")).settle() == []
        assert run.steps.complete
        come = files(cluster("c", 2), endpoints("c"), *newest.snapshot[ROUTE_CONFIGURATION], *newest.snapshot[LISTENER])
        assert run.publish(come).settle() == [{"eds-c": "c@1", "cds": "c@2"}]

    def test_a_file_that_stays_for_it_is_enough(self) -> None:
        run = standing(cluster("c"), endpoints("c"), listener("l", clusters="c"))
        assert run.publish(lacking(files(cluster("c", 2), listener("l", clusters="c")), c="eds-c")).settle() == [
            {"cds": "c@2"}
        ]
        assert run.disk.keys() == {"cds", "eds-c", "lds"}

    def test_at_the_start_the_others_go_at_once(self) -> None:
        run = Run().publish(lacking(files(*BEFORE, cluster("c")), c="eds-c"))
        assert run.step() == {"cds": "a@1", "rds-r": "r@1", "lds": "l@1"}
        assert run.steps.complete

    def test_a_file_that_envoy_starts_with_is_there_though_all_in_it_waits(self) -> None:
        run = Run().publish(lacking(files(cluster("c")), c="eds-c"))
        assert run.step() == {"cds": ""}
        assert run.steps.complete

    def test_what_is_in_that_file_stays_there_after_a_failure_too(self) -> None:
        run = standing(*BEFORE)
        run.publish(files(static_cluster("a", 2), *BEFORE[1:]))
        run.steps.next(run.now)
        run.steps.failed()
        step = run.publish(lacking(files(cluster("c"), *AFTER[1:]), c="eds-c")).steps.next(run.now)
        assert step is not None
        assert step.puts["cds"] == b"a@2"

    def test_once_it_is_left_out(self) -> None:
        assert dict(last_step(lacking(files(*BEFORE, cluster("c")), c="eds-c"), render=render).puts)["cds"] == b"a@1"

    def test_a_file_that_stands_there_and_is_expected_stays(self) -> None:
        run = standing(*BEFORE, script=b"old")
        assert run.publish(replace(files(*BEFORE), expected=frozenset({"script"}))).settle() == []
        assert "script" in run.disk


class TestWhatIsWrittenBeforeWhatItNames:
    """Nobody said so: the files are those of ConfigMaps, and of the path nobody knew that it is one of them."""

    def unlinked(self, name: str) -> Resource:
        """Return a cluster with EDS of which nobody knows that it takes its endpoints from one of the files."""
        return replace(cluster(name), version="not linked", references={})

    def test_it_is_moved_again_and_read_before_anyone_uses_it(self) -> None:
        owned = {"cds": b"a and c by eds"}
        run = Run().publish(files(*BEFORE, self.unlinked("c"), owned=owned))
        run.settle()
        run.publish(files(BEFORE[0], route("r", 2, "c"), BEFORE[2], cluster("c"), endpoints("c"), owned=owned))
        step = run.steps.next(run.now)
        assert step is not None
        assert dict(step.puts) == {"eds-c": b"c@1", "cds": b"a and c by eds"}
        assert [isinstance(each, Anew) for each in step.puts.values()] == [False, True]
        run.steps.written(run.now)
        run.now += 0.9 * SETTLE
        assert run.step() == {}
        run.now += 0.2 * SETTLE
        assert run.step() == {"rds-r": "r@2"}

    def test_it_is_moved_again_after_a_failure_too(self) -> None:
        owned = {"cds": b"a and c by eds"}
        run = Run().publish(files(*BEFORE, self.unlinked("c"), owned=owned))
        run.settle()
        run.publish(files(*BEFORE, cluster("c"), endpoints("c"), owned=owned))
        run.steps.next(run.now)
        run.steps.failed()
        step = run.steps.next(run.now)
        assert step is not None
        assert isinstance(step.puts["cds"], Anew)

    def test_a_file_that_is_no_xds_is_found_by_its_path(self) -> None:
        run = Run().publish(files(*BEFORE, owned={"lds": b"filename: /x/key.pem"}))
        run.settle()
        newest = files(*BEFORE, owned={"lds": b"filename: /x/key.pem"}, **{"key.pem": b"key", "other.pem": b"key"})
        assert run.publish(newest).settle() == [{"key.pem": "key", "other.pem": "key", "lds": "filename: /x/key.pem"}]


class TestRoutesWhoseFileIsGone:
    """Envoy looks at moves alone: what it read from a file that is gone it keeps as long as a listener takes it."""

    def test_their_clusters_stay_if_only_a_bootstrap_can_name_them(self) -> None:
        run = standing(cluster("a"), endpoints("a"), static_cluster("b"), route("r", 1, "a"))
        assert run.publish(files(static_cluster("b"))).settle() == [{"rds-r": "-"}]
        assert run.disk == {"cds": "a@1 b@1", "eds-a": "a@1"}
        run.now += 1e6
        assert run.step() == {}
        assert run.steps.settled

    def test_they_go_when_others_of_that_name_have_come(self) -> None:
        run = standing(static_cluster("a"), static_cluster("b"), route("r", 1, "a"))
        run.publish(files(static_cluster("b"))).settle()
        run.publish(files(static_cluster("b"), route("r", 2, "b"))).settle()
        assert run.disk == {"cds": "b@1", "rds-r": "r@2"}

    def test_they_stay_if_the_whole_set_is_gone(self) -> None:
        run = standing(static_cluster("a"), route("r", 1, "a"))
        run.publish(files()).settle()
        assert run.disk == {"cds": "a@1"}

    def test_they_go_with_the_listener_that_named_the_routes(self) -> None:
        """Also if it named them long ago."""
        run = standing(*BEFORE)
        run.publish(files(*BEFORE[:2], listener("l", 2))).settle()
        run.publish(files(listener("l", 2))).settle()
        assert run.disk == {"lds": "l@2"}


class TestFilesOfOthers:
    """They stand there when the program begins."""

    def begun(self, ours: str, *resources: Resource) -> Run:
        run = Run()
        made = files(*resources)
        contents = {path: f"as it was: {path}".encode() for path in made.files}
        run.steps.begin(
            FileSet(
                snapshot=made.snapshot,
                files={path: replace(file, content=contents[path]) for path, file in made.files.items()},
            ),
            ours=frozenset(ours.split()),
        )
        run.disk = {path: content.decode() for path, content in contents.items()}
        return run

    def test_they_stay_and_keep_what_they_name(self) -> None:
        run = self.begun("cds", *BEFORE)
        run.publish(files(static_cluster("b"))).settle()
        assert run.disk == {"cds": "a@1 b@1", "rds-r": "as it was: rds-r", "lds": "as it was: lds"}
        assert run.steps.settled

    def test_they_stay_while_nothing_is_to_stand(self) -> None:
        run = self.begun("", *BEFORE)
        assert run.publish(files()).settle() == []
        assert len(run.disk) == 3
        assert run.publish(files(*AFTER)).settle() == [
            {"cds": "a@1 b@1"},
            {"rds-s": "s@1", "lds": "l@2"},
        ]

    def test_who_wants_nothing_at_first_does_not_break_what_stands_there_later(self) -> None:
        run = self.begun("cds rds-r lds", static_cluster("a"), route("r", 1, "a"), listener("l", routes="r"))
        run.publish(files(*BEFORE)).step()
        run.now += 10 * SETTLE
        run.step()
        assert run.publish(files(*AFTER)).settle()[0] == {"cds": "a@1 b@1"}

    def test_one_that_the_newest_files_name_is_ours(self) -> None:
        run = self.begun("", static_cluster("a"))
        run.publish(files(static_cluster("b"))).settle()
        assert run.disk == {"cds": "b@1"}
        run.publish(files()).settle()
        assert not run.disk
