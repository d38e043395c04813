"""A resource that goes from one object to another is served on while the other waits for a verdict or is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from legation.judging.verdict import ACCEPTED, Verdict, refused, undecided
from legation.model.objects import ManifestObject
from legation.model.resource_types import CLUSTER, ROUTE_CONFIGURATION
from legation.runtime.judged import Judged
from legation.runtime.last_good import LastGood, Settled
from tests.manifests import cluster, manifest

NO = refused("no")


def web(name: str = "old", *, seconds: int = 1, resource: str = "web", **fields: Any) -> ManifestObject:
    """Return an object that makes one cluster, whose name is another one."""
    return cluster(name, config={"name": resource, "connect_timeout": f"{seconds}s"}, file="", **fields)


def several(name: str, *clusters: tuple[str, int], more: Sequence[Mapping[str, Any]] = ()) -> ManifestObject:
    resources = [{"@type": CLUSTER.url, "name": each, "connect_timeout": f"{seconds}s"} for each, seconds in clusters]
    spec = {"resources": [*resources, *more]}
    return manifest("EnvoyResources", name, api_version="legation.dev/v1alpha1", file="", spec=spec)


def routes(name: str, *, to: str, prefix: str = "/") -> dict[str, Any]:
    rules = [{"match": {"prefix": prefix}, "route": {"cluster": to}}]
    hosts = [{"name": "all", "domains": ["*"], "routes": rules}]
    return {"@type": ROUTE_CONFIGURATION.url, "name": name, "virtual_hosts": hosts}


class House:
    """What is served, with a judge that says what it is told to; it can be begun anew with what it saved."""

    def __init__(self, records: Mapping[str, Any] | None = None) -> None:
        self.records = dict(records or {})
        self.judged = Judged(limit=10.0)
        self.last_good = LastGood(self.records, judged=self.judged)
        self.settled = Settled(readings={})
        self.objects: tuple[ManifestObject, ...] = ()

    def settle(self, *objects: ManifestObject) -> dict[str, str]:
        """Take objects. Returns what is served: the version of each resource."""
        self.objects = objects
        self.settled = self.last_good.settle({each.key: each for each in objects})
        for name, record in self.last_good.take_changes().items():
            if record is None:
                self.records.pop(name, None)
            else:
                self.records[name] = json.loads(json.dumps(record))
        return self.served

    def say(self, verdict: Verdict = ACCEPTED) -> dict[str, str]:
        """Have all judged that waits."""
        self.judged.note(dict.fromkeys(self.judged.open_questions(100), verdict))
        return self.settle(*self.objects)

    def accepted(self, *objects: ManifestObject) -> dict[str, str]:
        self.settle(*objects)
        return self.say()

    def again(self) -> House:
        return House(self.records)

    @property
    def served(self) -> dict[str, str]:
        items = [item for reading in self.settled.readings.values() for item in reading.items]
        assert len({(each.scope, each.resource.type, each.resource.name) for each in items}) == len(items)
        return {each.resource.name: each.resource.version for each in items}

    @property
    def codes(self) -> list[str]:
        return [each.code for each in self.settled.problems]


def test_an_object_that_is_renamed_serves_on_what_it_made_until_the_new_one_is_accepted() -> None:
    house = House()
    before = house.accepted(web("old"))

    assert house.settle(web("new", seconds=2)) == before
    assert house.codes == []

    after = house.say()
    assert after.keys() == {"web"}
    assert after != before
    assert [each.name for each in house.settled.readings] == ["new"]
    assert not any(name.startswith("left") for name in house.records)


def test_it_serves_on_for_as_long_as_the_new_one_is_refused_and_that_is_told() -> None:
    house, new = House(), web("new", seconds=2)
    before = house.accepted(web("old"))
    house.settle(new)

    assert house.say(NO) == before
    assert house.codes == ["refused-by-judge", "kept"]
    told = house.settled.problems[-1]
    assert told.object == new.key
    assert 'the Cluster "web" stays as Cluster default/old made it' in told.message

    assert house.settle(web("newer", seconds=3)) == before  # it is renamed once more
    assert house.say() != before
    assert house.codes == []


def test_what_was_kept_goes_with_the_one_that_is_refused() -> None:
    house = House()
    house.accepted(web("old"))
    house.settle(web("new", seconds=2))
    house.say(NO)

    assert house.settle() == {}
    assert house.codes == []
    assert not any(name.startswith(("left", "object")) for name in house.records)


def test_what_was_kept_goes_when_the_new_one_does_not_make_it_any_more() -> None:
    house = House()
    house.accepted(web("old"))
    house.settle(web("new", seconds=2))
    house.say(NO)

    assert house.settle(web("new", seconds=2, resource="other")) == {}


def test_what_was_kept_stays_while_the_one_that_was_refused_is_broken() -> None:
    house = House()
    before = house.accepted(web("old"))
    house.settle(web("new", seconds=2))
    house.say(NO)

    assert house.settle(cluster("new", config={"name": "web", "connect_timeout": "2x"}, file="")) == before
    assert house.again().settle(*house.objects) == before


@pytest.mark.parametrize(
    "other",
    [
        web("new", seconds=2, resource="other"),
        web("new", seconds=2, namespace="elsewhere"),
        several("new", more=[routes("web", to="somewhere")]),
    ],
    ids=["another name", "another namespace", "another type"],
)
def test_what_nobody_is_about_to_make_goes_at_once(other: ManifestObject) -> None:
    house = House()
    house.accepted(web("old"))

    assert house.settle(other) == {}
    assert house.say(NO) == {}


def selected(name: str, *, seconds: int = 1, **labels: str) -> ManifestObject:
    config = {"name": "web", "connect_timeout": f"{seconds}s"}
    selector = {"workloadSelector": {"labels": labels}} if labels else {}
    return manifest("Cluster", name, file="", spec={"config": config, **selector})


def test_what_the_same_workloads_do_not_get_again_goes_at_once() -> None:
    house = House()
    assert house.accepted(selected("old", app="one"))
    assert not house.settle(selected("new", seconds=2, app="two"))

    house = House()
    before = house.accepted(selected("old", app="one"))
    assert before
    assert house.settle(selected("new", seconds=2)) == before


def test_it_goes_on_for_those_who_do_not_have_it_of_somebody_else() -> None:
    house = House()
    house.accepted(selected("old"))
    one, two = selected("new", seconds=3, app="one"), selected("newer", seconds=4, app="two")
    house.settle(one, two)
    question = next(each for each in house.judged.open_questions(9) if each.origin == one.key)
    house.judged.note({question: ACCEPTED})

    house.settle(one, two)

    made = [(item.manifest.key.name, item.left) for each in house.settled.readings.values() for item in each.items]
    assert made == [("new", False), ("old", True)]
    (left,) = (item for each in house.settled.readings.values() for item in each.items if item.left)
    (good,) = (item for each in house.settled.readings.values() for item in each.items if not item.left)
    assert good.rank < left.rank


def test_a_resource_that_moves_to_another_object_stays() -> None:
    house = House()
    before = house.accepted(several("a", ("x", 1), ("web", 1)), several("b", ("y", 1)))
    rest = several("a", ("x", 1)), several("b", ("y", 1), ("web", 2))

    assert house.settle(*rest) == before
    assert house.say(NO) == before
    assert house.again().settle(*rest) == before  # before anything is judged anew

    after = house.accepted(several("a", ("x", 1)), several("b", ("y", 1), ("web", 3)))
    assert after.keys() == before.keys()
    assert after["web"] != before["web"]
    assert not any(item.left for each in house.settled.readings.values() for item in each.items)


def test_the_rest_of_an_object_goes_on_changing_while_one_of_its_former_resources_stays() -> None:
    house = House()
    before = house.accepted(several("a", ("x", 1), ("web", 1)))
    house.settle(several("a", ("x", 1)), web("b", seconds=2))
    house.say(NO)

    after = house.accepted(several("a", ("x", 5), ("z", 1)), *house.objects[1:])

    assert after.keys() == {"x", "z", "web"}
    assert after["x"] != before["x"]
    assert after["web"] == before["web"]
    assert house.again().settle(*house.objects) == after


def test_objects_are_joined_and_split() -> None:
    house = House()
    before = house.accepted(web("a", resource="a"), web("b", resource="b"))
    joined = several("both", ("a", 2), ("b", 2))
    assert house.settle(joined) == before
    after = house.say()
    assert after.keys() == before.keys()
    assert set(after.values()).isdisjoint(before.values())

    split = web("a", resource="a", seconds=3), web("b", resource="b", seconds=3)
    assert house.settle(*split) == after
    questions = {each.name: each for each in house.judged.open_questions(9)}
    house.judged.note({questions["a"]: ACCEPTED, questions["b"]: NO})
    end = house.settle(*split)
    assert end["a"] != after["a"]
    assert end["b"] == after["b"]


def test_who_makes_it_after_all_has_it() -> None:
    house = House()
    before = house.accepted(web("old"))
    house.settle(web("new", seconds=2))
    house.say(NO)

    new = web("third", seconds=3)
    house.settle(*house.objects, new)
    question = next(each for each in house.judged.open_questions(9) if each.origin == new.key)
    house.judged.note({question: undecided("it crashes")})
    after = house.settle(*house.objects)

    assert after["web"] != before["web"]
    assert [each.name for each in house.settled.readings] == ["third"]


def test_a_rename_while_nobody_was_there_is_seen_too() -> None:
    house = House()
    before = house.accepted(web("old"), web("two", resource="two"))
    house = house.again()
    objects = web("new", seconds=2), web("two", resource="two")

    assert house.settle(*objects) == before
    assert {item.resource.name for each in house.last_good.recalled.values() for item in each.items} == before.keys()
    assert house.again().settle(*objects) == before
    house.settle(*objects)
    assert house.say().keys() == before.keys()
    assert house.again().settle(*objects) == house.served


def test_without_a_judge_nothing_is_kept() -> None:
    house = House()
    house.accepted(web("old"))
    house.settle(web("new", seconds=2))
    house.say(NO)
    records = dict(house.records)

    last_good = LastGood(records)
    settled = last_good.settle({each.key: each for each in house.objects})

    assert [each.name for each in settled.readings] == ["new"]
    assert [name for name, record in last_good.take_changes().items() if record is None]


def test_what_a_kept_version_refers_to_stays_with_it() -> None:
    house = House()
    front = several("front", more=[routes("all", to="web")])
    before = house.accepted(front, web("backend"))
    changed = several("front", more=[routes("all", to="web2")])
    renamed = web("backend2", resource="web2")

    assert house.settle(changed, renamed) == before
    (question,) = (each for each in house.judged.open_questions(9) if each.name == "web2")
    house.judged.note({question: ACCEPTED})
    assert house.settle(changed, renamed).keys() == {"all", "web", "web2"}
    assert house.say(NO).keys() == {"all", "web", "web2"}

    mended = several("front", more=[routes("all", to="web2", prefix="/x")])
    assert house.accepted(mended, renamed).keys() == {"all", "web2"}


def front(seconds: int, *, name: str = "front") -> ManifestObject:
    """Return an object that makes a cluster and a route to `web`."""
    return several(name, ("front", seconds), more=[routes("all", to="web")])


def test_what_both_the_kept_version_and_the_newest_refer_to_goes_when_somebody_deletes_it() -> None:
    house = House()
    house.accepted(front(1), web("backend"))
    house.settle(front(2), web("backend"))
    house.say(NO)

    assert house.settle(house.objects[0]).keys() == {"front", "all"}
    assert house.codes == ["refused-by-judge"]
    assert house.again().settle(*house.objects).keys() == {"front", "all"}


def test_so_it_goes_when_what_is_kept_left_its_object() -> None:
    house = House()
    house.accepted(front(1), web("backend"))

    assert house.settle(front(2, name="renamed")).keys() == {"front", "all"}
    assert house.say(NO).keys() == {"front", "all"}


def test_what_is_remembered_does_not_hold_an_object_once_for_each_resource_that_left_it() -> None:
    def size(count: int) -> int:
        house = House()
        before = house.accepted(several("a", *((f"c{number}", 1) for number in range(count))))
        assert len(before) == count
        renamed = several("b", *((f"c{number}", 2) for number in range(count)))
        assert house.settle(renamed) == before
        again = house.again()
        assert again.settle(renamed) == before
        assert again.last_good.take_changes() == {}
        return len(json.dumps(house.records))

    assert size(100) < 3 * size(50)


def test_a_record_of_before_the_heir_was_served_otherwise_is_of_no_use() -> None:
    """A version of the program that does not know such records carries them along, and serves on."""
    house = House()
    house.accepted(web("old"))
    house.settle(web("new", seconds=2))
    house.say(NO)
    left = {name: record for name, record in house.records.items() if name.startswith("left")}
    assert left

    meanwhile = House(house.records)
    meanwhile.accepted(web("new", seconds=3, resource="other"))
    broken = cluster("new", config={"name": "web", "bogus": 1}, file="")
    house = House({**meanwhile.records, **left})
    served = house.settle(broken)

    assert served == meanwhile.served
    assert served.keys() == {"other"}
    assert not any(item.left for each in house.settled.readings.values() for item in each.items)
    assert not any(name.startswith("left") for name in house.records)


def test_a_record_of_what_left_that_is_of_another_form_is_told_and_forgotten() -> None:
    house = House()
    house.accepted(web("old"))
    house.settle(web("new", seconds=2))
    (name,) = (name for name in house.records if name.startswith("left"))
    (record,) = house.records[name]
    for other in ({**record, "heirs": []}, {**record, "left": [["Cluster"]]}, {"object": record["object"]}):
        again = House({**house.records, name: [other]})
        assert again.settle(*house.objects) == {}
        assert again.codes == ["damaged-state"]
        assert name not in again.records


def test_what_nothing_kept_refers_to_goes_although_something_is_kept() -> None:
    house = House()
    front = several("front", more=[routes("all", to="web")])
    house.accepted(front, web("backend"), web("idle", resource="idle"))

    after = house.settle(several("front", more=[routes("all", to="web", prefix="/x")]), web("backend"))

    assert after.keys() == {"all", "web"}


def test_nothing_is_made_anew_while_nothing_changes() -> None:
    house = House()
    house.accepted(several("a", ("x", 1), ("web", 1)), web("gone", resource="z"))
    house.settle(several("a", ("x", 1)), several("b", ("web", 2), ("z", 2)))
    house.say(NO)
    first = dict(house.settled.readings)
    assert len(first) == 2

    house.settle(*house.objects)

    assert all(house.settled.readings[key] is reading for key, reading in first.items())
    assert house.last_good.take_changes() == {}
