"""Which files follow from what was heard, and what stays of what is gone or broken."""

from __future__ import annotations

import sys

import pytest

from legation.crossover.keeper import Heard, Keeper, Outcome
from legation.crossover.splits import Seen
from legation.model.objects import ManifestObject
from tests.unit.crossover.objects import (
    ABSENT,
    HOSTS,
    config_map,
    group,
    heard,
    hosts,
    options,
    split,
)


def keeper(*standing: str, publish: bool = False, remembered: tuple[ManifestObject, ...] = ()) -> Keeper:
    """Return a keeper of one ConfigMap with one TrafficSplit."""
    return Keeper(options("xds", xds=("web",), publish=publish), standing=frozenset(standing), remembered=remembered)


def codes(outcome: Outcome) -> list[str]:
    """Return the codes of the problems."""
    return [each.code for each in outcome.problems]


def lacks(outcome: Outcome) -> list[tuple[str, bool]]:
    """Return the ConfigMaps of which not all can be written, and whether files stand in their place."""
    return [(each.name, each.stands) for each in outcome.lacks]


def manifests(*seen: Seen) -> tuple[ManifestObject, ...]:
    """Return the objects that were seen, as they are remembered."""
    return tuple(each.kept.manifest for each in seen if each.kept is not None)


NOTHING = Seen()
TEMPLATE = config_map({"rds.yaml": HOSTS, "cds.yaml": "a: b"})


@pytest.mark.parametrize("nothing", [None, NOTHING])
def test_what_a_split_may_change_waits_until_it_was_heard_of(nothing: Seen | None) -> None:
    kept = keeper()
    outcome = kept.take(heard(TEMPLATE, nothing))
    assert (outcome.files, lacks(outcome)) == ({"cds.yaml": b"a: b"}, [("xds", False)])
    assert outcome.lacks[0].words.startswith(
        "ConfigMap shop/xds: rds.yaml is not written yet, for TrafficSplit web was not heard of"
    )
    outcome = kept.take(heard(TEMPLATE, split(a=2, b=3)))
    assert outcome.files == {"rds.yaml": hosts(2, 3), "cds.yaml": b"a: b"}
    assert (outcome.lacks, outcome.problems) == ((), ())


def test_what_stands_there_stays_until_the_split_was_heard_of() -> None:
    outcome = keeper("rds.yaml", "cds.yaml").take(heard(TEMPLATE))
    assert (outcome.files, lacks(outcome)) == ({"cds.yaml": b"a: b"}, [("xds", True)])
    assert "rds.yaml stays as it stands, for TrafficSplit web was not heard of" in outcome.lacks[0].words


@pytest.mark.parametrize(("standing", "stands"), [((), False), (("rds.yaml",), True)])
@pytest.mark.parametrize("seen", [NOTHING, ABSENT, config_map({})])
def test_a_config_map_that_cannot_be_had_lacks_unless_files_stand_there(
    seen: Seen, standing: tuple[str, ...], *, stands: bool
) -> None:
    """Whose they are nobody can say who has not seen it."""
    outcome = keeper(*standing).take(heard(seen, split(a=2, b=3)))
    assert (outcome.files, lacks(outcome)) == ({}, [("xds", stands)])


def test_files_of_one_config_map_do_not_stand_for_another() -> None:
    kept = Keeper(options("one", "two"), standing=frozenset({"k"}))
    one = config_map({"k": "one"}, name="one")
    assert lacks(kept.take(heard({"one": one, "two": NOTHING}))) == [("two", False)]


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


@pytest.mark.parametrize("standing", [(), ("rds.yaml", "cds.yaml")])
@pytest.mark.parametrize("bad", [split(a="many", b=3), split(a=0, b=0), Seen(answered=True, unreadable="too deep")])
def test_where_no_split_was_ever_whole_the_weights_are_the_templates(bad: Seen, standing: tuple[str, ...]) -> None:
    outcome = keeper(*standing).take(heard(TEMPLATE, bad))
    assert outcome.files == {"rds.yaml": HOSTS.encode(), "cds.yaml": b"a: b"}
    assert (outcome.lacks, len(outcome.problems)) == ((), 1)


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
    (problem,) = outcome.problems
    assert (problem.code, problem.level) == ("yaml-syntax", "error")
    assert problem.message.startswith("line 8 of the file: ")
    assert problem.message.endswith("; its last good content stays")


def test_a_key_that_was_empty_keeps_that() -> None:
    kept, weights = keeper("rds.yaml"), split(a=2, b=3)
    assert kept.take(heard(config_map({"rds.yaml": ""}), weights)).files == {"rds.yaml": b""}
    assert kept.take(heard(config_map({"rds.yaml": HOSTS + "]"}), weights)).files == {"rds.yaml": b""}


