"""Who mentions and who claims what, as a few resources change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legation.model.mentions import claims, followed, index_of, mentions
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, LISTENER, ROUTE_CONFIGURATION
from legation.model.snapshot import Collection, collect, revise
from tests.small_world import resource

NAMES = st.frozensets(st.sampled_from("xyz"))
HELD = st.dictionaries(st.sampled_from("abcd"), st.tuples(NAMES, NAMES), max_size=4)


def listeners(held: dict[str, tuple[frozenset[str], frozenset[str]]]) -> dict[str, Resource]:
    """Resources that mention clusters and claim addresses."""
    return {
        name: resource(
            LISTENER, name, f"{sorted(named)}", ((CLUSTER, tuple(sorted(named))),), claims=(*sorted(wanted),)
        )
        for name, (named, wanted) in sorted(held.items())
    }


@given(before=HELD, after=HELD)
def test_an_index_that_follows_a_change_is_the_one_that_is_made_at_once(
    before: dict[str, tuple[frozenset[str], frozenset[str]]], after: dict[str, tuple[frozenset[str], frozenset[str]]]
) -> None:
    old, new = listeners(before), listeners(after)
    gone = [each for name, each in old.items() if new.get(name) is not each]
    come = [each for name, each in new.items() if old.get(name) is not each]
    first = index_of(mentions(old.values(), "Cluster"))
    assert followed(first, gone=mentions(gone, "Cluster"), come=mentions(come, "Cluster")) == index_of(
        mentions(new.values(), "Cluster")
    )
    assert followed(index_of(claims(old.values())), gone=claims(gone), come=claims(come)) == index_of(
        claims(new.values())
    )
    assert first == index_of(mentions(old.values(), "Cluster"))


def answers(of: Collection) -> list[object]:
    return [
        *(of.referrers(row, name) for row in (CLUSTER, ROUTE_CONFIGURATION) for name in "xyz"),
        *(of.claimants(name) for name in "xyz"),
        sorted(of.mentioned(CLUSTER)),
        of.refers_to(CLUSTER),
    ]


@given(before=HELD, after=HELD)
def test_a_revised_collection_answers_as_one_that_was_collected(
    before: dict[str, tuple[frozenset[str], frozenset[str]]], after: dict[str, tuple[frozenset[str], frozenset[str]]]
) -> None:
    """Whether the one before was asked or not."""
    old, new = listeners(before), listeners(after)
    asked = collect(LISTENER, old.values(), version="asked")
    answers(asked)
    revised = revise(asked, new, old.keys() - new.keys())
    assert answers(revised) == answers(collect(LISTENER, new.values(), version="apart"))
