"""One walk over a finished message: which rules and lints it asks, and where it says that something is wrong."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import any_pb2
from hypothesis import given
from hypothesis import strategies as st

from legation.envoy import anys, codec, examining, types
from legation.envoy.findings import Finding
from legation.envoy.memory import Memory
from legation.errors import InvalidResource
from legation.model.problems import Level
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER
from tests.unit.envoy.configs import HCM, TYPE, cluster, hcm, http_filter, listener, network_filter, routes
from tests.unit.envoy.protos import every_message

if TYPE_CHECKING:
    from google.protobuf.message import Message

ASSIGNMENT = CLUSTER_LOAD_ASSIGNMENT.url
FAULT = "fault.v3.HTTPFault"
LB = "envoy.extensions.load_balancing_policies"


def told(json: dict[str, Any]) -> list[str]:
    return [str(each) for each in codec.encode(json).findings if each.code == "constraint"]


def test_what_is_wrong_is_told_with_its_path_and_nothing_of_its_value() -> None:
    endpoint = {"endpoint": {"address": {"socket_address": {"address": "hunter2", "port_value": 70_000}}}}
    assignment = {"cluster_name": "web", "endpoints": [{"lb_endpoints": [endpoint]}]}
    assert told(cluster(connect_timeout="0s", load_assignment=assignment)) == [
        "connect_timeout: must be longer than 0s",
        (
            "load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.port_value: "
            "must be at most 65535"
        ),
    ]


def test_what_is_fine_is_said_nothing_of() -> None:
    assert told(cluster(connect_timeout="1s")) == []
    assert told(listener(hcm())) == []


def test_an_any_in_an_any_is_reached_and_the_path_is_whole() -> None:
    json = listener(hcm(http_filter(FAULT, abort={"http_status": 99})))
    assert told(json) == [
        (
            "filter_chains[0].filters[0].typed_config.http_filters[0].typed_config.abort.http_status: "
            "must be at least 200 and less than 600"
        )
    ]


def test_the_path_is_spelled_as_in_the_json() -> None:
    route = {"match": {"prefix": "/"}, "directResponse": {"status": 1}}
    config = {"name": "r", "virtualHosts": {"name": "all", "domains": "*", "routes": [route]}}
    (words,) = told(listener(hcm(routeConfig=config)))
    where = "filter_chains[0].filters[0].typed_config.routeConfig.virtualHosts.routes[0].directResponse.status"
    assert words == f"{where}: must be at least 200 and less than 600"


def test_the_path_into_a_wrapped_resource_begins_at_its_wrapper() -> None:
    wrapper = {"@type": f"{TYPE}envoy.service.discovery.v3.Resource", "resource": cluster(connectTimeout="0s")}
    assert told(wrapper) == ["resource.connectTimeout: must be longer than 0s"]


def test_an_endpoint_is_looked_at_again_where_it_was_wrong() -> None:
    """Those that are fine are remembered by themselves: assignments are made anew all the time."""
    good: dict[str, Any] = {"address": {"pipe": {"path": "/a"}}}
    bad: dict[str, Any] = {"address": {"pipe": {"path": ""}}}
    for endpoints in ([good, bad], [bad, good], [good, good, bad]):
        found = told(
            {
                "@type": ASSIGNMENT,
                "cluster_name": "web",
                "endpoints": [{"lb_endpoints": [{"endpoint": each} for each in endpoints]}],
            }
        )
        at = endpoints.index(bad)
        assert found == [f"endpoints[0].lb_endpoints[{at}].endpoint.address.pipe.path: must not be empty"]


def test_an_extension_whose_config_must_be_there_is_looked_into() -> None:
    """The rule of its field is about the `Any`, not about what is in it."""
    gzip = {"@type": f"{TYPE}envoy.extensions.compression.gzip.compressor.v3.Gzip", "window_bits": 8}
    library = {"name": "gzip", "typed_config": gzip}
    json = listener(hcm(http_filter("compressor.v3.Compressor", compressor_library=library)))
    (finding,) = (each for each in codec.encode(json).findings if each.code == "constraint")
    assert finding.level is Level.ERROR
    assert finding.path[-3:] == ("compressor_library", "typed_config", "window_bits")


def test_what_is_skipped_is_a_warning() -> None:
    """Envoy does not ask the rules of a source of an extension, but for a few."""
    source = {"ads": {}, "resource_api_version": 99}
    json = listener(hcm({"name": "x", "config_discovery": {"config_source": source, "type_urls": [HCM]}}))
    assert [each.level for each in codec.encode(json).findings if each.code == "constraint"] == [Level.WARNING]


def test_messages_in_maps_are_reached() -> None:
    per_filter = {"x": {"@type": f"{TYPE}envoy.extensions.filters.http.{FAULT}", "abort": {"http_status": 99}}}
    (words,) = told(listener(hcm(route_config=routes({"cluster": "web"}, typed_per_filter_config=per_filter))))
    assert words.startswith(
        "filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].typed_per_filter_config.x.abort"
    )


def test_a_broken_resource_is_not_encoded() -> None:
    assert codec.encode(cluster(connect_timeout="0s")).resource is None


def policy(kind: str, **fields: Any) -> dict[str, Any]:
    config = {"name": "x", "typed_config": {"@type": f"{TYPE}{LB}.{kind}", **fields}}
    return cluster(load_balancing_policy={"policies": [{"typed_extension_config": config}]})


@pytest.mark.parametrize(
    ("json", "level"),
    [
        pytest.param(policy("least_request.v3.LeastRequest", choice_count=1), Level.WARNING, id="not asked"),
        pytest.param(
            policy("ring_hash.v3.RingHash", consistent_hashing_lb_config={"hash_policy": [{}]}),
            Level.ERROR,
            id="makes Envoy abort",
        ),
        pytest.param(
            policy("round_robin.v3.RoundRobin", slow_start_config={"slow_start_window": "-1s"}),
            Level.ERROR,
            id="a negative duration",
        ),
        pytest.param(
            {
                "@type": LISTENER.url,
                "name": "x",
                "api_listener": {"api_listener": {"@type": HCM, "route_config": {"name": "r"}}},
            },
            Level.WARNING,
            id="for clients without a proxy",
        ),
        pytest.param(
            listener(network_filter("xds.type.v3.TypedStruct", type_url=HCM, value={"route_config": {"name": "r"}})),
            Level.ERROR,
            id="what is understood although it travels as JSON",
        ),
    ],
)
def test_a_rule_that_envoy_does_not_ask_is_a_warning(json: dict[str, Any], level: Level) -> None:
    assert [each.level for each in codec.encode(json).findings if each.code == "constraint"] == [level]


def test_metadata_that_nobody_may_read_is_not_looked_at() -> None:
    metadata = {"typed_filter_metadata": {"x": {"@type": CLUSTER.url, "connect_timeout": "0s"}}}
    assert told(cluster(metadata=metadata)) == []


def test_the_path_into_a_typed_struct_is_the_one_that_its_owner_wrote() -> None:
    json = listener(network_filter("xds.type.v3.TypedStruct", type_url=HCM, value={"routeConfig": {"name": "r"}}))
    assert told(json) == ["filter_chains[0].filters[0].typed_config.value.stat_prefix: must not be empty"]


# Lints ---------------------------------------------------------------------------------------------------------------


def test_lints_are_asked_of_messages_of_their_type_wherever_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    def lint(message: Any) -> Iterator[Finding]:
        yield Finding(code="of-a-test", level=Level.WARNING, path=("prefix",), message="no", mend="yes")

    monkeypatch.setattr(examining, "LINTS", {"envoy.config.route.v3.RouteMatch": (lint,)})
    monkeypatch.setattr(examining, "_memory", Memory(100))
    for cache in (examining._plan, examining._extension, examining._is_barren):
        monkeypatch.setattr(examining, cache.__name__, functools.cache(cache.__wrapped__))
    (finding,) = codec.encode(listener(hcm(route_config=routes({"cluster": "web"})))).findings
    where = "filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes[0].match.prefix"
    assert str(finding) == f"{where}: no (yes)"


# Programs ------------------------------------------------------------------------------------------------------------


def bad_cluster() -> Any:
    return types.message_class(CLUSTER.message)(name="web", connect_timeout={})


def test_a_program_gets_an_exception_unless_it_wants_no_check() -> None:
    message = bad_cluster()
    with pytest.raises(InvalidResource, match="web: connect_timeout: must be longer than 0s"):
        codec.from_message(message)
    with pytest.raises(InvalidResource, match="web: connect_timeout: must be longer than 0s"):
        codec.from_any(CLUSTER.url, message.SerializeToString())
    assert codec.from_message(message, check=False).name == "web"
    assert codec.from_any(CLUSTER.url, message.SerializeToString(), check=False).name == "web"


def test_what_only_a_newer_envoy_understands_is_not_refused_for_what_may_be_missing() -> None:
    newer = b"\xfa\xff\xff\xff\x0f\x00"  # a field that nobody has yet
    check = types.message_class("envoy.config.core.v3.HealthCheck")
    fields: dict[str, Any] = {"timeout": {"seconds": 1}, "interval": {"seconds": 1}}
    counts = {"healthy_threshold": {"value": 1}, "unhealthy_threshold": {"value": 1}}
    one: Any = types.message_class(CLUSTER.message)(name="web")
    one.health_checks.append(check(**fields, **counts))
    with pytest.raises(InvalidResource, match="one of http_health_check"):
        codec.from_message(one)
    one.health_checks[0].MergeFromString(newer)
    assert codec.from_message(one).name == "web"
    one.health_checks[0].interval.seconds = 0
    with pytest.raises(InvalidResource, match="interval: must be longer"):
        codec.from_message(one)


def test_a_typed_struct_of_a_program_is_not_judged_by_what_is_understood_of_it() -> None:
    struct: Any = types.message_class("xds.type.v3.TypedStruct")(type_url=HCM)
    packed = any_pb2.Any()
    packed.Pack(struct)
    chain = {"filters": [{"name": "x", "typed_config": packed}]}
    message = types.message_class(LISTENER.message)(name="edge", filter_chains=[chain])
    assert codec.from_message(message).name == "edge"


# Memory --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """Return the messages that are examined from now on, with nothing remembered."""
    messages: list[Message] = []
    examine = examining.examine

    def noted(message: Message) -> Any:
        messages.append(message)
        return examine(message)

    monkeypatch.setattr(examining, "_memory", Memory(100))
    monkeypatch.setattr(examining, "examine", noted)
    return messages


def test_an_unchanged_resource_is_never_examined_twice(asked: list[Message]) -> None:
    message = types.message_class(CLUSTER.message)(name="web")
    for _ in range(3):
        codec.from_message(message)
        codec.from_any(CLUSTER.url, message.SerializeToString())
        codec.encode(cluster())
    assert asked == [message]
    codec.encode(cluster(name="other"))
    assert len(asked) == 2


def test_what_was_wrong_is_remembered_with_the_path_of_each_spelling(asked: list[Message]) -> None:
    assert told(cluster(connect_timeout="0s")) == ["connect_timeout: must be longer than 0s"]
    assert told(cluster(connectTimeout="0s")) == ["connectTimeout: must be longer than 0s"]
    assert len(asked) == 1


def test_what_was_not_asked_for_longest_is_forgotten(asked: list[Message], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examining, "_memory", Memory(2))
    for name in ("a", "b", "a", "c", "a", "b"):
        codec.encode(cluster(name=name))
    assert [getattr(each, "name", "") for each in asked] == ["a", "b", "c", "b"]


# Whatever comes ------------------------------------------------------------------------------------------------------


@given(st.data())
def test_it_never_raises_and_never_changes_a_message(data: st.DataObject) -> None:
    """Bytes at random are often a message of some fields."""
    descriptor = data.draw(st.sampled_from(every_message()))
    message = _message(data, descriptor.full_name)
    before = message.SerializeToString(deterministic=True)
    found = examining.examine(message)
    assert message.SerializeToString(deterministic=True) == before
    assert all(isinstance(each, Finding) for each in found)
    assert list(examining.examine(message)) == list(found)


def _message(data: st.DataObject, name: str, depth: int = 0) -> Any:
    message: Any = types.message_class(name)()
    fields = list(message.DESCRIPTOR.fields)
    for field in data.draw(st.lists(st.sampled_from(fields), max_size=4)) if fields else ():
        inner = field.message_type
        if inner is not None and inner.GetOptions().map_entry:
            continue
        if inner is not None:
            if depth < 4:
                child = _message(data, inner.full_name, depth + 1) if inner.full_name != types.ANY else _packed(data)
                at = getattr(message, field.name)
                (at.add() if field.is_repeated else at).CopyFrom(child)
            continue
        value = data.draw(_values(field))
        if field.is_repeated:
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)
    return message


def _values(field: Any) -> st.SearchStrategy[Any]:
    match field.cpp_type:
        case field.CPPTYPE_STRING:
            return st.binary(max_size=3) if field.type == field.TYPE_BYTES else st.text(max_size=3)
        case field.CPPTYPE_BOOL:
            return st.booleans()
        case field.CPPTYPE_DOUBLE | field.CPPTYPE_FLOAT:
            return st.floats(width=32)
        case field.CPPTYPE_UINT32 | field.CPPTYPE_UINT64:
            return st.integers(min_value=0, max_value=2**32 - 1)
    return st.integers(min_value=-(2**31), max_value=2**31 - 1)


def _packed(data: st.DataObject) -> any_pb2.Any:
    message = any_pb2.Any()
    message.Pack(_message(data, data.draw(st.sampled_from(every_message())).full_name, depth=3))
    return message


def test_bytes_that_nobody_can_read_are_left_to_others() -> None:
    message: Any = types.message_class(CLUSTER.message)(name="web")
    message.typed_extension_protocol_options["x"].type_url = CLUSTER.url
    message.typed_extension_protocol_options["x"].value = b"\xff"
    message.typed_extension_protocol_options["y"].type_url = "acme.io/of.Nobody"
    assert [each for each in examining.examine(message) if each.code == "constraint"] == []


def test_a_nest_that_is_too_deep_is_a_finding() -> None:
    innermost: Any = types.message_class("envoy.config.core.v3.TypedExtensionConfig")(name="x")
    for _ in range(2000):
        outer: Any = type(innermost)(name="x")
        outer.typed_config.Pack(innermost)
        innermost = outer
    assert anys.unpack(innermost.typed_config) is not None
    assert [each.code for each in examining.examine(innermost)] == ["too-deep"]
