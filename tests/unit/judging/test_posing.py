from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import codec, types
from legation.judging.posing import MOST_TOGETHER, Question, as_response, pose
from legation.judging.pretence import NOBODY
from legation.judging.verdict import Cause, Kind, Verdict
from legation.model.resource import Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    RUNTIME,
    SCOPED_ROUTE,
    VIRTUAL_HOST,
)
from tests import judged
from tests.judged import PREFIX


def asked(resource: Resource, *, number: int = 0, alone: bool = True) -> tuple[Question, Any]:
    """Return the question for a resource, and its message."""
    question = pose(resource, number=number, token="token", alone=alone)
    assert isinstance(question, Question), question
    return question, judged.message_of(question.row, question.body)


def not_asked(resource: Resource, *, alone: bool = True) -> Verdict:
    verdict = pose(resource, number=0, token="token", alone=alone)
    assert isinstance(verdict, Verdict)
    assert verdict.kind is Kind.NONE
    return verdict


def manager_of(listener: Any) -> Any:
    """Return the connection manager of a listener that is asked."""
    (config,) = (each.typed_config for each in listener.filter_chains[0].filters)
    return types.message_class(types.type_name(config.type_url)).FromString(config.value)


def test_a_cluster_is_asked_about_under_a_name_of_its_own() -> None:
    question, message = asked(judged.cluster("backend"))

    assert question.row is CLUSTER
    assert message.name == "token"


def test_no_name_of_a_host_is_ever_looked_up() -> None:
    named = judged.cluster(type="STRICT_DNS", load_assignment=judged.hosts("shop.example", 443))

    _, message = asked(named)

    (host,) = (each.endpoint.address.socket_address for each in message.load_assignment.endpoints[0].lb_endpoints)
    assert (host.address, host.port_value) == ("127.0.0.1", 1)


def test_a_name_where_an_address_belongs_is_left_for_envoy_to_refuse() -> None:
    _, message = asked(judged.cluster(host="shop.example"))

    (host,) = (each.endpoint.address.socket_address for each in message.load_assignment.endpoints[0].lb_endpoints)
    assert host.address == "shop.example"


def test_interfaces_of_another_machine_are_not_looked_for() -> None:
    _, message = asked(judged.cluster(host="fe80::1%eth7"))

    (host,) = (each.endpoint.address.socket_address for each in message.load_assignment.endpoints[0].lb_endpoints)
    assert host.address == "fe80::1"


def test_health_is_checked_in_ten_years() -> None:
    check = {"timeout": "1s", "interval": "1s", "unhealthy_threshold": 1, "healthy_threshold": 1}
    check |= {"http_health_check": {"path": "/"}, "event_log_path": "/var/log/health"}

    _, message = asked(judged.cluster(health_checks=[check]))

    (harmless,) = message.health_checks
    assert harmless.initial_jitter.seconds == 315_360_000
    assert not harmless.event_log_path
    assert harmless.http_health_check.path == "/"


def test_a_listener_opens_no_port() -> None:
    question, message = asked(judged.listener(port=443))

    assert question.row is LISTENER
    assert message.bind_to_port.value is False
    assert message.name == "token"


def test_what_opens_no_port_is_not_transparent() -> None:
    transparent: Any = judged.message_of(LISTENER, judged.listener().body)
    transparent.transparent.value = True

    _, message = asked(codec.from_message(transparent))

    assert not message.HasField("transparent")


def test_listeners_that_are_asked_about_together_never_have_an_address_in_common() -> None:
    several = [{"address": judged.address(port)} for port in (80, 81, 80, 443)]
    listener = judged.resource(
        LISTENER,
        name="front",
        address=judged.address(443),
        additional_addresses=several,
        filter_chains=[judged.chain()],
    )

    ports = []
    for number in (0, 1, MOST_TOGETHER - 1):
        _, message = asked(listener, number=number)
        own = [message.address, *(each.address for each in message.additional_addresses)]
        ports.append([each.socket_address.port_value for each in own])

    assert len(set().union(*ports)) == 9
    assert all(0 < port < 65_536 for each in ports for port in each)
    first = ports[0]
    assert first[0] == first[4]  # what clashes within one listener still does
    assert first[1] == first[3] != first[2]


def test_a_socket_in_the_file_system_is_not_made() -> None:
    pipe = {"pipe": {"path": "/run/front.sock"}}

    _, message = asked(judged.resource(LISTENER, name="front", address=pipe, filter_chains=[judged.chain()]))

    assert message.address.WhichOneof("address") == "socket_address"


def test_udp_is_bound_where_the_network_is_nobodys_and_not_judged_where_it_is_not() -> None:
    listener = judged.resource(LISTENER, name="dns", address=judged.address(53, "192.0.2.7", protocol="UDP"))

    _, message = asked(listener)

    assert not message.HasField("bind_to_port")
    assert message.address.socket_address.address == "0.0.0.0"
    assert not_asked(listener, alone=False).cause is Cause.RESOURCE


