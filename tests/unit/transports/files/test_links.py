"""References made of the paths in what people wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from legation.envoy import codec
from legation.model.resource import EVERY, Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE,
)
from legation.transports.files.file_set import FileSet, PlannedFile
from legation.transports.files.links import Links, referring
from tests.small_world import route, snapshot, static_cluster
from tests.unit.envoy.configs import ROUTER, cluster, hcm, listener


def at(path: str) -> dict[str, Any]:
    return {"resource_api_version": "V3", "path_config_source": {"path": path}}


def made(json: dict[str, Any]) -> Resource:
    resource = codec.encode(json).resource
    assert resource is not None
    return resource


LISTENS = made(listener(hcm(ROUTER, rds={"route_config_name": "web", "config_source": at("/etc/envoy/rds.json")})))


def files(**members: Resource) -> FileSet:
    planned = {f"{name}.json": PlannedFile(members=((each.type, each.name),)) for name, each in members.items()}
    return FileSet(snapshot=snapshot(*members.values()), files=planned)


def test_who_takes_something_from_a_file_of_the_set_refers_to_what_is_in_it() -> None:
    made = files(lds=LISTENS, rds=route("web"))
    linked = Links().link(made)
    assert [each.refers_to(ROUTE_CONFIGURATION) for each in linked.snapshot[LISTENER]] == [{"web"}]
    assert linked.snapshot[ROUTE_CONFIGURATION] is made.snapshot[ROUTE_CONFIGURATION]
    assert linked.files is made.files
    assert not LISTENS.references


def test_who_names_a_file_that_is_expected_lacks_it() -> None:
    made = replace(files(lds=LISTENS), expected=frozenset({"rds.json", "other.json"}))
    linked = Links().link(made)
    assert linked.lacking == {(LISTENER, LISTENS.name): {"rds.json"}}
    assert linked.snapshot is made.snapshot
    assert linked.expected == made.expected
    assert not Links().link(files(lds=LISTENS, rds=route("web"))).lacking


def test_what_was_in_a_file_that_is_gone_is_named_still() -> None:
    """Envoy keeps it as long as somebody names that file."""
    links = Links()
    links.link(files(lds=LISTENS, rds=route("web")))
    linked = links.link(files(lds=LISTENS))
    assert [each.refers_to(ROUTE_CONFIGURATION) for each in linked.snapshot[LISTENER]] == [{"web"}]
    assert not linked.lacking


def test_files_of_others_are_no_references() -> None:
    made = files(lds=LISTENS, other=route("web"))
    assert Links().link(made).snapshot is made.snapshot


def test_the_end_of_the_path_counts_in_whole_parts() -> None:
    planned = PlannedFile(members=((ROUTE_CONFIGURATION, "web"),))
    for name, found in (("envoy/rds.json", True), ("ds.json", False), ("rds.json", True)):
        file_set = FileSet(snapshot=snapshot(LISTENS, route("web")), files={name: planned})
        assert bool(next(iter(Links().link(file_set).snapshot[LISTENER])).references) is found, name


def test_nothing_new_is_the_same_object() -> None:
    links = Links()
    first, again = (links.link(files(lds=LISTENS, rds=route("web"))).snapshot for _ in range(2))
    assert first is again


def test_other_references_are_another_version() -> None:
    """Collections of the same versions are one and the same object."""
    links = Links()
    one, other = (links.link(files(lds=LISTENS, rds=route(name))).snapshot for name in ("web", "else"))
    assert [each.refers_to(ROUTE_CONFIGURATION) for each in one[LISTENER]] == [{"web"}]
    assert [each.refers_to(ROUTE_CONFIGURATION) for each in other[LISTENER]] == [{"else"}]


def test_only_what_its_type_can_refer_to_becomes_a_reference() -> None:
    eds = made(cluster(type="EDS", eds_cluster_config={"eds_config": at("/x/lds.json")}))
    assert not referring(eds, [(LISTENER, "l")]).references
    assert referring(eds, [(CLUSTER_LOAD_ASSIGNMENT, "a")]).refers_to(CLUSTER_LOAD_ASSIGNMENT) == {"a"}


def test_scoped_routes_are_taken_all_together() -> None:
    assert referring(LISTENS, [(SCOPED_ROUTE, "a"), (SCOPED_ROUTE, "b")]).refers_to(SCOPED_ROUTE) == {EVERY}


def test_what_it_refers_to_already_stays() -> None:
    both = referring(referring(LISTENS, [(CLUSTER, "a")]), [(CLUSTER, "b")])
    assert both.refers_to(CLUSTER) == {"a", "b"}
    assert referring(both, [(CLUSTER, "b")]) is both
    assert static_cluster("a") is referring(static_cluster("a"), [])
