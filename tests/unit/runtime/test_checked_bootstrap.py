"""What is wrong with a bootstrap: for Envoy, and for who is to serve it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from legation.envoy.bootstrap import bootstrap
from legation.model.objects import show_path
from legation.model.problems import Level, Problem
from legation.runtime.checked_bootstrap import check_bootstrap

GOOD = bootstrap(node_id="a", xds_address=("localhost", 1))
TCP = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"


def told(json: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(str(each.level), each.code, show_path(each.path)) for each in check_bootstrap(json)}


def without(*path: str) -> dict[str, Any]:
    """Return the good bootstrap without a field."""
    found = copy.deepcopy(GOOD)
    at: Any = found
    for each in path[:-1]:
        at = at[int(each)] if isinstance(at, list) else at[each]
    del at[path[-1]]
    return found


def listener(name: str, *, cluster: str = "xds_cluster", port: int = 10000) -> dict[str, Any]:
    proxy = {"@type": TCP, "stat_prefix": "a", "cluster": cluster}
    return {
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "tcp", "typed_config": proxy}]}],
    }


def with_static(**more: Any) -> dict[str, Any]:
    return {**GOOD, "static_resources": {**GOOD["static_resources"], **more}}


def test_what_is_printed_by_us_is_right() -> None:
    assert check_bootstrap(GOOD) == ()


@pytest.mark.parametrize(
    ("path", "at", "word"),
    [
        (("dynamic_resources",), "", "asks no control plane"),
        (("node", "id"), "node", "node id"),
        (("node",), "", "node id"),
        (("node", "cluster"), "node", "node.cluster"),
        (("dynamic_resources", "lds_config"), "dynamic_resources", "listeners"),
        (("dynamic_resources", "ads_config"), "dynamic_resources.cds_config", "no ads_config"),
        (
            ("static_resources", "clusters", "0", "typed_extension_protocol_options"),
            "static_resources.clusters[0]",
            "HTTP/2",
        ),
    ],
)
def test_what_keeps_us_from_serving_an_envoy_is_a_warning(path: tuple[str, ...], at: str, word: str) -> None:
    """It may be meant for somebody else."""
    found = check_bootstrap(without(*path))
    assert {each.level for each in found} == {Level.WARNING}
    assert next(show_path(each.path) for each in found if word in each.message) == at


def test_a_server_through_a_cluster_that_is_not_there_is_an_error() -> None:
    """Envoy does not start: "Unknown gRPC client cluster"."""
    assert told(without("static_resources", "clusters")) == {
        ("error", "dangling-reference", "dynamic_resources.ads_config")
    }


def test_rules_of_the_protos_hold_in_every_part() -> None:
    """Of a static resource and of all else, each told once."""
    json = with_static(clusters=[*GOOD["static_resources"]["clusters"], {"name": "b", "connectTimeout": "0s"}])
    json["stats_flush_interval"] = "0s"
    found = {each for each in told(json) if each[0] == "error"}
    assert found == {
        ("error", "constraint", "static_resources.clusters[1].connectTimeout"),
        ("error", "constraint", "stats_flush_interval"),
    }
    assert len([each for each in check_bootstrap(json) if each.code == "constraint"]) == 2


def test_static_resources_have_to_fit_together() -> None:
    """As Envoy says: a name once, an address once. What a dynamic source may bring is not missing."""
    both = [listener("a"), listener("b"), listener("c", cluster="elsewhere", port=10001)]
    assert told(with_static(listeners=both)) == {("error", "duplicate-address", "static_resources.listeners[1]")}
    alone = {"static_resources": {"listeners": both[2:]}}  # no source of clusters
    (found,) = [each for each in check_bootstrap(alone) if each.code == "dangling-reference"]
    assert "not in this file" in found.message
    assert says_nothing_of_objects(check_bootstrap(with_static(listeners=both)))


def test_nothing_is_said_of_objects_or_namespaces() -> None:
    """Nobody has any here: all of it stands in one file."""
    known = GOOD["static_resources"]["clusters"]
    near, far = listener("d", cluster="xds_clustr", port=10001), listener("e", cluster="nothing-like-it", port=10002)
    json = {
        "static_resources": {
            "clusters": [*known, *known],
            "listeners": [listener("a"), listener("a", port=10003), listener("c"), near, far],
        }
    }
    found = check_bootstrap(json)

    def of(code: str) -> list[tuple[str, str, str, str]]:
        return [(str(each.level), show_path(each.path), each.message, each.mend) for each in found if each.code == code]

    name = "give one of them another name"
    assert of("duplicate-name") == [
        ("error", "static_resources.clusters[1]", 'the Cluster "xds_cluster" stands here twice', name),
        ("warning", "static_resources.listeners[1]", 'the Listener "a" stands here twice; the last one counts', name),
    ]
    ((level, path, message, mend),) = of("duplicate-address")
    assert (level, path, mend) == ("error", "static_resources.listeners[2]", "give one of them another address")
    assert message.endswith('has the address tcp 127.0.0.1:10000 of the Listener "a", which stands above')
    assert [(level, path, mend) for level, path, _, mend in of("dangling-reference")] == [
        ("warning", f"static_resources.listeners[{index}].filter_chains[0].filters[0].typed_config.cluster", mend)
        for index, mend in ((3, 'did you mean "xds_cluster"?'), (4, "add it to static_resources.clusters"))
    ]
    assert all(message.endswith(", which is not in this file") for _, _, message, _ in of("dangling-reference"))
    assert not [each for each in found if {"object", "namespace"} & {*f"{each.message} {each.mend}".split()}]
    assert says_nothing_of_objects(found)


def test_a_field_that_is_unknown_is_found_once() -> None:
    """By the reading of the whole."""
    assert told(with_static(listeners=[listener("a") | {"nmae": "b"}])) == {
        ("error", "unknown-field", "static_resources.listeners[0].nmae")
    }


def says_nothing_of_objects(problems: tuple[Problem, ...]) -> bool:
    return all(each.object is None and "Bootstrap default" not in each.message for each in problems)
