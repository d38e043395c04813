"""An Envoy that takes whoever answers for its control plane is told of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from legation.envoy.bootstrap import Variant, bootstrap
from legation.envoy.trust import Auth, Trust
from legation.runtime.checked_bootstrap import check_bootstrap

SDS = {"name": "a", "sds_config": {"resource_api_version": "V3", "path_config_source": {"path": "/a.json"}}}
AUTHORITY = {"trusted_ca": {"filename": "/ca.crt"}}


def told(change: Callable[[dict[str, Any]], object], auth: Auth = "token", variant: Variant = "delta") -> list[str]:
    """Return what is said of a bootstrap of ours with a change in the cluster of its server."""
    made = bootstrap(node_id="a", xds_address=("a.b", 1), variant=variant, trust=Trust(server_name="a.b", auth=auth))
    (cluster,) = made["static_resources"]["clusters"]
    change(cluster)
    found = check_bootstrap(made)
    assert {each.code for each in found} <= {"careless-bootstrap"}
    assert {each.path for each in found} <= {("static_resources", "clusters", 0)}
    return [each.message for each in found]


def with_context(**validation: Any) -> Callable[[dict[str, Any]], object]:
    """Return a change to TLS that checks this and no more."""

    def change(cluster: dict[str, Any]) -> None:
        common = cluster["transport_socket"]["typed_config"]["common_tls_context"]
        del common["combined_validation_context"]
        common.update(validation)

    return change


@pytest.mark.parametrize("variant", ["delta", "sotw", "rest"])
@pytest.mark.parametrize("auth", ["token", "certificate", "none"])
def test_ours_is_careful(auth: Auth, variant: Variant) -> None:
    assert told(lambda _: None, auth, variant) == []


@pytest.mark.parametrize("variant", ["delta", "rest"])
def test_a_token_that_anybody_reads_is_told(variant: Variant) -> None:
    (words,) = told(lambda cluster: cluster.pop("transport_socket"), "token", variant)
    assert words == 'cluster "xds_cluster": what proves who this Envoy is goes out in the clear, to whoever answers'


def test_in_the_clear_and_without_a_token_nothing_is_promised() -> None:
    """It may not leave the machine."""
    assert told(lambda cluster: cluster.pop("transport_socket"), "none") == []


@pytest.mark.parametrize("validation", [{}, {"validation_context": {}}], ids=["none", "empty"])
@pytest.mark.parametrize("auth", ["token", "certificate", "none"])
def test_tls_that_checks_nobody_is_told(auth: Auth, validation: dict[str, Any]) -> None:
    (words,) = told(with_context(**validation), auth)
    assert words.startswith('cluster "xds_cluster": it has TLS, and believes whoever answers to be the server')


@pytest.mark.parametrize(
    "validation",
    [
        {"validation_context": AUTHORITY},
        {"validation_context": {"system_root_certs": {}}},
        {"validation_context": {"verify_certificate_hash": ["a" * 64]}},
        {"validation_context_sds_secret_config": SDS},
    ],
    ids=["authority", "system", "hash", "by SDS"],
)
def test_whatever_checks_something_is_enough(validation: dict[str, Any]) -> None:
    assert told(with_context(**validation)) == []
