"""ReferenceGrants: every pair of who may and what."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from legation.model.cluster import Cluster, Grant
from legation.sources.kubernetes.grants import GRANTS, GrantReader, read_grants
from tests.unit.sources.kubernetes.api_objects import Told, metadata, raw

CLUSTERS = {"group": "bootes.io", "kind": "Cluster", "namespace": "shop"}
PODS = {"group": "", "kind": "Pod", "namespace": "shop"}


def grant(*froms: dict[str, str], to: tuple[dict[str, str], ...], name: str = "grant") -> dict[str, Any]:
    return {"metadata": metadata(name, "bank"), "spec": {"from": [*froms], "to": [*to]}}


def of(each: dict[str, str], kind: str, name: str = "") -> Grant:
    return Grant(
        from_group=each["group"],
        from_kind=each["kind"],
        from_namespace=each["namespace"],
        to_namespace="bank",
        to_kind=kind,
        to_name=name,
    )


def test_each_pair_is_a_grant_for_its_own_namespace() -> None:
    value = grant(CLUSTERS, PODS, to=({"group": "", "kind": "Service", "name": "db"}, {"kind": "Secret"}))
    assert read_grants(raw(value)) == {
        of(CLUSTERS, "Service", "db"),
        of(PODS, "Service", "db"),
        of(CLUSTERS, "Secret"),
        of(PODS, "Secret"),
    }


def test_what_is_not_of_the_core_is_no_business_here() -> None:
    """A Service of another API group is none."""
    assert read_grants(raw(grant(CLUSTERS, to=({"group": "serving.knative.dev", "kind": "Service"},)))) == frozenset()


@pytest.mark.parametrize("spec", [None, {"from": "everybody"}, {"from": [], "to": [{"name": 3}]}])
def test_what_is_no_grant_is_not_read(spec: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_grants(raw({"metadata": metadata("grant", "bank"), "spec": spec}))


def test_an_empty_one_allows_nothing() -> None:
    assert read_grants(raw({"metadata": metadata("grant", "bank"), "spec": {}})) == frozenset()


def test_grants_come_change_and_go_and_a_pair_may_stand_in_several() -> None:
    reader = GrantReader(namespaces=("bank",))
    assert [(each.kind, each.namespaces) for each in reader.watched] == [(GRANTS, ("bank",))]
    told = Told(reader)
    services = grant(CLUSTERS, to=({"group": "", "kind": "Service"},))
    assert told.put("ReferenceGrant", services)
    assert not told.put("ReferenceGrant", {**services, "metadata": metadata("another", "bank")})
    assert not told.gone("ReferenceGrant", "another", "bank")
    assert reader.apply(Cluster()).grants == {of(CLUSTERS, "Service")}
    assert told.put("ReferenceGrant", grant(PODS, to=({"group": "", "kind": "Service"},)))
    assert reader.apply(Cluster()).grants == {of(PODS, "Service")}
    assert told.gone("ReferenceGrant", "grant", "bank")
    assert reader.apply(Cluster()).grants == frozenset()
    assert not told.gone("ReferenceGrant", "never-read", "bank")
