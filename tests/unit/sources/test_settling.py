"""When a reading is believed, and what all files say together."""

from __future__ import annotations

import pytest

from legation.model.objects import Place
from legation.sources.manifests import Reading, read_text, unreadable
from legation.sources.settling import QUIET, Settling
from tests.unit.sources.rig import codes, key, manifest, names, values


class World:
    """Files that a test saves, and what is made of them; time passes only when it is told to."""

    def __init__(self, **files: str) -> None:
        self.settling = Settling()
        self.now = 100.0
        self.save(**files)

    def save(self, **files: str | None) -> World:
        """Save files by name; None removes one."""
        for name, text in files.items():
            reading: Reading | None = None
            if text is not None:
                reading = read_text(text, file=name, earlier=self.settling.earlier(name))
            self.settling.take(name, reading, now=self.now)
        self.settling.settle(self.now)
        return self

    def wait(self, seconds: float = QUIET) -> World:
        self.now += seconds
        self.settling.settle(self.now)
        return self

    @property
    def held(self) -> set[str]:
        return names(self.settling.state())

    @property
    def codes(self) -> set[str]:
        return codes(self.settling.state())

    @property
    def values(self) -> dict[str, object]:
        return values(self.settling.state())

    @property
    def broken(self) -> set[str]:
        return set(self.settling.state().broken)

    @property
    def doubted(self) -> set[str]:
        return set(self.settling.doubted)


A, B, C = manifest("a"), manifest("b"), manifest("c")


def test_at_first_everything_is_believed() -> None:
    world = World(one=A, two="", three="kind: [")
    assert world.held == {"a"}
    assert world.codes == {"empty-file", "yaml-syntax"}
    assert world.broken == {"two", "three"}


def test_a_change_without_a_loss_is_believed_at_once() -> None:
    world = World(one=A + B)
    assert world.save(one=manifest("a", 2) + B + C).values == {"a": 2, "b": 1, "c": 1}
    assert world.settling.deadline() is None
    assert world.save(two=manifest("d")).held == {"a", "b", "c", "d"}


def test_a_file_that_lost_an_object_is_believed_when_it_has_been_so_for_a_while() -> None:
    world = World(one=A + B)
    world.save(one=manifest("a", 2))
    assert world.values == {"a": 1, "b": 1}
    assert world.doubted == {"one"}
    assert world.settling.deadline() == world.now + QUIET
    assert world.wait(QUIET / 2).save(one=manifest("a", 2)).held == {"a", "b"}
    assert world.wait(QUIET / 2).values == {"a": 2}


def test_a_renamed_object_is_there_before_its_old_name_goes() -> None:
    world = World(one=A + B)
    assert world.save(one=manifest("a", 2) + C).values == {"a": 1, "b": 1, "c": 1}
    assert world.wait().values == {"a": 2, "c": 1}


def test_what_was_new_in_a_doubted_reading_is_not_lost_by_the_next_one() -> None:
    world = World(one=A + B)
    world.save(one=A + C)
    assert world.save(one=A).held == {"a", "b", "c"}
    assert world.wait().held == {"a"}


def test_nothing_is_new_in_a_text_that_looks_half_written() -> None:
    world = World(one=A + B)
    assert world.save(one=A + C.rstrip()).held == {"a", "b"}
    assert world.save(one=A + C + "---\nkind: [").held == {"a", "b"}


def test_every_change_begins_the_quiet_anew() -> None:
    world = World(one=A + B + C)
    world.save(one=A + B).wait(QUIET / 2).save(one=A)
    assert world.wait(QUIET / 2).held == {"a", "b", "c"}
    assert world.wait(QUIET / 2).held == {"a"}


def test_a_save_in_several_steps_loses_nothing() -> None:
    world = World(one=A + B)
    before = world.settling.state().objects
    for step in (None, "", manifest("a")[:20], A, A + B[:30]):
        assert world.save(one=step).wait(QUIET / 4).held == {"a", "b"}
        assert world.codes == set()
    world.save(one=A + B)
    assert world.doubted == set()
    assert world.settling.state().objects == before


def test_a_text_that_is_cut_in_the_middle_of_a_line_is_doubted() -> None:
    world = World(one=A + manifest("b", 10000))
    world.save(one=A + manifest("b", 10000)[:-3])
    assert world.values == {"a": 1, "b": 10000}
    assert world.wait().values == {"a": 1, "b": 100}
    assert world.save(one=A + manifest("b", 7).rstrip()).values == {"a": 1, "b": 7}


def test_a_file_that_goes_takes_its_objects_with_it_after_a_while() -> None:
    world = World(one=A, two=B)
    assert world.save(one=None).held == {"a", "b"}
    assert world.wait().held == {"b"}
    assert world.settling.files == {"two"}


def test_a_file_that_comes_back_in_time_never_went() -> None:
    world = World(one=A)
    before = world.settling.state().objects[key("a")]
    world.save(one=None).wait(QUIET / 2).save(one=A)
    assert world.wait().settling.state().objects[key("a")] is before


def test_a_new_file_that_is_empty_is_a_problem_only_if_it_stays_so() -> None:
    world = World(one=A)
    assert world.save(two="").codes == set()
    assert world.save(two=B).held == {"a", "b"}
    assert world.save(three="").wait().codes == {"empty-file"}
    world.save(four="").save(four=None)
    assert world.settling.files == {"one", "two", "three"}


