from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import chain, extension, inspector, listener, told


def matching(match: dict[str, Any], **fields: Any) -> list[str]:
    """Return what is told of a chain that matches this; the listener has port 443."""
    return told(listener(chain(match=match), **{"listener_filters": [inspector()], **fields}))


HTTP_INSPECTOR = inspector("http_inspector.v3.HttpInspector")
PROXY = inspector("proxy_protocol.v3.ProxyProtocol")


@pytest.mark.parametrize(
    ("match", "filters", "expected"),
    [
        ({"server_names": ["a"]}, [], ["server_names"]),
        ({"server_names": ["a"]}, [HTTP_INSPECTOR, PROXY], ["server_names"]),
        ({"server_names": ["a"]}, [inspector()], []),
        ({"transport_protocol": "tls"}, [], ["transport_protocol"]),
        ({"transport_protocol": "raw_buffer"}, [], []),
        ({"application_protocols": ["h2"]}, [], ["application_protocols"]),
        ({"application_protocols": ["h2"]}, [HTTP_INSPECTOR], []),
        ({"destination_port": 443}, [], []),
    ],
)
def test_what_no_listener_filter_finds_out(
    match: dict[str, Any], filters: list[dict[str, Any]], expected: list[str]
) -> None:
    assert matching(match, listener_filters=filters) == [
        f"warning no-inspector filter_chains[0].filter_chain_match.{field}" for field in expected
    ]


@pytest.mark.parametrize(
    ("port", "fields", "reached"),
    [
        (443, {}, True),
        (444, {}, False),
        (444, {"additional_addresses": [{"address": {"socket_address": {"address": "::1", "port_value": 444}}}]}, True),
        (444, {"listener_filters": [inspector("original_dst.v3.OriginalDst")]}, True),
        (444, {"listener_filters": [PROXY]}, True),
        (444, {"use_original_dst": True}, True),
        (444, {"transparent": True}, True),
        (444, {"address": {"socket_address": {"address": "::1", "port_value": 0}}}, True),
        (444, {"address": {"pipe": {"path": "/run/a.sock"}}}, True),
    ],
)
def test_a_chain_for_another_port_is_reached_by_who_wanted_to_get_there(
    port: int, fields: dict[str, Any], *, reached: bool
) -> None:
    assert matching({"destination_port": port}, **fields) == (
        [] if reached else ["warning no-inspector filter_chains[0].filter_chain_match.destination_port"]
    )


def test_what_an_unknown_listener_filter_finds_out_nobody_knows() -> None:
    unknown = extension("xds.type.v3.TypedStruct", type_url="type.googleapis.com/of.Nobody")

    assert matching({"server_names": ["a"]}, listener_filters=[unknown]) == []
