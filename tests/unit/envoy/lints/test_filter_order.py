from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import (
    ROUTER,
    TCP_PROXY,
    chain,
    extension,
    http_filter,
    listener,
    manager,
    network_filter,
    told,
)

RBAC = network_filter("rbac.v3.RBAC", stat_prefix="rbac")
UNKNOWN = extension("xds.type.v3.TypedStruct", type_url="type.googleapis.com/of.Nobody")
CORS = http_filter("cors.v3.Cors")
FILTERS = "filter_chains[0].filters"
HTTP = f"{FILTERS}[0].typed_config"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([TCP_PROXY], []),
        ([RBAC, TCP_PROXY], []),
        ([RBAC, UNKNOWN], []),
        ([RBAC], [f"error no-last-filter {FILTERS}[0]"]),
        ([TCP_PROXY, RBAC], [f"error filter-order {FILTERS}[0]", f"error no-last-filter {FILTERS}[1]"]),
        ([TCP_PROXY, TCP_PROXY], [f"error filter-order {FILTERS}[0]"]),
        ([TCP_PROXY, UNKNOWN], [f"error filter-order {FILTERS}[0]"]),
    ],
)
def test_network_filters(filters: list[dict[str, Any]], expected: list[str]) -> None:
    assert told(listener(chain(*filters))) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([CORS, ROUTER], []),
        ([CORS, CORS, ROUTER], []),
        ([CORS, UNKNOWN], []),
        ([CORS], [f"error no-last-filter {HTTP}.http_filters[0]"]),
        (
            [ROUTER, CORS],
            [f"error filter-order {HTTP}.http_filters[0]", f"error no-last-filter {HTTP}.http_filters[1]"],
        ),
        ([ROUTER, ROUTER], [f"error filter-order {HTTP}.http_filters[0]"]),
        ([CORS, {**ROUTER, "disabled": True}], [f"error no-last-filter {HTTP}.http_filters[1].disabled"]),
        ([{**CORS, "disabled": True}, ROUTER], []),
        ([CORS, {"name": "late", "config_discovery": {"config_source": {"ads": {}}, "type_urls": ["a/b.C"]}}], []),
    ],
)
def test_http_filters(filters: list[dict[str, Any]], expected: list[str]) -> None:
    assert told(listener(chain(manager(*filters)))) == expected


def test_a_manager_without_filters_passes_nothing_on() -> None:
    bare = manager()
    bare["typed_config"]["http_filters"] = []

    assert told(listener(chain(bare))) == [f"warning no-last-filter {HTTP}.http_filters"]


def test_the_filters_of_an_upgrade_have_an_order_too() -> None:
    upgrades = [{"upgrade_type": "websocket"}, {"upgrade_type": "connect", "filters": [CORS]}]

    assert told(listener(chain(manager(upgrade_configs=upgrades)))) == [
        f"error no-last-filter {HTTP}.upgrade_configs[1].filters[0]"
    ]


def test_the_default_chain_is_a_chain() -> None:
    assert told(listener(default_filter_chain=chain(RBAC))) == ["error no-last-filter default_filter_chain.filters[0]"]
