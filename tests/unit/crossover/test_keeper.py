"""Which files follow from what was heard, and what stays of what is gone or broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from legation.crossover.keeper import Keeper, Outcome
from legation.crossover.splits import Seen
from tests.unit.crossover.objects import (
    ABSENT,
    AWAY,
    FORBIDDEN,
    HOSTS,
    config_map,
    group,
    heard,
    hosts,
    options,
    split,
)


def keeper(*standing: str, publish: bool = False) -> Keeper:
    """Return a keeper of one ConfigMap with one TrafficSplit."""
    return Keeper(options("xds", xds=("web",), publish=publish), standing=frozenset(standing))


def codes(outcome: Outcome) -> list[str]:
    """Return the codes of the problems."""
    return [each.code for each in outcome.problems]


TEMPLATE = config_map({"rds.yaml": HOSTS, "cds.yaml": "a: b"})


def test_nothing_is_made_before_the_split_was_heard_of() -> None:
    kept = keeper()
    for nothing in (None, Seen(), AWAY, FORBIDDEN):
        outcome = kept.take(heard(TEMPLATE, nothing))
        assert (outcome.files, outcome.lacking, len(outcome.waiting)) == ({}, ("xds",), 1)
    outcome = kept.take(heard(TEMPLATE, split(a=2, b=3)))
    assert outcome.files == {"rds.yaml": hosts(2, 3), "cds.yaml": b"a: b"}
    assert (outcome.lacking, outcome.waiting, outcome.problems) == ((), {}, ())


def test_what_was_heard_once_counts_although_the_server_does_not_answer_any_more() -> None:
    kept, weights = keeper(), split(a=2, b=3)
    first = kept.take(heard(TEMPLATE, weights))
    away = [replace(each, failed=True) for each in (TEMPLATE, weights)]
    assert kept.take(heard(*away)).files is first.files


def test_the_files_are_the_same_object_while_nothing_changes() -> None:
    kept, known, weights = keeper(), TEMPLATE, split(a=2, b=3)
    assert kept.take(heard(known, weights)).files is kept.take(heard(known, weights)).files


def test_without_a_split_the_weights_are_the_templates() -> None:
    outcome = keeper().take(heard(TEMPLATE, ABSENT))
    assert outcome.files["rds.yaml"] == HOSTS.encode()
    assert codes(outcome) == ["split-missing"]


def test_a_split_that_is_deleted_leaves_its_weights_in_newer_templates_too() -> None:
    kept = keeper()
    kept.take(heard(TEMPLATE, split(a=2, b=3)))
    outcome = kept.take(heard(config_map({"rds.yaml": HOSTS + "# new\n"}), ABSENT))
    assert outcome.files == {"rds.yaml": hosts(2, 3) + b"# new\n"}
    assert "the last weights stay" in outcome.problems[0].message


def test_a_broken_split_leaves_the_weights_of_its_last_good_version() -> None:
    kept = keeper()
    kept.take(heard(TEMPLATE, split(a=2, b=3)))
    outcome = kept.take(heard(config_map({"rds.yaml": HOSTS + "# new\n"}), split(a=-2, b=3)))
    assert outcome.files == {"rds.yaml": hosts(2, 3) + b"# new\n"}
    assert codes(outcome) == ["invalid-weight"]
    assert kept.take(heard(TEMPLATE, split(a=5, b=3))).files["rds.yaml"] == hosts(5, 3)


def test_a_split_that_was_never_whole_touches_no_weights_that_stand_there() -> None:
    """Whoever wrote them knew better."""
    broken = split(a="many", b=3)
    assert keeper("rds.yaml", "cds.yaml").take(heard(TEMPLATE, broken)).files == {"cds.yaml": b"a: b"}
    assert keeper().take(heard(TEMPLATE, broken)).files == {"rds.yaml": HOSTS.encode(), "cds.yaml": b"a: b"}


def test_a_split_that_cannot_be_read_is_like_a_broken_one() -> None:
    unreadable = Seen(asked=True, unreadable="nested too deep")
    outcome = keeper("rds.yaml").take(heard(TEMPLATE, unreadable))
    assert (outcome.files, codes(outcome)) == ({"cds.yaml": b"a: b"}, ["unreadable-object"])


def test_a_template_is_followed_although_its_split_was_broken_from_the_start() -> None:
    kept, broken = keeper(), split(a="many", b=3)
    kept.take(heard(TEMPLATE, broken))
    assert kept.take(heard(config_map({"rds.yaml": HOSTS + "#"}), broken)).files == {"rds.yaml": HOSTS.encode() + b"#"}


@pytest.mark.parametrize("version", ["v1beta1", "v9"])
def test_a_split_of_a_version_that_nobody_knows_means_the_same(version: str) -> None:
    assert keeper().take(heard(TEMPLATE, split(version=version, a=2, b=3))).files["rds.yaml"] == hosts(2, 3)


def test_a_key_that_cannot_be_read_keeps_its_last_good_content() -> None:
    kept, weights = keeper(), split(a=2, b=3)
    kept.take(heard(TEMPLATE, weights))
    outcome = kept.take(heard(config_map({"rds.yaml": HOSTS + "]", "cds.yaml": "new"}), weights))
    assert outcome.files == {"rds.yaml": hosts(2, 3), "cds.yaml": b"new"}
    assert "yaml-syntax" in codes(outcome)


def test_a_key_that_never_could_be_read_is_written_where_nothing_stands() -> None:
    broken, weights = config_map({"rds.yaml": HOSTS + "]"}), split(a=2, b=3)
    assert keeper().take(heard(broken, weights)).files == {"rds.yaml": HOSTS.encode() + b"]"}
    assert keeper("rds.yaml").take(heard(broken, weights)).files == {}


def test_without_splits_nothing_is_parsed() -> None:
    kept = Keeper(options("xds"), standing=frozenset({"rds.yaml"}))
    outcome = kept.take(heard(config_map({"rds.yaml": HOSTS + "]"})))
    assert (outcome.files, outcome.problems) == ({"rds.yaml": HOSTS.encode() + b"]"}, ())


def test_a_config_map_that_goes_keeps_its_files_and_is_told() -> None:
    kept, weights = keeper(), split(a=2, b=3)
    first = kept.take(heard(TEMPLATE, weights))
    outcome = kept.take(heard(ABSENT, weights))
    assert outcome.files is first.files
    assert (codes(outcome), outcome.lacking) == (["config-map-gone"], ())


def test_a_config_map_that_never_was_there_lacks() -> None:
    outcome = keeper().take(heard(ABSENT, split(a=2, b=3)))
    assert (outcome.files, codes(outcome)[0], outcome.lacking) == ({}, "config-map-missing", ("xds",))
    assert not outcome.waiting


def test_a_config_map_without_data_lacks_and_leaves_what_it_had() -> None:
    kept, weights = keeper(), split(a=2, b=3)
    assert kept.take(heard(config_map({}), weights)).lacking == ("xds",)
    kept.take(heard(TEMPLATE, weights))
    outcome = kept.take(heard(config_map(None), weights))
    assert outcome.notices == (
        "ConfigMap xds has no key cds.yaml any more; the file stays as it is",
        "ConfigMap xds has no key rds.yaml any more; the file stays as it is",
    )
    assert "config-map-empty" in codes(outcome)
    assert kept.take(heard(config_map(None), weights)).notices == ()


def test_the_first_config_map_wins_a_key_and_the_second_has_it_when_it_goes() -> None:
    kept = Keeper(options("one", "two"), standing=frozenset())
    two = config_map({"k": "two", "other": "two"}, name="two")
    outcome = kept.take(heard({"one": config_map({"k": "one"}, name="one"), "two": two}))
    assert (outcome.files, codes(outcome)) == ({"k": b"one", "other": b"two"}, ["duplicate-file"])
    outcome = kept.take(heard({"one": config_map({"l": "one"}, name="one"), "two": two}))
    assert (outcome.files, outcome.notices) == ({"l": b"one", "k": b"two", "other": b"two"}, ())


def test_groups_are_wanted_once_a_split_names_them_and_waited_for() -> None:
    """Else the weights would be the template's for a moment."""
    kept = keeper()
    first = kept.take(heard(TEMPLATE, split(a=2, b=3)))
    assert first.groups == ()
    weights = split(a=4, b=5, groups=("group",))
    outcome = kept.take(heard(TEMPLATE, weights))
    assert (outcome.groups, outcome.files) == (("group",), first.files)
    outcome = kept.take(heard(TEMPLATE, weights, group("/a")))
    assert outcome.files["rds.yaml"] == HOSTS.encode().replace(
        b"a, weight: 1}, {name: b, weight: 1", b"a, weight: 4}, {name: b, weight: 5", 1
    )