def test_routes_are_asked_about_inside_a_listener_without_a_look_at_clusters() -> None:
    question, message = asked(judged.routes("routes", "shop.example", validate_clusters=True))

    assert question.row is LISTENER
    config = manager_of(message).route_config
    assert list(config.virtual_hosts[0].domains) == ["shop.example"]
    assert config.validate_clusters.value is False


def test_a_virtual_host_is_asked_about_among_routes() -> None:
    _, message = asked(judged.resource(VIRTUAL_HOST, name="routes/host", domains=["shop.example"]))

    assert manager_of(message).route_config.virtual_hosts[0].name == "routes/host"


def test_a_scoped_route_is_asked_about_with_as_many_fragments_as_it_has() -> None:
    key = {"fragments": [{"string_key": "a"}, {"string_key": "b"}]}

    _, message = asked(
        judged.resource(SCOPED_ROUTE, name="s", on_demand=True, route_configuration_name="routes", key=key)
    )

    scopes = manager_of(message).scoped_routes
    (scope,) = scopes.scoped_route_configurations_list.scoped_route_configurations
    assert len(scopes.scope_key_builder.fragments) == 2
    assert scope.route_configuration.name == "any"
    assert not scope.on_demand


def test_a_filter_stands_where_it_would_be() -> None:
    buffer = PREFIX + "envoy.extensions.filters.http.buffer.v3.Buffer"
    proxy = PREFIX + "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
    inspector = PREFIX + "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"

    _, http = asked(judged.extension("buffer", **{"@type": buffer, "max_request_bytes": 9}))
    _, network = asked(judged.extension("proxy", **{"@type": proxy, "stat_prefix": "x", "cluster": "y"}))
    _, listener = asked(judged.extension("inspector", **{"@type": inspector}))

    assert [each.name for each in manager_of(http).http_filters] == ["buffer", "router"]
    assert [each.name for each in network.filter_chains[0].filters] == ["proxy"]
    assert [each.name for each in listener.listener_filters] == ["inspector"]


def test_the_last_filter_of_a_chain_is_the_only_one() -> None:
    _, message = asked(judged.extension("router", **judged.ROUTER["typed_config"]))

    assert [each.name for each in manager_of(message).http_filters] == ["router"]


@pytest.mark.parametrize(
    ("resource", "cause"),
    [
        (judged.resource(RUNTIME, name="runtime"), Cause.UNJUDGED),
        (Resource(type=LISTENER, name="garbled", body=b"\xff", version="1"), Cause.RESOURCE),
        (judged.secret(generic_secret={"secret": {"inline_string": "x"}}), Cause.UNJUDGED),
        (judged.extension(**{"@type": PREFIX + "google.protobuf.Duration", "value": "1s"}), Cause.UNJUDGED),
        (judged.secret(validation_context={"trusted_ca": {"filename": "/ca"}}), Cause.RESOURCE),
        (judged.secret(tls_certificate={"certificate_chain": {"filename": "/chain"}}), Cause.RESOURCE),
        (judged.secret(session_ticket_keys={"keys": [{"filename": "/key"}]}), Cause.RESOURCE),
        (judged.resource(LISTENER, name="grpc", api_listener={}), Cause.UNJUDGED),
    ],
)
def test_what_cannot_be_judged_is_not_asked_about_and_it_is_said_why(resource: Resource, cause: Cause) -> None:
    verdict = not_asked(resource)

    assert verdict.cause is cause
    assert verdict.words


def test_hosts_can_be_judged_as_those_of_a_cluster() -> None:
    question, message = asked(judged.resource(CLUSTER_LOAD_ASSIGNMENT, **judged.hosts("192.0.2.1")))

    assert question.row is CLUSTER
    assert len(message.load_assignment.endpoints) == 1


def test_what_must_not_be_shown_is_known() -> None:
    question, _ = asked(
        judged.secret(
            tls_certificate={
                "certificate_chain": {"inline_string": "public chain"},
                "private_key": {"inline_string": "BEGIN\nthe key itself\nEND"},
            }
        )
    )

    assert question.secrets == {"the key itself"}
    assert "the key itself" not in repr(question)


def test_a_response_holds_the_questions_of_its_type() -> None:
    question, _ = asked(judged.cluster())
    response: Any = types.message_class("envoy.service.discovery.v3.DiscoveryResponse")()

    response.ParseFromString(as_response(CLUSTER, [question]))

    assert [(each.type_url, each.value) for each in response.resources] == [(CLUSTER.url, question.body)]


def test_control_planes_and_bootstraps_are_replaced_by_nobody() -> None:
    file = {"path_config_source": {"path": "/etc/envoy/eds.yaml"}, "resource_api_version": "V3"}

    _, message = asked(judged.cluster(type="EDS", load_assignment=None, eds_cluster_config={"eds_config": file}))

    assert message.eds_cluster_config.eds_config.WhichOneof("config_source_specifier") == "ads"
    assert NOBODY not in str(message)
