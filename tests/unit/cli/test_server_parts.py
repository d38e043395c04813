"""What the settings of a server mean for who gets what, and what is doubtful about them."""

from __future__ import annotations

import pytest

from legation.cli.server_parts import doubts, rules
from legation.model.problems import Level
from legation.runtime.admission import Rules
from legation.settings import Cluster, Settings


def test_the_rules_are_the_strict_ones_where_nothing_is_set() -> None:
    assert rules(Settings()) == Rules()
    assert list(doubts(Settings())) == []


def test_the_settings_of_a_cluster_say_who_gets_what() -> None:
    found = rules(Settings(cluster=Cluster(peer_check="none", cross_namespace="allow")))
    assert found == Rules(check_peer=False, across_namespaces=True)


@pytest.mark.parametrize("kubernetes", [True, False])
def test_the_rule_of_any_label_is_for_virtual_services_and_a_standing_warning(kubernetes: object) -> None:
    """Wherever objects come from."""
    found = Settings(cluster=Cluster(l7mp_matching="any", kubernetes=bool(kubernetes)))
    assert rules(found).any_label == {("servicemesh.l7mp.io", "VirtualService")}
    (problem,) = doubts(found)
    assert (problem.code, problem.level) == ("any-label", Level.WARNING)
    assert "--l7mp-matching all" in problem.mend
