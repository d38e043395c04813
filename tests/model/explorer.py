"""Through everything that can happen: breadth first, or at random to the end where that is too much to see whole.

The first thing found wrong breadth first has the shortest way to it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random

from tests.model.world import Scenario, World


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What an exploration found."""

    wrong: list[str]
    """What is wrong; empty: nothing was found."""
    way: list[str]
    """The shortest way to it, step by step."""
    states: int
    ends: int
    """States in which nothing more can happen."""
    complete: bool
    """Every state was seen."""

    def __str__(self) -> str:
        return "\n".join([*self.wrong, *(f"  {step}" for step in self.way), f"({self.states} states)"])


def explore(scenario: Scenario, *, limit: int = 100_000) -> Verdict:
    """Look at every state that can be reached, up to a limit."""
    first = World.begin(scenario)
    came_from: dict[int, tuple[int, str]] = {first.key(): (0, "")}
    frontier: deque[tuple[int, World]] = deque([(first.key(), first)])
    states = ends = 0
    while frontier and states < limit:
        key, world = frontier.popleft()
        states += 1
        wrong = world.violations()
        moved = False
        for label, after in () if wrong else world.steps():
            moved = True
            next_key = after.key()
            if next_key not in came_from:
                came_from[next_key] = (key, label)
                frontier.append((next_key, after))
        if not moved and not wrong:
            ends += 1
            wrong = world.unfinished()
        if wrong:
            return Verdict(wrong=wrong, way=_way(came_from, key), states=states, ends=ends, complete=False)
    return Verdict(wrong=[], way=[], states=states, ends=ends, complete=not frontier)


def wander(scenario: Scenario, *, walks: int, seed: int = 0) -> Verdict:
    """Go so many ways from the beginning to an end, each time by chance."""
    chance = Random(seed)
    states = 0
    for _ in range(walks):
        world = World.begin(scenario)
        way: list[str] = []
        wrong: list[str] = []
        # Each way has a rate at which something happens besides the messages: else all of it does at the beginning.
        rate = chance.random() ** 2
        while not wrong and (steps := list(world.steps())):
            messages = [step for step in steps if not step[0].split()[0].isupper()]
            label, world = chance.choice(messages if messages and chance.random() > rate else steps)
            way.append(label)
            states += 1
            wrong = world.violations()
        if wrong := wrong or world.unfinished():
            return Verdict(wrong=wrong, way=way, states=states, ends=0, complete=False)
    return Verdict(wrong=[], way=[], states=states, ends=walks, complete=False)


def _way(came_from: dict[int, tuple[int, str]], key: int) -> list[str]:
    way = []
    while came_from[key][1]:
        key, label = came_from[key]
        way.append(label)
    return way[::-1]
