"""Which connection gets which filter chain of a listener: no two may take the same, and each has to be found."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address, ip_network
from itertools import product
from math import prod
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.addresses import HOST, is_ip
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import at, doubtful, refused
from legation.model.objects import FieldPath

_MANY = 20_000
"""So many combinations of what a listener's chains match by are compared, and no more."""


_LISTS = (
    "prefix_ranges",
    "server_names",
    "application_protocols",
    "direct_source_prefix_ranges",
    "source_prefix_ranges",
    "source_ports",
)
"""The fields of which one value is enough."""
_NOTHING = {"server_names": "", "application_protocols": ""}
"""What means the same as no value."""


def _same_match(listener: Any) -> Iterator[Finding]:
    if listener.HasField("filter_chain_matcher"):
        yield from _by_name(listener)
        return
    seen: dict[tuple[object, ...], int] = {}
    left = _MANY
    for index, chain in enumerate(listener.filter_chains):
        match = chain.filter_chain_match
        left -= _size(match)
        if left < 0:
            return
        combinations = list(_combinations(match))
        if len(set(combinations)) < len(combinations):
            yield _twice(index, match)
        firsts = [seen.setdefault(each, index) for each in combinations]
        first = min(firsts, default=index)
        if first == index:
            continue
        where: FieldPath = ("filter_chains", index)
        if chain.HasField("filter_chain_match"):
            where = (*where, "filter_chain_match")
        yield refused(
            "same-filter-chain-match",
            where,
            _overlap(match, listener.filter_chains[first].filter_chain_match, at("filter_chains", first)),
            "let them match different connections: by server_names, destination_port, prefix_ranges and so on",
        )


def _overlap(match: Any, other: Any, which: str) -> str:
    if match != other:
        return f"some connections match both this filter chain and {which}, which Envoy refuses"
    how = "has the same match as" if match.ListFields() else "takes every connection, as does"
    return f"this filter chain {how} {which}, which Envoy refuses"


def _twice(index: int, match: Any) -> Finding:
    field = next(field for field in _LISTS if len(set(_values(match, field))) < len(_values(match, field)))
    return refused(
        "same-filter-chain-match",
        ("filter_chains", index, "filter_chain_match", field),
        "one value stands here twice, in another case or as another address of one network, which Envoy refuses",
        "take one of them out",
    )


def _by_name(listener: Any) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, chain in enumerate(listener.filter_chains):
        first = seen.setdefault(chain.name, index)
        if not chain.name:
            yield refused(
                "missing-field",
                ("filter_chains", index),
                "the filter chain has no name, by which filter_chain_matcher could choose it",
                "give it a name",
            )
        elif first != index:
            yield refused(
                "duplicate-filter-chain",
                ("filter_chains", index, "name"),
                f"{at('filter_chains', first)} has the same name, and filter_chain_matcher chooses by it",
                "give each a name of its own",
            )


def _size(match: Any) -> int:
    return prod(max(1, len(getattr(match, field))) for field in _LISTS)


def _combinations(match: Any) -> Iterator[tuple[object, ...]]:
    """Yield what a chain takes, as Envoy looks it up: one value of each kind, or none."""
    yield from product(
        [match.destination_port.value],
        *(_values(match, field) or [_NOTHING.get(field)] for field in _LISTS),
        [match.transport_protocol],
        [match.source_type],
    )


def _values(match: Any, field: str) -> list[object]:
    """Return the values of a list in the one way in which they can be compared."""
    values = getattr(match, field)
    if field == "server_names":
        return [each.lower() for each in values]
    if field.endswith("_ranges"):
        return [_range(each.address_prefix, each.prefix_len.value) for each in values]
    return list(values)


@lru_cache(maxsize=4096)
def _range(address: str, length: int) -> tuple[str, int]:
    """Return the network that a prefix means: Envoy cuts what is too long."""
    try:
        network = ip_network((address, min(length, ip_address(address).max_prefixlen)), strict=False)
    except ValueError:
        return (address, length)
    return (str(network.network_address), network.prefixlen)


def _matches(match: Any) -> Iterator[Finding]:
    for index, name in enumerate(match.server_names):
        if "*" in name and not name.startswith("*."):
            yield refused(
                "bad-server-name",
                ("server_names", index),
                "an asterisk stands at the beginning of a server name alone, with a dot behind it",
                'write it as "*.example.com"; a filter chain for every name has no server_names',
            )
    for field in ("address_suffix", "suffix_len"):
        if match.HasField(field) if field == "suffix_len" else getattr(match, field):
            yield refused("not-implemented", (field,), "Envoy does not implement this field", "take it out")
    for field in ("prefix_ranges", "direct_source_prefix_ranges", "source_prefix_ranges"):
        for index, each in enumerate(getattr(match, field)):
            if not is_ip(each.address_prefix):
                yield refused(
                    HOST,
                    (field, index, "address_prefix"),
                    "a range of addresses begins with an IP address",
                    "write one, such as 10.0.0.0 with prefix_len: 8",
                )
            elif not each.HasField("prefix_len"):
                yield doubtful(
                    "missing-field",
                    (field, index),
                    "without prefix_len the range holds every address",
                    "add prefix_len: 32 for one address of IPv4, 128 of IPv6",
                )


LINTS: Lints = {
    "envoy.config.listener.v3.Listener": _same_match,
    "envoy.config.listener.v3.FilterChainMatch": _matches,
}
