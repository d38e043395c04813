from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import TYPE, chain, inspector, listener, told


def matching(*matches: dict[str, Any] | None, **fields: Any) -> list[str]:
    """Return what is told of chains that match this; None: a chain without a match. The listener has port 443."""
    filters = fields.pop("listener_filters", [inspector()])
    return told(listener(*(chain(match=each) for each in matches), listener_filters=filters, **fields))


def range_(address: str, length: int | None = None) -> dict[str, Any]:
    return {"address_prefix": address} | ({} if length is None else {"prefix_len": length})


SAME = "error same-filter-chain-match filter_chains[1]"
IN_MATCH = f"{SAME}.filter_chain_match"
TEN = {"prefix_ranges": [range_("10.0.0.0", 8)]}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (None, None, [SAME]),
        ({}, None, [SAME]),
        (None, {}, [IN_MATCH]),
        ({"destination_port": 443}, {"destination_port": 443}, [IN_MATCH]),
        ({"server_names": ["a", "b"]}, {"server_names": ["b", "c"]}, [IN_MATCH]),
        ({"server_names": ["a"]}, {"server_names": ["A"]}, [IN_MATCH]),
        (TEN, {"prefix_ranges": [range_("10.1.2.3", 8)]}, [IN_MATCH]),
        ({"prefix_ranges": [range_("10.0.0.1", 40)]}, {"prefix_ranges": [range_("10.0.0.1", 32)]}, [IN_MATCH]),
        ({"destination_port": 443}, {"source_ports": [443]}, []),
        ({"server_names": ["a"]}, {"server_names": ["b"]}, []),
        ({"server_names": ["a"]}, {"server_names": ["*.a"]}, []),
        ({"server_names": ["a"]}, {"server_names": ["a"], "destination_port": 443}, []),
        ({"server_names": ["a"]}, None, []),
        ({"server_names": [""]}, None, [SAME]),
        ({"application_protocols": ["h2"]}, {"application_protocols": ["H2"]}, []),
        (TEN, {"prefix_ranges": [range_("10.0.0.0", 16)]}, []),
        ({"prefix_ranges": [range_("0.0.0.0", 0)]}, {"prefix_ranges": [range_("::", 0)]}, []),
        ({"prefix_ranges": [range_("0.0.0.0", 0)]}, None, []),
        ({"source_type": "EXTERNAL"}, None, []),
        ({"transport_protocol": "raw_buffer"}, None, []),
    ],
)
def test_two_chains_take_different_connections(
    one: dict[str, Any] | None, other: dict[str, Any] | None, expected: list[str]
) -> None:
    assert matching(one, other) == expected


@pytest.mark.parametrize(
    ("match", "field"),
    [
        ({"server_names": ["a", "A"]}, "server_names"),
        ({"application_protocols": ["h2", "h2"]}, "application_protocols"),
        ({"prefix_ranges": [range_("10.0.0.0", 8), range_("10.1.0.0", 8)]}, "prefix_ranges"),
    ],
)
def test_one_value_stands_in_a_match_once(match: dict[str, Any], field: str) -> None:
    assert matching(match) == [f"error same-filter-chain-match filter_chains[0].filter_chain_match.{field}"]


def test_so_many_combinations_are_not_compared() -> None:
    """It would take more time than it is worth."""
    many = {"server_names": [f"host-{each}" for each in range(300)], "source_ports": list(range(1, 101))}

    assert matching(many, many) == []


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({"server_names": ["*.a.example", "a", "*.*", "*.a*.example"]}, []),
        *(
            (
                {"server_names": ["fine", name]},
                ["error bad-server-name filter_chains[0].filter_chain_match.server_names[1]"],
            )
            for name in ("*", "a*.example", "a.*.example", "a.*", "*a.example")
        ),
        ({"address_suffix": "1"}, ["error not-implemented filter_chains[0].filter_chain_match.address_suffix"]),
        ({"suffix_len": 1}, ["error not-implemented filter_chains[0].filter_chain_match.suffix_len"]),
        (TEN, []),
        (
            {"source_prefix_ranges": [range_("10.0.0.1")]},
            ["warning missing-field filter_chains[0].filter_chain_match.source_prefix_ranges[0]"],
        ),
        (
            {"prefix_ranges": [range_("everybody", 8)]},
            ["error no-ip-address filter_chains[0].filter_chain_match.prefix_ranges[0].address_prefix"],
        ),
    ],
)
def test_what_a_match_may_say(match: dict[str, Any], expected: list[str]) -> None:
    assert matching(match) == expected


def test_a_matcher_chooses_chains_by_name() -> None:
    action = {"name": "chain", "typed_config": {"@type": f"{TYPE}google.protobuf.StringValue", "value": "one"}}
    matcher = {"on_no_match": {"action": action}}
    one, other, nameless = chain(name="one"), chain(name="other"), chain()

    assert told(listener(one, other, filter_chain_matcher=matcher)) == []
    assert told(listener(one, one, nameless, filter_chain_matcher=matcher)) == [
        "error duplicate-filter-chain filter_chains[1].name",
        "error missing-field filter_chains[2]",
    ]