def test_a_key_that_never_could_be_read_is_written_where_nothing_stands() -> None:
    broken, weights = config_map({"rds.yaml": HOSTS + "]"}), split(a=2, b=3)
    outcome = keeper().take(heard(broken, weights))
    assert outcome.files == {"rds.yaml": HOSTS.encode() + b"]"}
    (problem,) = outcome.problems
    assert (problem.level, problem.message.rpartition("; ")[2]) == (
        "warning",
        "it is written as it is, without the weights of the splits",
    )
    outcome = keeper("rds.yaml").take(heard(broken, weights))
    assert (outcome.files, outcome.lacks) == ({}, ())
    (problem,) = outcome.problems
    assert (problem.level, problem.message.rpartition("; ")[2]) == ("error", "the file stays as it stands")


def test_what_was_in_keys_that_are_gone_is_forgotten_and_their_files_stay() -> None:
    """Else the program would grow with each name that ever was."""
    kept, weights = keeper(), split(a=2, b=3)
    kept.take(heard(config_map({"old.yaml": HOSTS, "rds.yaml": HOSTS}), weights))
    content = kept.take(heard(config_map({"old.yaml": HOSTS, "rds.yaml": HOSTS}), weights)).files["old.yaml"]
    kept.take(heard(config_map({"rds.yaml": HOSTS}), weights))
    assert sys.getrefcount(content) == 2
    # When it comes back and cannot be read, the file is as it was.
    outcome = kept.take(heard(config_map({"old.yaml": HOSTS + "]", "rds.yaml": HOSTS}), weights))
    assert (set(outcome.files), outcome.lacks) == ({"rds.yaml"}, ())


def test_without_splits_nothing_is_parsed() -> None:
    kept = Keeper(options("xds"), standing=frozenset({"rds.yaml"}))
    outcome = kept.take(heard(config_map({"rds.yaml": HOSTS + "]"})))
    assert (outcome.files, outcome.problems) == ({"rds.yaml": HOSTS.encode() + b"]"}, ())


def test_a_config_map_that_goes_keeps_its_files_and_is_told() -> None:
    kept, weights = keeper(), split(a=2, b=3)
    first = kept.take(heard(TEMPLATE, weights))
    outcome = kept.take(heard(ABSENT, weights))
    assert outcome.files is first.files
    assert (codes(outcome), outcome.lacks) == (["config-map-gone"], ())


def test_a_config_map_that_never_was_there_lacks() -> None:
    outcome = keeper().take(heard(ABSENT, split(a=2, b=3)))
    assert (outcome.files, codes(outcome)[0], lacks(outcome)) == ({}, "config-map-missing", [("xds", False)])
    assert outcome.lacks[0].problem is None


def test_a_config_map_that_is_emptied_keeps_its_files_and_its_names() -> None:
    kept, two = Keeper(options("one", "two"), standing=frozenset()), config_map({"k": "two"}, name="two")
    outcome = kept.take(heard({"one": config_map({}, name="one"), "two": two}))
    assert (outcome.files, codes(outcome), lacks(outcome)) == ({"k": b"two"}, ["config-map-empty"], [("one", False)])
    first = kept.take(heard({"one": config_map({"k": "one"}, name="one"), "two": two}))
    outcome = kept.take(heard({"one": config_map(None, name="one"), "two": two}))
    assert outcome.files is first.files
    assert (codes(outcome), outcome.lacks) == (["config-map-empty", "duplicate-file"], ())
    outcome = kept.take(heard({"one": config_map({"l": "one"}, name="one"), "two": two}))
    assert outcome.files == {"k": b"two", "l": b"one"}


def test_keys_that_go_leave_their_files_and_are_told_once() -> None:
    kept, weights = keeper(), split(a=2, b=3)
    kept.take(heard(TEMPLATE, weights))
    fewer = config_map({"rds.yaml": HOSTS})
    assert kept.take(heard(fewer, weights)).notices == (
        "ConfigMap xds has no key cds.yaml any more; the file stays as it is",
    )
    assert kept.take(heard(fewer, weights)).notices == ()


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


def test_by_a_group_that_is_not_there_nothing_is_split() -> None:
    outcome = keeper().take(heard(TEMPLATE, split(a=4, b=5, groups=("group",)), ABSENT))
    assert outcome.files["rds.yaml"] == HOSTS.encode()
    assert "split-without-group" in codes(outcome)


def test_a_group_that_nobody_tells_of_is_waited_for() -> None:
    outcome = keeper().take(heard(TEMPLATE, split(a=4, b=5, groups=("group",)), NOTHING))
    assert "rds.yaml" not in outcome.files
    assert "for HTTPRouteGroup group was not heard of" in outcome.lacks[0].words


