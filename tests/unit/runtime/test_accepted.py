from __future__ import annotations

import json
from typing import Any

from legation.model.resource_types import CLUSTER, LISTENER
from legation.model.snapshot import Collection, collect
from legation.runtime.accepted import RECORDS, VERSIONS, AcceptedVersions
from tests.small_world import static_cluster


def clusters(**versions: int) -> Collection:
    return collect(CLUSTER, [static_cluster(name, version) for name, version in versions.items()])


def save(accepted: AcceptedVersions, records: dict[str, Any]) -> dict[str, Any]:
    changes = json.loads(json.dumps(dict(accepted.take_changes())))
    records |= changes
    for name in [name for name, value in records.items() if value is None]:
        del records[name]
    return dict(changes)


def test_a_version_tells_the_names_that_it_stood_for() -> None:
    """By group and type; what nobody accepted is not known."""
    accepted = AcceptedVersions()
    both = clusters(a=1, b=1)
    accepted.remember("shop", both)

    assert accepted.names("shop", CLUSTER, both.version) == frozenset({"a", "b"})
    assert accepted.names("shop", LISTENER, both.version) is None
    assert accepted.names("other", CLUSTER, both.version) is None
    assert accepted.names("shop", CLUSTER, "unknown") is None


def test_it_outlives_a_restart() -> None:
    """Every version that is still remembered."""
    accepted, records = AcceptedVersions(), dict[str, Any]()
    earlier, later = clusters(a=1, b=1), clusters(a=2)
    accepted.remember("shop", earlier)
    save(accepted, records)
    accepted.remember("shop", later)
    save(accepted, records)
    again = AcceptedVersions(records)

    assert again.names("shop", CLUSTER, earlier.version) == frozenset({"a", "b"})
    assert again.names("shop", CLUSTER, later.version) == frozenset({"a"})
    assert again.take_changes() == {}


def test_the_names_are_saved_once_for_all_versions_that_have_them() -> None:
    """A changed resource costs the version, not the list."""
    accepted, records = AcceptedVersions(), dict[str, Any]()
    accepted.remember("shop", clusters(a=1, b=1))
    assert len(save(accepted, records)) == 2
    accepted.remember("shop", clusters(a=2, b=1))

    assert list(save(accepted, records)) == ["accepted Cluster shop"]


def test_old_versions_are_forgotten_with_their_names() -> None:
    """The last few are enough: a client that is further behind is a stranger."""
    accepted, records = AcceptedVersions(), dict[str, Any]()
    first = clusters(first=1)
    accepted.remember("shop", first)
    for number in range(VERSIONS):
        save(accepted, records)
        accepted.remember("shop", clusters(a=number))
    save(accepted, records)

    assert accepted.names("shop", CLUSTER, first.version) is None
    assert len(records) == 2
    assert len(records["accepted Cluster shop"]) == VERSIONS


def test_a_version_accepted_again_is_the_last_one() -> None:
    """What a rollback brought back is not the first to be forgotten."""
    accepted = AcceptedVersions()
    first = clusters(first=1)
    accepted.remember("shop", first)
    for number in range(VERSIONS - 1):
        accepted.remember("shop", clusters(a=number))
    accepted.remember("shop", first)
    accepted.remember("shop", clusters(a=VERSIONS))

    assert accepted.names("shop", CLUSTER, first.version) == frozenset({"first"})


def test_the_same_acceptance_again_changes_nothing() -> None:
    """A thousand Envoys of a group accept the same."""
    accepted = AcceptedVersions()
    assert accepted.remember("shop", clusters(a=1))
    accepted.take_changes()

    assert not accepted.remember("shop", clusters(a=1))
    assert accepted.take_changes() == {}


def test_groups_that_are_gone_are_forgotten_in_the_end() -> None:
    """Those that came and went; one whose Envoys still come and accept what they have already is not."""
    accepted, records = AcceptedVersions(), dict[str, Any]()
    content = clusters(a=1)
    accepted.remember("stays", content)
    accepted.remember("gone", content)
    for number in range(RECORDS - 1):
        save(accepted, records)
        accepted.remember("stays", content)
        accepted.remember(f"group-{number}", content)
    save(accepted, records)

    assert accepted.names("stays", CLUSTER, content.version) == frozenset({"a"})
    assert accepted.names("gone", CLUSTER, content.version) is None
    assert len(records) == RECORDS + 1
    assert "accepted Cluster gone" not in records
