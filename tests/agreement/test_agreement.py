"""legation and the real Envoy are asked the same: nothing good is refused, and nearly all that is bad is, by name.

The corpus is true because Envoy is asked in this run, by a harness that owes nothing to legation. A case that legation
misses says so (`warned`, `missed`) and why, so that a new miss is seen, and also when an old one is none any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from legation.model.objects import show_path
from legation.model.problems import Level
from tests.agreement import ours
from tests.agreement.corpus import Case, cases
from tests.agreement.existing import existing
from tests.agreement.real_envoy import RealEnvoy, Said

CASES = cases()
GOOD = [case for case in CASES if case.accepted]
BAD = [case for case in CASES if not case.accepted]
LEAST = 0.9
"""Which share of what Envoy refuses is refused here, with the field."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_corpus_is_true(case: Case, said: Mapping[Case, Said]) -> None:
    """What stands there of Envoy is what Envoy says now."""
    verdict = said[case]
    assert verdict.crashed is case.crashes, verdict.words
    assert verdict.accepts is case.accepted, verdict.words
    assert case.words in verdict.words


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.id)
def test_nothing_good_is_refused(case: Case) -> None:
    """What Envoy accepts is delivered."""
    assert [str(each) for each in ours.refusals(case.resources)] == []


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.id)
def test_what_is_bad_is_refused_by_name(case: Case) -> None:
    """What Envoy refuses is refused first, and the field is named; or it is known that it is not, and why."""
    found = ours.problems(case.resources)
    refused = ours.name([each for each in found if each.level is Level.ERROR], case.fields)
    told = [str(each) for each in found], [show_path(each) for each in case.fields]
    if case.warned:
        assert not refused, "it is refused now: take `warned` away"
        assert ours.name(found, case.fields), told
    elif case.missed:
        assert not ours.name(found, case.fields), "it is found now: take `missed` away"
    else:
        assert refused, told


def test_nearly_all_is_refused(said: Mapping[Case, Said]) -> None:
    """The share is as high as it has to be, of all kinds of mistakes together."""
    bad = [case for case in CASES if not said[case].accepts]
    passed = [case for case in bad if not ours.name(ours.refusals(case.resources), case.fields)]
    table = [f"{case.id}: {case.warned or case.missed or '?'}: {said[case].words[-200:]}" for case in passed]
    assert len(passed) <= (1 - LEAST) * len(bad), "\n".join(table)


def test_the_corpus_is_balanced(said: Mapping[Case, Said]) -> None:
    """Good and bad, in each subject some of both, and each way of being bad is a good part of it."""
    by_subject = {case.subject: {each.accepted for each in CASES if each.subject == case.subject} for case in CASES}
    ways = Counter(said[case].way for case in BAD)
    assert len(CASES) >= 150
    assert len({case.id for case in CASES}) == len(CASES)
    assert all(kinds == {True, False} for kinds in by_subject.values()), by_subject
    assert min(len(GOOD), len(BAD)) > len(CASES) / 3
    assert min(ways["rule"], ways["schema"], ways["meaning"]) > len(BAD) / 5, ways


@pytest.mark.parametrize("place", sorted(existing()))
def test_our_own_examples_are_no_worse_for_us(place: str, real_envoy: RealEnvoy) -> None:
    """Whatever stands in the documentation and the examples: where Envoy takes it, so do we."""
    resources = existing()[place]
    if real_envoy.judge(resources).accepts:
        assert [str(each) for each in ours.refusals(resources)] == []