def test_a_group_that_is_deleted_goes_on_counting() -> None:
    kept, weights = keeper(), split(a=4, b=5, groups=("group",))
    first = kept.take(heard(TEMPLATE, weights, group("/a")))
    assert kept.take(heard(TEMPLATE, weights, ABSENT)).files is first.files


def test_what_is_to_be_shown_in_the_cluster_has_all_keys_with_the_weights() -> None:
    kept = keeper(publish=True)
    (shown,) = kept.take(heard(TEMPLATE, split(a=2, b=3))).generated
    assert (shown.name, shown.data) == ("xds-gen", {"rds.yaml": hosts(2, 3).decode(), "cds.yaml": "a: b"})
    (stays,) = kept.take(heard(config_map({}), split(a=2, b=3))).generated
    assert stays.data == shown.data
    assert keeper(publish=True).take(heard(config_map({}), split(a=2, b=3))).generated == ()
    assert keeper().take(heard(TEMPLATE, split(a=2, b=3))).generated == ()


def test_a_split_of_which_no_file_of_its_config_map_speaks_is_told_with_the_config_map() -> None:
    kept = Keeper(options("one", "two", one=("web",), two=("other",)), standing=frozenset())
    maps = {"one": config_map({"a": "virtual_hosts: []"}, name="one"), "two": config_map({"b": HOSTS}, name="two")}
    told = kept.take(Heard(config_maps=maps, splits={"web": split(a=2, b=3), "other": ABSENT})).problems
    assert "no virtual host in ConfigMap shop/one is named" in str([str(each) for each in told])


# ---------------------------------------------------------------------------------------------- what is remembered


@pytest.mark.parametrize(
    "now", [NOTHING, ABSENT, split(a="many", b=3), split(a=0, b=0), Seen(answered=True, unreadable="nested too deep")]
)
def test_after_a_start_anew_the_last_weights_go_on_counting(now: Seen) -> None:
    kept = keeper("rds.yaml", remembered=manifests(split(a=2, b=3)))
    outcome = kept.take(heard(config_map({"rds.yaml": HOSTS + "# new\n"}), now))
    assert (outcome.files, outcome.lacks) == ({"rds.yaml": hosts(2, 3) + b"# new\n"}, ())
    assert not any("as they are written" in each.message for each in outcome.problems)
    assert kept.take(heard(TEMPLATE, split(a=4, b=5))).files["rds.yaml"] == hosts(4, 5)


@pytest.mark.parametrize("now", [NOTHING, ABSENT, Seen(answered=True, unreadable="nested too deep")])
def test_after_a_start_anew_the_last_groups_go_on_counting(now: Seen) -> None:
    weights = split(a=4, b=5, groups=("group",))
    before = keeper().take(heard(TEMPLATE, weights, group("/a")))
    kept = keeper(remembered=before.in_force)
    for each in (NOTHING, weights):
        outcome = kept.take(heard(TEMPLATE, each, now))
        assert (outcome.files, outcome.groups) == (before.files, ("group",))


def test_what_is_remembered_is_what_counts() -> None:
    """Not what is newest and waits for a group that nobody tells of."""
    kept, first = keeper(), split(a=2, b=3)
    assert kept.take(heard(TEMPLATE)).in_force == ()
    assert kept.take(heard(TEMPLATE, first)).in_force == manifests(first)
    waits = split(a=4, b=5, groups=("group",))
    assert kept.take(heard(TEMPLATE, waits, NOTHING)).in_force == manifests(first)
    again = keeper(remembered=manifests(first)).take(heard(TEMPLATE, waits, NOTHING))
    assert again.files["rds.yaml"] == hosts(2, 3)


def test_what_is_large_and_new_takes_long() -> None:
    kept, large = keeper(), config_map({"rds.yaml": HOSTS + "#" * 200_000})
    assert kept.is_heavy(heard(large))
    kept.take(heard(large))
    assert not kept.is_heavy(heard(large))
    assert not kept.is_heavy(heard(TEMPLATE))
    assert not Keeper(options("xds"), standing=frozenset()).is_heavy(heard(large))


def test_what_is_wrong_with_one_split_of_two_config_maps_is_told_once() -> None:
    kept = Keeper(options("one", "two", one=("web",), two=("web",)), standing=frozenset())
    maps = {name: config_map({f"{name}.yaml": HOSTS}, name=name) for name in ("one", "two")}
    outcome = kept.take(heard(maps, split(a=-1, b=3)))
    assert codes(outcome) == ["invalid-weight"]
    assert outcome.files == {"one.yaml": HOSTS.encode(), "two.yaml": HOSTS.encode()}
