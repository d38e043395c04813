"""What a client wants, step by step: names, `*`, and the legacy wildcard."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legation.protocol.subscription import Subscription

names = st.frozensets(st.sampled_from(["a", "b", "c", "*"]))


def test_a_new_one_wants_nothing() -> None:
    subscription = Subscription(legacy_wildcard=True)
    assert not subscription.covers("a")
    assert repr(subscription) == "<Subscription to nothing>"


def test_replace_tells_what_is_asked_and_dropped() -> None:
    subscription = Subscription(legacy_wildcard=False)
    assert subscription.replace(["a", "b"]).asked == {"a", "b"}
    change = subscription.replace(["b", "c"])
    assert change.asked == {"c"}
    assert change.dropped == {"a"}
    assert not subscription.replace(["b", "c"])


def test_a_wildcard_drops_nothing_and_names_beside_it_are_asked_for() -> None:
    subscription = Subscription(legacy_wildcard=True)
    assert subscription.replace([]).widened
    change = subscription.adjust(subscribe=["a"], unsubscribe=[], first=False)
    assert change.asked == {"a"}
    assert not change.uncovered
    assert not change.dropped
    assert subscription.wildcard


def test_taking_star_back_is_told() -> None:
    subscription = Subscription(legacy_wildcard=True)
    subscription.adjust(subscribe=[], unsubscribe=[], first=True)
    change = subscription.adjust(subscribe=[], unsubscribe=["*"], first=False)
    assert change.lost_wildcard
    assert not subscription.covers("a")


@given(requests=st.lists(names, max_size=6))
def test_sotw_covers_what_the_last_request_names(requests: list[frozenset[str]]) -> None:
    subscription = Subscription(legacy_wildcard=False)
    for wanted in requests:
        subscription.replace(wanted)
        for name in "abc":
            assert subscription.covers(name) == ("*" in wanted or name in wanted)


@given(requests=st.lists(st.tuples(names, names), max_size=6))
def test_delta_covers_what_was_subscribed_last(requests: list[tuple[frozenset[str], frozenset[str]]]) -> None:
    subscription = Subscription(legacy_wildcard=False)
    wanted: frozenset[str] = frozenset()
    for at, (subscribe, unsubscribe) in enumerate(requests):
        wanted = wanted - unsubscribe | subscribe
        subscription.adjust(subscribe=subscribe, unsubscribe=unsubscribe, first=at == 0)
        assert subscription.wildcard == ("*" in wanted)
        assert subscription.names == wanted - {"*"}


paths = st.frozensets(st.sampled_from(["x/a", "x/b", "y/a", "x/y/a", "x/*", "y/*", "x/y/*", "*"]))


@given(requests=st.lists(st.tuples(paths, paths), max_size=6))
def test_delta_covers_the_names_and_all_directly_below_the_globs(
    requests: list[tuple[frozenset[str], frozenset[str]]],
) -> None:
    subscription = Subscription(legacy_wildcard=False)
    wanted: frozenset[str] = frozenset()
    for at, (subscribe, unsubscribe) in enumerate(requests):
        wanted = wanted - unsubscribe | subscribe
        change = subscription.adjust(subscribe=subscribe, unsubscribe=unsubscribe, first=at == 0)
        for name in ("x/a", "x/b", "y/a", "x/y/a", "z"):
            below = f"{name.rpartition('/')[0]}/*"
            assert subscription.covers(name) == bool(wanted & {name, below, "*"})
        assert not any(map(subscription.covers, change.dropped))
        assert subscription.globs == {name for name in wanted if name.endswith("/*")}


def test_in_state_of_the_world_a_glob_is_a_name() -> None:
    subscription = Subscription(legacy_wildcard=False)
    subscription.replace(["x/*"])
    assert not subscription.covers("x/a")
    assert subscription.covers("x/*")


def test_names_are_taken_in_one_spelling() -> None:
    subscription = Subscription(legacy_wildcard=False)
    subscription.replace(["xdstp://o/T/x?b=2&a=1"])
    assert subscription.covers("xdstp://o/T/x?a=1&b=2")


def test_where_names_may_be_aliases_a_star_is_a_host() -> None:
    subscription = Subscription(legacy_wildcard=False, aliased=True)
    subscription.adjust(subscribe=["r/*"], unsubscribe=[], first=True)
    assert subscription.covers("r/*")
    assert not subscription.covers("r/a")


def test_what_was_taken_back_and_asked_for_again_unread_is_asked_for_anew() -> None:
    subscription = Subscription(legacy_wildcard=False)
    subscription.replace(["a", "b", "c"])
    subscription.overhear(["a"])
    subscription.overhear(["a", "b", "d"])
    assert subscription.names == {"a", "b", "c"}
    change = subscription.replace(["a", "b"])
    assert change.asked == change.uncovered == {"b"}
    assert change.dropped == {"c"}
    assert not subscription.replace(["a", "b"])
    assert subscription.replace(["c"]).asked == {"c"}


def test_nothing_is_taken_back_unread_while_the_wildcard_stands() -> None:
    subscription = Subscription(legacy_wildcard=True)
    subscription.replace(["*", "a"])
    subscription.overhear([])
    assert not subscription.replace(["*", "a"])


def test_all_of_several_are_covered_by_a_wildcard_or_by_their_names() -> None:
    named, everything = (Subscription(legacy_wildcard=False) for _ in range(2))
    named.replace(["a", "b"])
    everything.replace(["*"])
    assert named.covers_all(["a"], ("b",))
    assert not named.covers_all(["a"], ("b", "c"))
    assert everything.covers_all(["a"], ("c",))
