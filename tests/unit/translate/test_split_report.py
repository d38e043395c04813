from __future__ import annotations

from legation.translate.split_claims import Claims
from legation.translate.split_report import SplitReport, unmet
from legation.translate.weighted_clusters import Outcome
from tests.unit.translate.splits import notes, split


def test_each_thing_is_told_once_with_where_it_is() -> None:
    (claim,) = Claims.of(notes(split(weights={"a": 1, "b": 2}))).by_host["podinfo"]
    report = SplitReport("file rds.yaml")
    for where in ("routes[0]", "routes[1]", "routes[2]", "routes[3]", "routes[4]"):
        report.found(claim, where, wide=False)
        report.split(claim, Outcome(named=frozenset({0}), unnamed=("x", "")), where)

    assert report.met == {claim.manifest.key}
    unknown, unnamed = report.problems()
    assert unknown.path == ("spec", "backends", 1)
    assert unknown.message == 'no route of file rds.yaml that is split has a cluster "b"'
    assert unnamed.message == (
        'clusters that are no backends keep their weights: "x", one that a header names, '
        "in routes[0], routes[1], routes[2] and 2 more of file rds.yaml"
    )


def test_a_backend_whose_name_has_a_slip_is_taken_for_the_cluster_that_is_left() -> None:
    (claim,) = Claims.of(notes(split(weights={"blue": 1, "gren": 2, "red": 3}))).by_host["podinfo"]
    report = SplitReport("")
    report.found(claim, "routes[0]", wide=False)
    report.split(claim, Outcome(named=frozenset({0}), unnamed=("green", "")), "routes[0]")

    slip, other, _ = report.problems()
    assert slip.mend == 'did you mean "green"?'
    assert other.mend.startswith("add it to the weighted_clusters")


def test_how_to_mend_zeros_says_what_is_missing() -> None:
    (claim,) = Claims.of(notes(split(weights={"blue": 0, "green": 1}))).by_host["podinfo"]
    report = SplitReport("")
    report.found(claim, "routes[0]", wide=False)
    report.split(claim, Outcome(named=frozenset({0}), all_zero=True), "routes[0]")

    zero, _ = report.problems()
    assert zero.code == "split-all-zero"
    assert zero.mend.startswith("add a backend that has a weight")


def test_every_problem_says_how_to_mend_it() -> None:
    first, second = Claims.of(notes(split(weights={"a": 1}), split("b", weights={"a": 1}))).by_host["podinfo"]
    report = SplitReport("")
    report.found(first, "routes[0]", wide=True)
    report.found_plain(second, "virtual_hosts[0]")
    report.lost(second, first, "routes[0]")
    report.split(first, Outcome(unnamed=("x",), twice=("a",), all_zero=True), "routes[0]")
    problems = list(report.problems())

    assert {each.code for each in problems} == {
        "split-all-zero",
        "split-backend-unknown",
        "split-cluster-twice",
        "split-cluster-unnamed",
        "split-conflict",
        "split-route-too-wide",
        "split-without-weights",
    }
    assert all(each.mend and not each.message.endswith(".") for each in problems)


def test_who_met_nothing_is_told() -> None:
    claims = Claims.of(notes(split(weights={"a": 1}), split("b", groups=("gone",), weights={"a": 1})))
    key = claims.by_host["podinfo"][0].manifest.key
    group, host = unmet(claims, frozenset())
    assert [group.code, host.code] == ["split-without-group", "split-without-host"]
    assert '"gone" in namespace default' in group.message
    assert 'in namespace default is named "podinfo"' in host.message
    assert [each.code for each in unmet(claims, frozenset({key}))] == ["split-without-group"]


def test_who_met_nothing_is_told_with_what_was_looked_through() -> None:
    claims = Claims.of(notes(split(weights={"a": 1})))
    (host,) = unmet(claims, frozenset(), where=["ConfigMap default/a", "ConfigMap default/b"])
    assert 'no virtual host in ConfigMap default/a, ConfigMap default/b is named "podinfo"' in host.message
    # Where not all could be looked through nobody knows.
    assert not list(unmet(claims, None))
