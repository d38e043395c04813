"""Fields that somebody owns: what holds whatever is applied."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from legation.sources.stored.owned import Merge, fields_of, paths_of, without, without_given_up

NAMES = st.sampled_from("abc")
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from((1, 2, None, [1], [2])), lambda below: st.dictionaries(NAMES, below, max_size=3), max_leaves=8
)
MAPS = st.dictionaries(NAMES, VALUES, max_size=3)


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        value = value[part]
    return value


@given(live=MAPS, applied=MAPS)
def test_what_is_applied_is_there(live: dict[str, Any], applied: dict[str, Any]) -> None:
    merged = Merge().merged(live, applied, [])
    for path in paths_of(fields_of(applied)):
        wanted = at(applied, path)
        assert isinstance(at(merged, path), dict) if wanted == {} else at(merged, path) == wanted
    assert Merge().merged(merged, applied, []) is merged


@given(live=MAPS)
def test_to_apply_what_is_there_changes_nothing(live: dict[str, Any]) -> None:
    merge = Merge()
    assert merge.merged(live, dict(live), [("other", fields_of(live))]) is live
    assert merge.taken == []


@given(live=MAPS, applied=MAPS)
def test_whatever_is_changed_of_somebodys_is_said(live: dict[str, Any], applied: dict[str, Any]) -> None:
    merge = Merge()
    merged = merge.merged(live, applied, [("other", fields_of(live))])
    taken = [path for _, path in merge.taken]
    for path in paths_of(fields_of(live)):
        if not any(path[: len(each)] == each for each in taken):
            old, new = at(live, path), at(merged, path)
            assert isinstance(new, dict) if old == {} else new == old


@given(before=MAPS, now=MAPS)
def test_a_sole_owner_has_what_it_applied_last(before: dict[str, Any], now: dict[str, Any]) -> None:
    merged = Merge().merged(before, now, [])
    assert without_given_up(merged, fields_of(before), fields_of(now), []) == now


@given(mine=MAPS, theirs=MAPS)
def test_who_gives_up_all_takes_nothing_of_others_with_it(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    merged = Merge().merged(mine, theirs, [])
    assert without_given_up(merged, fields_of(mine), {}, [fields_of(theirs)]) == theirs


@given(value=MAPS)
def test_fields_without_one_of_them(value: dict[str, Any]) -> None:
    fields = fields_of(value)
    for path in paths_of(fields):
        less = without(fields, path)
        assert path not in set(paths_of(less))
        assert {each for each in paths_of(fields) if each != path} <= set(paths_of(less))
    assert without(fields, ("zzz", "y")) is fields
