"""Who is told what is wrong, and when."""

from __future__ import annotations

from structlog.testing import capture_logs

from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.runtime.problem_log import ProblemLog, Told

KEY = ObjectKey("bootes.io", "Cluster", "default", "web")


class World:
    def __init__(self) -> None:
        self.problems: dict[str, Problem] = {}
        self.told: list[Told] = []
        self.log = ProblemLog(lambda: dict(self.problems))
        self.end = self.log.watch(self.told.append)

    def say(self, **problems: str) -> None:
        self.problems = {key: Problem(code=key, message=message, object=KEY) for key, message in problems.items()}
        self.log.say()

    def words(self) -> list[dict[str, str | None]]:
        return [{str(key): None if each is None else each.message for key, each in told.items()} for told in self.told]


def test_what_is_new_other_and_over_is_told_once() -> None:
    world = World()
    world.say(a="1", b="1")
    world.say(a="1", b="1")
    world.say(a="2", c="1")
    world.say()
    assert world.words() == [{"a": "1", "b": "1"}, {"a": "2", "b": None, "c": "1"}, {"a": None, "c": None}]


def test_other_words_of_the_same_problem_are_not_logged_again() -> None:
    world = World()
    with capture_logs() as logs:
        world.say(a="1")
        world.say(a="2")
    assert [each["event"] for each in logs] == ["problem"]


def test_who_does_not_watch_any_more_is_not_told() -> None:
    world = World()
    world.end()
    world.say(a="1")
    assert not world.told


def test_what_is_wrong_with_one_object_is_known() -> None:
    world = World()
    assert world.log.of(KEY) == ()
    world.say(a="1", b="2")
    assert [each.message for each in world.log.of(KEY)] == ["1", "2"]
    assert [each.message for each in world.log.said.values()] == ["1", "2"]
    assert world.log.of(KEY._replace(name="other")) == ()
    world.say()
    assert world.log.of(KEY) == ()
