"""The files of a snapshot."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from legation.envoy import codec
from legation.model.problems import Level
from legation.model.resource import Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LB_ENDPOINT,
    LISTENER,
    ROUTE_CONFIGURATION,
    RUNTIME,
    SCOPED_ROUTE,
    SECRET,
    VIRTUAL_HOST,
    ResourceType,
)
from legation.model.snapshot import Snapshot, collect
from legation.transports.files.by_type import ByType, path_of
from legation.transports.files.file_names import fault_of
from legation.transports.files.steps import FileSteps, last_step
from tests.unit.envoy.configs import ADS, FILE, ROUTER, TYPE, cluster, hcm, listener, routes

FOLDER = "/etc/envoy/current"
ROUTES = f"{TYPE}envoy.config.route.v3.RouteConfiguration"


def made(json: dict[str, Any], **more: Any) -> Resource:
    resource = codec.encode({**json, **more}).resource
    assert resource is not None
    return resource


def snapshot(*resources: Resource) -> Snapshot:
    rows = dict.fromkeys(each.type for each in resources)
    return Snapshot.of([collect(row, [each for each in resources if each.type is row]) for row in rows])


def named(row: ResourceType, name: str, **fields: Any) -> Resource:
    return made({"@type": row.url, row.name_field: name, **fields})


EDS = made(cluster(type="EDS", eds_cluster_config={"eds_config": ADS}))
ENDPOINTS = named(CLUSTER_LOAD_ASSIGNMENT, "web")
RDS = made(listener(hcm(ROUTER, rds={"route_config_name": "web", "config_source": ADS})))
WEB = made({"@type": ROUTES, **routes({"cluster": "web"})})
BUILDER = {"fragments": [{"header_value_extractor": {"name": "x", "index": 0}}]}
SCOPED = made(
    listener(
        hcm(
            ROUTER,
            scoped_routes={
                "name": "s",
                "scope_key_builder": BUILDER,
                "rds_config_source": ADS,
                "scoped_rds": {"scoped_rds_config_source": ADS},
            },
        )
    )
)
KEY = {"fragments": [{"string_key": "a"}]}


def contents(snapshot: Snapshot, plans: ByType | None = None) -> dict[str, Any]:
    plans = plans or ByType(folder=FOLDER)
    step = last_step(plans.plan(snapshot).file_set, render=plans.render)
    return {path: json.loads(content) for path, content in step.puts.items()}


def problems(*resources: Resource) -> list[tuple[str, Level]]:
    found = ByType(folder=FOLDER).plan(snapshot(*resources)).problems
    return [(each.code, each.level) for each in found]


def test_each_type_that_envoy_takes_as_a_whole_has_a_file_and_each_name_of_the_others() -> None:
    found = contents(
        snapshot(
            *(EDS, ENDPOINTS, RDS, WEB),
            *(named(SECRET, "key", generic_secret={"secret": {"inline_string": "x"}}), named(RUNTIME, "layer")),
            named(EXTENSION_CONFIG, "limits", typed_config=ROUTER["typed_config"]),
        )
    )
    assert {path: [each["@type"] for each in file["resources"]] for path, file in found.items()} == {
        "rtds/layer.json": [RUNTIME.url],
        "sds/key.json": [SECRET.url],
        "ecds/limits.json": [EXTENSION_CONFIG.url],
        "eds/web.json": [CLUSTER_LOAD_ASSIGNMENT.url],
        "cds.json": [CLUSTER.url],
        "rds/web.json": [ROUTE_CONFIGURATION.url],
        "lds.json": [LISTENER.url],
    }


def test_clusters_and_listeners_have_a_file_even_if_there_are_none() -> None:
    assert contents(snapshot()) == {
        path: {"version_info": "0" * 24, "resources": []} for path in ("cds.json", "lds.json")
    }


def test_who_asks_the_control_plane_is_pointed_to_the_file_of_that_name() -> None:
    found = contents(snapshot(EDS, ENDPOINTS, RDS, WEB))
    eds = found["cds.json"]["resources"][0]["eds_cluster_config"]["eds_config"]
    assert eds == {"path_config_source": {"path": f"{FOLDER}/eds/web.json"}, "resource_api_version": "V3"}
    manager = found["lds.json"]["resources"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    assert manager["rds"]["config_source"]["path_config_source"] == {"path": f"{FOLDER}/rds/web.json"}


def test_what_somebody_takes_from_his_own_file_stays() -> None:
    own = made(cluster(type="EDS", eds_cluster_config={"eds_config": FILE}))
    assert contents(snapshot(own))["cds.json"]["resources"] == [codec.to_json(own)]
    assert not problems(own)


def test_the_symlink_layout_is_watched_at_its_folder() -> None:
    plans = ByType(folder=FOLDER, watched_directory="/etc/envoy")
    eds = contents(snapshot(EDS, ENDPOINTS), plans)["cds.json"]["resources"][0]["eds_cluster_config"]["eds_config"]
    assert eds["path_config_source"]["watched_directory"] == {"path": "/etc/envoy"}


def test_the_text_begins_with_its_version_and_each_resource_with_its_type() -> None:
    plans = ByType(folder=FOLDER)
    text = plans.render("eds/web.json", (ENDPOINTS,)).decode()
    assert text.splitlines()[:5] == [
        "{",
        f'  "version_info": "{collect(CLUSTER_LOAD_ASSIGNMENT, [ENDPOINTS]).version}",',
        '  "resources": [',
        "    {",
        f'      "@type": "{CLUSTER_LOAD_ASSIGNMENT.url}",',
    ]
    assert text.endswith("}\n")


def test_the_same_snapshot_is_the_same_text() -> None:
    assert contents(snapshot(EDS, ENDPOINTS)) == contents(snapshot(ENDPOINTS, EDS))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/b", "rds/a%2Fb.json"),
        ("..", "rds/%2E..json"),
        (".hidden", "rds/%2Ehidden.json"),
        ("a b%2F", "rds/a%20b%252F.json"),
        ("grün\n", "rds/gr%C3%BCn%0A.json"),
        ("a.b_c-d~e", "rds/a.b_c-d~e.json"),
    ],
)
def test_names_are_written_so_that_each_is_a_file_below_the_folder(name: str, path: str) -> None:
    assert path_of(ROUTE_CONFIGURATION, name) == path
    assert not fault_of(path)


def test_a_long_name_is_cut_and_is_still_its_own() -> None:
    names: Iterable[str] = ["x" * 5000, "x" * 4999 + "y", "ü" * 300]
    paths = {path_of(SECRET, name) for name in names}
    assert len(paths) == 3
    assert all(path and not fault_of(path) for path in paths)


def test_virtual_hosts_and_endpoints_of_localities_come_by_no_file() -> None:
    host = named(VIRTUAL_HOST, "web/x", domains=["x"])
    asking = made({"@type": ROUTES, "name": "web", "vhds": {"config_source": ADS}})
    assert path_of(VIRTUAL_HOST, "web/x") is None
    assert path_of(LB_ENDPOINT, "x") is None
    assert problems(host, asking) == [("not-by-file", Level.ERROR), ("not-by-file", Level.WARNING)]
    assert contents(snapshot(host, asking)).keys() == {"cds.json", "lds.json", "rds/web.json"}


def test_a_name_for_which_there_is_no_file_is_a_problem() -> None:
    assert problems(RDS) == [("no-such-file", Level.WARNING)]
    assert not problems(EDS, ENDPOINTS, RDS, WEB)


def test_who_takes_something_from_a_file_that_nothing_makes_is_told() -> None:
    plans = ByType(folder=FOLDER)
    lacking = plans.plan(snapshot(EDS, RDS)).file_set.lacking
    assert lacking == {(CLUSTER, "web"): {"eds/web.json"}, (LISTENER, RDS.name): {"rds/web.json"}}
    assert not plans.plan(snapshot(EDS, ENDPOINTS, RDS, WEB)).file_set.lacking
    assert not plans.plan(snapshot(SCOPED)).file_set.lacking
    own = made(cluster(type="EDS", eds_cluster_config={"eds_config": FILE}))
    assert not plans.plan(snapshot(own)).file_set.lacking


def test_scoped_routes_with_their_routes_inside_have_a_file() -> None:
    scope = named(SCOPED_ROUTE, "s", key=KEY, route_configuration=routes())
    found = contents(snapshot(SCOPED, scope))
    assert [each["name"] for each in found["srds.json"]["resources"]] == ["s"]
    manager = found["lds.json"]["resources"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    source = manager["scoped_routes"]["scoped_rds"]["scoped_rds_config_source"]
    assert source["path_config_source"] == {"path": f"{FOLDER}/srds.json"}
    assert not problems(SCOPED, scope)


def test_a_listener_that_takes_scoped_routes_finds_the_file_even_if_there_are_none() -> None:
    assert contents(snapshot(SCOPED))["srds.json"]["resources"] == []


def test_scoped_routes_that_name_their_routes_are_a_problem() -> None:
    scope = named(SCOPED_ROUTE, "s", key=KEY, route_configuration_name="web")
    assert problems(SCOPED, scope, WEB) == [("not-by-file", Level.WARNING)]


def test_a_listener_comes_after_the_file_of_its_scoped_routes_though_both_are_old_friends_elsewhere() -> None:
    """The same listener, as it is served over gRPC, refers to no scoped routes."""
    scope = named(SCOPED_ROUTE, "s", key=KEY, route_configuration=routes({"cluster": "web"}))
    plans = ByType(folder=FOLDER)
    steps = FileSteps(settle=1.0, drain_grace=0.0, render=plans.render)
    before, after = snapshot(named(SECRET, "k")), snapshot(made(cluster()), SCOPED, scope)
    steps.retarget(plans.plan(before).file_set, 0.0)
    steps.next(0.0)
    steps.written(0.0)
    steps.retarget(plans.plan(after).file_set, 1.0)
    first = steps.next(1.0)
    assert first is not None
    assert list(first.puts) == ["cds.json"]
    steps.written(1.0)
    second = steps.next(2.1)
    assert second is not None
    assert list(second.puts) == ["srds.json", "lds.json"]


class TestReadBack:
    def test_what_was_written_is_read(self) -> None:
        plans = ByType(folder=FOLDER)
        newest = plans.plan(snapshot(EDS, ENDPOINTS, RDS, WEB)).file_set
        step = last_step(newest, render=plans.render)
        held = plans.read_back(dict(step.puts))
        assert {path: (file.members, file.content) for path, file in held.files.items()} == {
            path: (newest.files[path].members, content) for path, content in step.puts.items()
        }
        steps = FileSteps(settle=1.0, drain_grace=0.0, render=plans.render)
        steps.begin(held)
        steps.retarget(newest, 0.0)
        assert steps.next(2.0) is None
        assert steps.complete
        assert steps.settled

    def test_it_refers_to_what_it_takes_from_files(self) -> None:
        plans = ByType(folder=FOLDER)
        step = last_step(plans.plan(snapshot(EDS, ENDPOINTS, RDS, WEB)).file_set, render=plans.render)
        held = plans.read_back(dict(step.puts)).snapshot
        assert [each.refers_to(ROUTE_CONFIGURATION) for each in held[LISTENER]] == [{"web"}]
        assert [each.refers_to(CLUSTER_LOAD_ASSIGNMENT) for each in held[CLUSTER]] == [{"web"}]

    @pytest.mark.parametrize(
        ("path", "content"),
        [
            ("notes.txt", b"{}"),
            ("other/web.json", b'{"resources": []}'),
            ("cds.json", b"\xff"),
            ("cds.json", b"[]"),
            ("cds.json", b'{"resources": 1}'),
            ("cds.json", b'{"resources": [1]}'),
            ("cds.json", b'{"resources": [{"@type": "nobody"}]}'),
            ("rds/other.json", ByType(folder=FOLDER).render("", (WEB,))),
        ],
    )
    def test_what_was_not_made_here_is_left_alone(self, path: str, content: bytes) -> None:
        assert not ByType(folder=FOLDER).read_back({path: content}).files
