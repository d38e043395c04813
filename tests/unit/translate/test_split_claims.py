from __future__ import annotations

from legation.translate.base import Note
from legation.translate.request_sets import Form, Pattern, Requests
from legation.translate.split_claims import Claims
from tests.unit.translate.splits import group, notes, split

ALL = group("all", {"pathRegex": "/.*"})
API = group("api", {"pathRegex": "/api/.*"})


def test_who_says_more_goes_first_then_who_stands_first() -> None:
    claims = Claims.of(
        notes(
            split("a", weights={"x": 1}),
            split("b", weights={"x": 1}, groups=("api",)),
            split("c", weights={"x": 1}),
            split("d", weights={"x": 1}, groups=("all",)),
            split("e", service="other", weights={"x": 1}),
            ALL,
            API,
        )
    )
    order = {host: [each.manifest.key.name for each in found] for host, found in claims.by_host.items()}
    assert order == {"podinfo": ["b", "d", "a", "c"], "other": ["e"]}
    b, d, a, _ = claims.by_host["podinfo"]
    assert b.rivals(d)
    assert not a.rivals(b)


def test_a_claim_holds_what_one_of_its_matches_holds() -> None:
    (claim,) = Claims.of(notes(split(weights={"x": 1}, groups=("api",)), API)).by_host["podinfo"]
    assert claim.holds(Requests(path=Pattern(Form.EXACT, "/api/v1")))
    assert not claim.holds(Requests())
    (claim,) = Claims.of(notes(split(weights={"x": 1}))).by_host["podinfo"]
    assert claim.holds(Requests(exact=False))


def test_a_group_that_is_not_there_leaves_no_claim() -> None:
    claims = Claims.of(notes(split(weights={"x": 1}, groups=("gone", "api", "away")), API))
    assert not claims.by_host
    assert [missing for _, missing in claims.ungrouped] == [((0, "gone"), (2, "away"))]


def test_what_others_say_is_left_out() -> None:
    assert not Claims.of([Note(manifest=API, value="something else")]).by_host