def test_an_emptied_file_is_broken_and_what_follows_it_is_compared_with_what_it_held() -> None:
    world = World(one=A + B)
    before = world.settling.state().objects[key("a")]
    world.save(one="").wait()
    assert (world.codes, world.broken, world.held) == ({"empty-file"}, {"one"}, set())
    world.save(one=A)
    assert (world.codes, world.held) == ({"empty-file"}, set())
    world.wait()
    assert (world.codes, world.broken, world.held) == (set(), set(), {"a"})
    assert world.settling.state().objects[key("a")] is before


@pytest.mark.parametrize("text", ["# routes of", "# routes\n# of the", "# routes\n---"])
def test_a_file_that_is_cut_off_before_its_first_object_is_broken(text: str) -> None:
    for ended in (A, A.rstrip()):
        world = World(one=ended)
        assert world.save(one=text).held == {"a"}
        world.wait()
        assert (world.codes, world.broken) == ({"empty-file"}, {"one"})
        assert (world.save(one=text[:-1]).wait().broken, world.doubted) == ({"one"}, set())
        assert (world.save(one=A).wait().held, world.broken) == ({"a"}, set())


def test_a_file_that_is_commented_out_to_its_last_line_end_is_a_deletion() -> None:
    world = World(one=A, two="# holds nothing")
    assert world.codes == set()
    assert (world.save(one="# a\n").wait().held, world.codes, world.broken) == (set(), set(), set())
    assert world.save(one="# a").wait().codes == set()


def test_a_broken_part_is_shown_after_a_while_and_the_other_parts_go_on() -> None:
    world = World(one=A + B)
    world.save(one=A + "---\nkind: [\n")
    assert (world.codes, world.held) == (set(), {"a", "b"})
    world.wait()
    assert (world.codes, world.held, world.broken) == ({"yaml-syntax"}, {"a"}, {"one"})
    world.save(one=manifest("a", 2) + "---\nkind: [\n")
    assert world.values == {"a": 2}
    world.save(one=A + B)
    assert (world.codes, world.held, world.broken) == (set(), {"a", "b"}, set())


def test_an_object_that_moves_to_another_file_is_never_missing_and_never_double() -> None:
    world = World(one=A + B, two=C)
    world.save(one=A)
    assert (world.held, world.codes) == ({"a", "b", "c"}, set())
    world.save(two=C + B)
    assert (world.held, world.codes, world.doubted) == ({"a", "b", "c"}, set(), set())


def test_an_object_that_moves_out_of_a_doubted_file_is_never_missing_and_never_double() -> None:
    world = World(one=A + B + C, two=manifest("d"))
    world.save(one=A)
    world.save(two=manifest("d") + B)
    assert (world.held, world.codes, world.doubted) == ({"a", "b", "c", "d"}, set(), {"one"})
    assert (world.wait().held, world.codes) == ({"a", "b", "d"}, set())


def test_an_object_that_two_files_lose_together_is_held_for_a_while() -> None:
    world = World(one=A + B, two=B + C)
    world.save(one=A, two=C)
    assert (world.held, world.wait().held) == ({"a", "b", "c"}, {"a", "c"})


def test_a_file_that_is_renamed_keeps_its_objects() -> None:
    world = World(one=A + B)
    world.save(one=None, two=A + B)
    assert (world.held, world.codes, set(world.settling.files)) == ({"a", "b"}, set(), {"two"})


def test_of_two_objects_of_one_name_the_first_by_path_and_line_is_used() -> None:
    world = World(two=A, one=B + A + manifest("a", 2))
    state = world.settling.state()
    assert values(state) == {"a": 1, "b": 1}
    assert state.objects[key("a")].place == Place("one", 8, 1)
    assert [str(problem) for problem in state.problems] == [
        f"{place}:1: Thing default/a: it stands at one:8:1 too, which comes first by path and line, "
        "so this one is not used (remove one of the two or give it another name)"
        for place in ("one:14", "two:2")
    ]
    assert state.broken == frozenset()


def test_the_same_document_twice_in_a_file_is_double_too() -> None:
    world = World(one=A + A)
    state = world.settling.state()
    assert [(problem.code, problem.place) for problem in state.problems] == [("duplicate-object", Place("one", 8, 1))]
    place = state.objects[key("a")].place
    assert place
    assert world.settling.locate(place, ("value",)) == Place("one", 6, 1)


def test_a_double_that_came_first_by_path_takes_the_name() -> None:
    world = World(two=A)
    assert world.save(one=manifest("a", 2)).values == {"a": 2}


def test_a_winner_that_breaks_keeps_its_name() -> None:
    world = World(one=manifest("a", 1), two=manifest("a", 2))
    world.save(one="kind: [").wait()
    assert (world.held, world.broken) == (set(), {"one"})
    assert world.codes == {"yaml-syntax", "duplicate-object"}
    assert world.save(one=None).wait().values == {"a": 2}


def test_a_loser_that_breaks_leaves_the_winner_alone() -> None:
    world = World(one=manifest("a", 1), two=manifest("a", 2))
    assert world.save(two="kind: [").wait().values == {"a": 1}


def test_a_file_that_cannot_be_read_says_the_reason() -> None:
    world = World(one=A)
    world.settling.take("one", unreadable("one", message="the file cannot be read: no", mend="mend it"), now=world.now)
    assert world.wait().codes == {"unreadable-file"}


def test_places_are_located_in_the_newest_text() -> None:
    world = World(one=A)
    place = world.settling.state().objects[key("a")].place
    assert place
    world.save(one="# comment\n" + A)
    assert world.settling.locate(place, ("value",)) == Place("one", 7, 1)
    strange = Place("elsewhere", 3)
    assert world.settling.locate(strange, ("value",)) is strange
