"""What is remembered of tokens: for how long, and how many."""

from __future__ import annotations

from legation.kube.tokens.remembered import Remembered
from legation.model.identity import Flaw
from tests.unit.kube.tokens.made import NOW, proof

FLAW = Flaw(words="no")


def remembered(*, good: int = 2, bad: int = 2) -> Remembered:
    return Remembered(good=good, bad=bad, bad_for=10.0)


def test_a_good_one_is_known_until_it_expires() -> None:
    known = remembered()
    known.keep(b"a", proof(), again=5.0)
    found = known.good(b"a", now=NOW + 599)
    assert found is not None
    assert (found.proof, found.again) == (proof(), 5.0)
    assert known.good(b"a", now=NOW + 600) is None
    assert len(known) == 0


def test_one_of_which_nobody_says_when_it_ends_is_known_on() -> None:
    known = remembered()
    known.keep(b"a", proof(ends=None), again=5.0)
    assert known.good(b"a", now=NOW * 9) is not None


def test_a_bad_one_is_known_for_a_while() -> None:
    known = remembered()
    known.refuse(b"a", FLAW, moment=100.0)
    assert known.bad(b"a", moment=109.9) == FLAW
    assert known.bad(b"a", moment=110.0) is None
    assert known.bad(b"b", moment=0.0) is None
    assert len(known) == 0


def test_one_is_good_or_bad() -> None:
    known = remembered()
    known.refuse(b"a", FLAW, moment=0.0)
    known.keep(b"a", proof(), again=0.0)
    assert known.bad(b"a", moment=0.0) is None
    known.refuse(b"a", FLAW, moment=0.0)
    assert known.good(b"a", now=NOW) is None


def test_however_many_bad_ones_there_are_no_good_one_is_forgotten() -> None:
    known = remembered()
    known.keep(b"a", proof(), again=0.0)
    for number in range(100):
        known.refuse(str(number).encode(), FLAW, moment=0.0)
    assert known.good(b"a", now=NOW) is not None
    assert len(known) == 3


def test_the_good_one_that_was_not_shown_for_longest_is_forgotten_first() -> None:
    known = remembered()
    known.keep(b"a", proof(), again=0.0)
    known.keep(b"b", proof(), again=0.0)
    known.good(b"a", now=NOW)
    known.keep(b"c", proof(), again=0.0)
    assert [known.good(each, now=NOW) is not None for each in (b"a", b"b", b"c")] == [True, False, True]


def test_a_token_is_known_by_its_digest_alone() -> None:
    assert Remembered.digest("secret") == Remembered.digest("secret") != Remembered.digest("secret ")
    assert b"secret" not in Remembered.digest("secret")
    assert len(Remembered.digest("\udcff")) == 32
