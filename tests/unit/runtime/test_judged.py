"""Who waits for a verdict, who is held by one, and what is told; first in the book, then of what is served."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from legation.judging.verdict import ACCEPTED, Verdict, no_judge, refused, undecided, unjudged
from legation.model.objects import ManifestObject
from legation.model.problems import Level
from legation.model.resource_types import CLUSTER
from legation.runtime.judged import Hearing, Judged
from legation.runtime.last_good import LastGood, Settled
from legation.runtime.read import Reading, read
from tests.manifests import cluster, manifest

LIMIT = 10.0


def reading(name: str = "backend", *, seconds: int = 1, file: str = "a.yaml") -> Reading:
    return read(version(name, seconds=seconds, file=file))


def version(name: str = "backend", *, seconds: int = 1, file: str = "a.yaml") -> ManifestObject:
    return cluster(name, config={"name": name, "connect_timeout": f"{seconds}s"}, file=file)


def book() -> Judged:
    return Judged(limit=LIMIT)


def say(judged: Judged, verdict: Verdict) -> None:
    """Have everything judged that waits."""
    judged.note(dict.fromkeys(judged.open_questions(100), verdict))


def test_what_is_new_waits_and_what_is_accepted_passes() -> None:
    judged, new = book(), reading()

    assert judged.hearing(new) is Hearing.WAITS
    assert [each.name for each in judged.open_questions(100)] == ["backend"]
    say(judged, ACCEPTED)

    assert judged.hearing(new) is Hearing.PASSES
    assert not judged.waits
    assert not judged.open_questions(100)
    assert not list(judged.problems())


def test_what_is_refused_is_held_and_told_with_the_place_and_the_words() -> None:
    judged, new = book(), reading()
    judged.hearing(new)

    say(judged, refused("it is wrong"))

    assert judged.hearing(new) is Hearing.HELD
    (problem,) = judged.problems()
    assert (problem.code, problem.level, problem.object) == ("refused-by-judge", Level.ERROR, new.manifest.key)
    assert problem.path == ("spec", "config")
    assert problem.message == 'Envoy refuses the Cluster "backend": it is wrong'


def test_the_same_content_is_never_asked_about_twice() -> None:
    judged = book()
    judged.hearing(reading())
    say(judged, refused("no"))

    assert judged.hearing(reading()) is Hearing.HELD
    assert not judged.open_questions(100)


def test_what_cannot_be_judged_passes_and_that_is_told_of_it() -> None:
    judged, new = book(), reading()
    judged.hearing(new)

    say(judged, undecided("it names a file"))

    assert judged.hearing(new) is Hearing.PASSES
    (problem,) = judged.problems()
    assert (problem.code, problem.level) == ("no-verdict", Level.WARNING)
    assert "it names a file" in problem.message


def test_what_envoy_never_checks_is_no_problem() -> None:
    judged, new = book(), reading()
    judged.hearing(new)

    say(judged, unjudged("nobody checks that"))

    assert judged.hearing(new) is Hearing.PASSES
    assert not list(judged.problems())


def test_that_there_is_no_judge_is_told_once() -> None:
    judged, several = book(), [reading(name) for name in "abc"]
    for each in several:
        judged.hearing(each)

    say(judged, no_judge("there is no Envoy", mend="install it"))

    assert {judged.hearing(each) for each in several} == {Hearing.PASSES}
    (problem,) = judged.problems()
    assert problem.message == "3 objects have no verdict of an Envoy: there is no Envoy"
    assert problem.mend == "install it"


def test_nothing_waits_longer_than_the_limit_in_however_many_versions() -> None:
    judged, other = book(), reading("other")
    judged.hearing(reading(seconds=1))
    judged.open(now=6.0, handled=0)
    judged.hearing(reading(seconds=2))
    judged.hearing(other)

    assert judged.due == LIMIT
    assert judged.note_late(LIMIT)

    assert judged.hearing(reading(seconds=2)) is Hearing.PASSES
    assert judged.hearing(other) is Hearing.WAITS
    assert judged.due == 6.0 + LIMIT
    (problem,) = judged.problems()
    assert "did not answer within 10 s" in problem.message


def test_a_verdict_that_comes_late_counts() -> None:
    judged, new = book(), reading()
    judged.hearing(new)
    questions = judged.open_questions(100)
    judged.note_late(LIMIT)

    judged.note(dict.fromkeys(questions, refused("no")))

    assert judged.hearing(new) is Hearing.HELD
    assert [each.code for each in judged.problems()] == ["refused-by-judge"]


def test_what_is_gone_or_broken_waits_no_more() -> None:
    judged = book()
    judged.hearing(reading("gone"))
    judged.hearing(broken := reading("broken"))

    judged.keep([broken.manifest.key])
    judged.forget(broken.manifest.key)

    assert not judged.waits
    assert judged.due == inf


def test_hosts_and_runtime_values_never_wait() -> None:
    hosts = manifest("Endpoint", "backend", spec={"config": {"cluster_name": "backend"}})
    values = manifest(
        "EnvoyResources",
        "values",
        api_version="legation.dev/v1alpha1",
        spec={"resources": [{"@type": "type.googleapis.com/envoy.service.runtime.v3.Runtime", "name": "values"}]},
    )
    judged = book()

    for each in (hosts, values):
        made = read(each)
        assert made.items, made.problems
        assert judged.hearing(made) is Hearing.PASSES


def test_it_is_known_what_was_handled_before_something_waited() -> None:
    judged = book()
    judged.open(now=0.0, handled=4)
    judged.hearing(reading("one"))
    judged.open(now=0.0, handled=7)
    judged.hearing(reading("other"))

    assert judged.handled_by(8) == 4
    say(judged, ACCEPTED)
    assert judged.handled_by(8) == 8


def test_a_few_are_asked_about_at_a_time_those_first_that_wait_longest() -> None:
    judged = book()
    for name in "abc":
        judged.hearing(reading(name))

    assert [each.name for each in judged.open_questions(2)] == ["a", "b"]


@pytest.mark.parametrize(("value", "hearing"), [("true", Hearing.PASSES), ("false", Hearing.WAITS)])
def test_an_object_whose_owner_wants_that_is_not_asked_about(value: str, hearing: Hearing) -> None:
    made = version()
    metadata = {**made.metadata, "annotations": {"legation.dev/unjudged": value}}
    judged = book()

    assert judged.hearing(read(replace(made, body={**made.body, "metadata": metadata}))) is hearing
    assert judged.waits is (hearing is Hearing.WAITS)


def test_what_there_was_no_judge_for_is_asked_about_again_what_was_asked_about_last_at_the_end() -> None:
    judged, several = book(), [reading(name) for name in "abc"]
    for each in several:
        judged.hearing(each)
    nobody = no_judge("there is no Envoy")

    say(judged, nobody)
    assert judged.unasked
    assert [each.name for each in judged.open_again(2)] == ["a", "b"]
    assert not judged.note(dict.fromkeys(judged.open_again(2), nobody))  # nothing new
    assert [each.name for each in judged.open_again(3)] == ["c", "a", "b"]

    assert judged.note(dict.fromkeys(judged.open_again(3), ACCEPTED))
    assert not judged.open_again(3)
    assert not list(judged.problems())


def test_it_is_known_since_when_what_was_decided_waited() -> None:
    judged = book()
    judged.open(now=3.0, handled=1)
    judged.hearing(reading("one"))
    judged.open(now=5.0, handled=2)
    judged.hearing(reading("other"))
    judged.keep([reading("other").manifest.key])
    assert judged.take_decided() == inf

    say(judged, ACCEPTED)

    assert judged.take_decided() == 5.0
    assert judged.take_decided() == inf


# What is served of it


class House:
    def __init__(self) -> None:
        self.judged = book()
        self.last_good = LastGood(judged=self.judged)
        self.settled = Settled(readings={})

    def settle(self, *objects: ManifestObject) -> list[ManifestObject]:
        self.settled = self.last_good.settle({each.key: each for each in objects})
        return [each.manifest for each in self.settled.readings.values()]

    @property
    def codes(self) -> list[str]:
        return [each.code for each in self.settled.problems]


def test_a_version_that_waits_or_is_refused_is_replaced_by_the_last_good_one() -> None:
    house = House()
    first, second, third = (version(seconds=each) for each in (1, 2, 3))
    house.settle(first)
    say(house.judged, ACCEPTED)
    assert house.settle(first) == [first]

    assert house.settle(second) == [first]
    assert house.codes == []
    say(house.judged, refused("no"))
    assert house.settle(second) == [first]
    assert house.codes == ["refused-by-judge"]
    house.settle(third)
    say(house.judged, ACCEPTED)
    assert house.settle(third) == [third]
    assert house.codes == []


def test_one_that_waits_or_is_refused_never_stops_another() -> None:
    house = House()
    one, other = version("one"), version("other")
    house.settle(one, other)
    question = next(each for each in house.judged.open_questions(9) if each.name == "one")

    house.judged.note({question: ACCEPTED})

    assert house.settle(one, other) == [one]


def test_nobody_is_told_to_remove_what_was_not_judged_since_the_start() -> None:
    house = House()
    first = version()

    house.settle(first)

    assert CLUSTER in house.settled.incomplete.of("default")
    assert house.codes == []  # it is only a moment
    say(house.judged, refused("no"))
    house.settle(first)
    assert CLUSTER in house.settled.incomplete.of("default")
    assert house.codes == ["refused-by-judge", "no-good-version"]


def test_all_is_known_when_the_first_verdicts_are_there() -> None:
    house = House()
    house.settle(version())
    say(house.judged, ACCEPTED)

    house.settle(version())

    assert not house.settled.incomplete.of("default")


def test_an_object_goes_although_a_new_one_in_its_file_waits() -> None:
    house = House()
    first, new = version("old"), version("new")
    house.settle(first)
    say(house.judged, ACCEPTED)
    house.settle(first)

    assert house.settle(new) == []
    assert house.codes == []
