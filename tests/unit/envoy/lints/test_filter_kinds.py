from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import (
    ROUTER,
    TCP_PROXY,
    chain,
    cluster,
    extension,
    http_filter,
    inspector,
    listener,
    manager,
    network_filter,
    told,
)

OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
CONFIG = "filter_chains[0].filters[0].typed_config"
CSRF, SNI = http_filter("cors.v3.Cors"), network_filter("sni_cluster.v3.SniCluster")


def wrong(found: list[str]) -> list[str]:
    return [each for each in found if " wrong-filter " in each]


@pytest.mark.parametrize(("first", "fine"), [(SNI, True), (CSRF, False), (inspector(), False)])
def test_filters_of_connections(first: dict[str, Any], *, fine: bool) -> None:
    found = wrong(told(listener(chain(first, TCP_PROXY))))

    assert found == ([] if fine else [f"error wrong-filter {CONFIG}"])


@pytest.mark.parametrize(("first", "fine"), [(CSRF, True), (SNI, False), (TCP_PROXY, False), (inspector(), False)])
def test_filters_of_requests(first: dict[str, Any], *, fine: bool) -> None:
    found = wrong(told(listener(chain(manager(first, ROUTER)))))

    assert found == ([] if fine else [f"error wrong-filter {CONFIG}.http_filters[0].typed_config"])


@pytest.mark.parametrize(("first", "fine"), [(inspector(), True), (SNI, False), (CSRF, False)])
def test_filters_of_listeners(first: dict[str, Any], *, fine: bool) -> None:
    found = wrong(told(listener(chain(), listener_filters=[first])))

    assert found == ([] if fine else ["error wrong-filter listener_filters[0].typed_config"])


CODEC = http_filter("upstream_codec.v3.UpstreamCodec")


@pytest.mark.parametrize(("filters", "last"), [([], None), ([CSRF, CODEC], None), ([CODEC, CSRF], 1), ([CSRF], 0)])
def test_filters_of_clusters(filters: list[dict[str, Any]], last: int | None) -> None:
    options = extension(OPTIONS, explicit_http_config={"http_protocol_options": {}}, http_filters=filters)
    place = f'typed_extension_protocol_options["{OPTIONS}"].http_filters[{last}]'

    found = told(cluster(typed_extension_protocol_options={OPTIONS: options["typed_config"]}))

    assert found == ([] if last is None else [f"error no-last-filter {place}"])
