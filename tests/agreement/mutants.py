"""Small changes to configurations: a field less, another number, a text that is none; each run the same. Pure."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_NUMBERS = (0, 1, -1, 2, 100, 600, 65_535, 65_536, 4_294_967_295, 0.5)
_SPANS = ("0s", "0.0001s", "0.001s", "0.05s", "1s", "3600s", "-1s", "1000000s")
_TEXTS = ("", "x", "*", "a.example", "%", "%PROTOCOL%", "10.0.0.1", "::", "/", "a*b", "http://x", "a\nb")
_NAMES = frozenset({"name", "cluster_name", "clusterName"})
"""Of resources: without these nothing could be asked about them."""


def mutants(resources: Sequence[Mapping[str, Any]], *, seed: str, count: int) -> Iterator[list[Any]]:
    """Yield some changed copies of resources; none where nothing can be changed."""
    chance = random.Random(seed)
    places = [place for place in _places(resources) if len(place) > 1 and not (len(place) == 2 and place[1] in _NAMES)]
    if not places:
        return
    for _ in range(count):
        changed = copy.deepcopy(list(resources))
        for place in chance.choices(places, k=chance.choice((1, 1, 2))):
            _change(changed, place, chance)
        yield changed


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, inner in pairs:
        if key != "@type":
            yield (*path, key)
            yield from _places(inner, (*path, key))


def _change(root: Any, place: tuple[Any, ...], chance: random.Random) -> None:
    parent = root
    try:
        for key in place[:-1]:
            parent = parent[key]
        old = parent[place[-1]]
    except (KeyError, IndexError, TypeError):
        return  # an earlier change has taken it away
    if chance.random() < 0.25:
        del parent[place[-1]]
    else:
        parent[place[-1]] = _other(old, chance)


def _other(old: Any, chance: random.Random) -> Any:
    match old:
        case bool():
            others: tuple[Any, ...] = (not old,)
        case int() | float():
            others = (*_NUMBERS, old + 1, old * 2)
        case str() if re.fullmatch(r"[0-9.]+s", old):
            others = _SPANS
        case str() if re.fullmatch(r"[A-Z0-9_]+", old):  # an enum
            others = tuple(range(10))
        case str():
            others = (*_TEXTS, old + "x", old.upper(), old[:-1])
        case list():
            others = ([], old + old[:1], old[::-1], old[1:])
        case dict():
            others = ({}, dict(list(old.items())[1:]))
        case _:
            others = (old,)
    return chance.choice(others)
