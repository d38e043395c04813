"""What an Envoy was sent beside what it says that it has."""

from __future__ import annotations

from typing import Any

from legation.cli.held import Held, Holding, held
from legation.envoy.config_dump import Dumped, DumpState, normal
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    RUNTIME,
    ResourceType,
)


def sent(name: str, row: ResourceType = CLUSTER, *, state: str = "accepted", json: Any = ..., **fields: Any) -> Any:
    own = {"@type": row.url, row.name_field: name, **fields} if json is ... else json
    return {"type": row.name, "name": name, "state": state, "json": own, "accepted": "1", "version": "1"}


def there(
    name: str, row: ResourceType = CLUSTER, state: DumpState = DumpState.ACTIVE, details: str = "", **fields: Any
) -> Dumped:
    json = None if state is DumpState.REFUSED else normal({"@type": row.url, row.name_field: name, **fields})
    return Dumped(type=row, name=name, state=state, json=json, details=details)


def one(found: list[Held]) -> Held:
    (only,) = found
    return only


def test_the_same_on_both_sides_is_no_difference() -> None:
    found = one(held([sent("web", connect_timeout="1s")], [there("web", connect_timeout="1.0s")]))
    assert (found.holding, found.differs, found.states) == (Holding.SAME, False, ("active",))


def test_a_field_that_differs_is_told() -> None:
    found = one(held([sent("web", connect_timeout="1s")], [there("web", connect_timeout="2s")]))
    assert found.holding is Holding.DIFFERENT
    assert [(each.path, each.old, each.new) for each in found.fields] == [(("connect_timeout",), "1s", "2s")]


def test_what_only_one_side_has_is_told() -> None:
    found = held([sent("ours")], [there("theirs"), there("static", state=DumpState.STATIC)])
    assert [(each.name, each.holding) for each in found] == [
        ("ours", Holding.ONLY_HERE),
        ("theirs", Holding.ONLY_THERE),
    ]


def test_what_is_refused_differs_though_the_version_before_is_there() -> None:
    found = one(held([sent("web", state="refused")], [there("web")]))
    assert (found.holding, found.refuses, found.differs) == (Holding.SAME, True, True)
    found = one(held([sent("web", state="refused", json=None)], [there("web", state=DumpState.REFUSED, details="no")]))
    assert (found.holding, found.details) == (Holding.ONLY_HERE, "no")


def test_a_listener_that_drains_is_none_that_it_has() -> None:
    assert held([], [there("old", LISTENER, DumpState.DRAINING)]) == []
    found = one(held([sent("front", LISTENER)], [there("front", LISTENER, DumpState.DRAINING)]))
    assert found.holding is Holding.ONLY_HERE


def test_of_a_version_that_warms_and_the_one_before_either_may_be_what_was_accepted() -> None:
    warming = there("web", state=DumpState.WARMING, connect_timeout="2s")
    found = one(held([sent("web", connect_timeout="2s")], [there("web", connect_timeout="1s"), warming]))
    assert (found.holding, found.states) == (Holding.SAME, ("active", "warming"))


def test_types_of_which_no_dump_tells_are_no_difference() -> None:
    assert one(held([sent("layer", RUNTIME)], [])).holding is Holding.NOT_DUMPED


def test_hosts_matter_where_they_come_by_eds_alone() -> None:
    """Envoy dumps those of every other cluster, too; and nothing of an assignment without hosts."""
    row = CLUSTER_LOAD_ASSIGNMENT
    host = {"endpoint": {"address": {"socket_address": {"address": "10.0.0.1", "port_value": 80}}}}
    hosts = [{"lb_endpoints": [host]}]
    clusters = [sent("fixed", type="STATIC"), sent("web", type="EDS")]
    at_envoy = [there("fixed", type="STATIC"), there("web", type="EDS")]
    found = held(clusters, [*at_envoy, there("fixed", row, endpoints=hosts), there("web", row, endpoints=hosts)])
    assert [(each.type, each.name, each.holding) for each in found if each.differs] == [
        ("ClusterLoadAssignment", "web", Holding.ONLY_THERE)
    ]
    assert not any(each.differs for each in held([*clusters, sent("web", row)], at_envoy))


def test_what_comes_as_resources_of_its_own_is_no_difference_of_what_holds_it() -> None:
    row, hosts = CLUSTER_LOAD_ASSIGNMENT, [{"endpoint": {"address": {"pipe": {"path": "/a"}}}}]
    leds = {"leds_collection_name": "xdstp://a/b/*", "leds_config": {"ads": {}}}
    local = sent("web", row, endpoints=[{"leds_cluster_locality_config": leds}])
    assert not one(held([local], [there("web", row, endpoints=[{"lb_endpoints": hosts}])])).differs

    row = ROUTE_CONFIGURATION
    vhds: dict[str, Any] = {"config_source": {"ads": {}}}
    route = sent("colours", row, vhds=vhds)
    found = one(held([route], [there("colours", row, vhds=vhds, virtual_hosts=[{"name": "a", "domains": ["*"]}])]))
    assert not found.differs
    found = one(held([route], [there("colours", row, vhds=vhds, request_headers_to_remove=["a"])]))
    assert found.differs


def test_what_one_side_does_not_show_cannot_be_compared() -> None:
    unknown = {"name": "x", "typed_config": {"@type": "type.googleapis.com/a.B", "value": "[redacted]"}}
    opened = {"name": "x", "typed_config": {"@type": "type.googleapis.com/a.B", "field": 1}}
    record = sent("web", transport_socket=unknown)
    at_envoy = Dumped(
        type=CLUSTER, name="web", state=DumpState.ACTIVE, json={**record["json"], "transport_socket": opened}
    )
    assert not one(held([record], [at_envoy])).differs