@pytest.mark.parametrize("nothing", [ABSENT, FORBIDDEN])
def test_by_a_group_that_may_not_be_seen_nothing_is_split(nothing: Seen) -> None:
    outcome = keeper().take(heard(TEMPLATE, split(a=4, b=5, groups=("group",)), nothing))
    assert outcome.files["rds.yaml"] == HOSTS.encode()
    assert "split-without-group" in codes(outcome)


def test_a_group_that_is_deleted_goes_on_counting() -> None:
    kept, weights = keeper(), split(a=4, b=5, groups=("group",))
    first = kept.take(heard(TEMPLATE, weights, group("/a")))
    assert kept.take(heard(TEMPLATE, weights, ABSENT)).files is first.files


def test_what_is_to_be_shown_in_the_cluster_has_all_keys_with_the_weights() -> None:
    kept = keeper(publish=True)
    (shown,) = kept.take(heard(TEMPLATE, split(a=2, b=3))).generated
    assert (shown.name, shown.data) == ("xds-gen", {"rds.yaml": hosts(2, 3).decode(), "cds.yaml": "a: b"})
    assert kept.take(heard(config_map({}), split(a=2, b=3))).generated == ()
    assert keeper().take(heard(TEMPLATE, split(a=2, b=3))).generated == ()


def test_what_was_written_here_is_followed_although_the_split_broke_before_it_was_ever_whole() -> None:
    kept = keeper("rds.yaml")
    kept.take(heard(TEMPLATE, ABSENT))
    outcome = kept.take(heard(config_map({"rds.yaml": HOSTS + "#"}), split(a="many", b=3)))
    assert outcome.files == {"rds.yaml": HOSTS.encode() + b"#"}


def test_a_key_that_comes_late_gets_the_last_good_weights_whatever_stands_there() -> None:
    kept = keeper("late.yaml")
    kept.take(heard(TEMPLATE, split(a=2, b=3)))
    outcome = kept.take(heard(config_map({"late.yaml": HOSTS}), split(a="many", b=3)))
    assert outcome.files == {"late.yaml": hosts(2, 3)}


def test_what_is_wrong_with_one_split_of_two_config_maps_is_told_once() -> None:
    kept = Keeper(options("one", "two", one=("web",), two=("web",)), standing=frozenset())
    maps = {name: config_map({f"{name}.yaml": HOSTS}, name=name) for name in ("one", "two")}
    outcome = kept.take(heard(maps, split(a=-1, b=3)))
    assert codes(outcome) == ["invalid-weight"]
    assert outcome.files == {"one.yaml": HOSTS.encode(), "two.yaml": HOSTS.encode()}
