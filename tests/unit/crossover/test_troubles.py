"""When what is wrong is told: once, and once more when it is over."""

from __future__ import annotations

import math

from legation.crossover.troubles import GRACE, News, Troubles, not_followed
from legation.kube.watch_words import Missing
from legation.model.problems import Problem

_ONE, _TWO = Problem(code="one", message="one"), Problem(code="two", message="two")


def test_what_is_wrong_is_told_when_it_begins_and_when_it_is_over() -> None:
    troubles = Troubles()
    assert troubles.look(0, at_once=[_ONE], lasting={}) == News(begun=(_ONE,))
    assert troubles.look(1, at_once=[_ONE, _TWO], lasting={}) == News(begun=(_TWO,))
    assert troubles.look(2, at_once=[_ONE, _TWO], lasting={}) == News()
    assert troubles.look(3, at_once=[_TWO], lasting={}) == News(over=(_ONE,))


def test_what_mends_itself_in_moments_is_not_told() -> None:
    troubles = Troubles()
    assert troubles.look(0, at_once=[], lasting={("k",): _ONE}) == News()
    assert troubles.next_due(0) == GRACE
    assert troubles.look(1, at_once=[], lasting={}) == News()
    assert troubles.next_due(1) == math.inf
    troubles.look(2, at_once=[], lasting={("k",): _ONE})
    assert troubles.look(2 + GRACE, at_once=[], lasting={("k",): _ONE}) == News(begun=(_ONE,))


def test_what_lasts_is_one_trouble_whatever_its_words_are() -> None:
    troubles = Troubles()
    troubles.look(0, at_once=[], lasting={("k",): _ONE})
    assert troubles.look(GRACE, at_once=[], lasting={("k",): _TWO}) == News(begun=(_TWO,))
    assert troubles.look(GRACE + 1, at_once=[], lasting={("k",): _ONE}) == News()
    assert troubles.look(GRACE + 2, at_once=[], lasting={}) == News(over=(_TWO,))


def test_what_is_wrong_for_all_objects_alike_is_one_trouble() -> None:
    away = [Missing(message=f"cannot get {name}: away", cause="away", scope=name) for name in ("a", "b")]
    forbidden = Missing(message="may not get c", mend="grant it", scope="c")
    waits = Missing(message="not yet", scope="d", trouble=False)
    found = not_followed([*away, forbidden, waits])
    assert [(each.message, each.mend) for each in found.values()] == [("may not get c", "grant it"), ("away", "")]
