"""Numbers without an end in messages of programs."""

from __future__ import annotations

import math
from typing import Any

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.extensions.filters.http.fault.v3 import fault_pb2
from envoy.extensions.load_balancing_policies.least_request.v3 import least_request_pb2
from google.protobuf import any_pb2

from legation.envoy import codec
from legation.envoy.finite import endless
from legation.errors import InvalidResource

NAN = math.nan


def cluster(number: float) -> Any:
    message = cluster_pb2.Cluster(name="web")
    message.common_lb_config.healthy_panic_threshold.value = number
    return message


def in_a_wrapper() -> Any:
    message = cluster_pb2.Cluster(name="web")
    message.preconnect_policy.per_upstream_preconnect_ratio.value = -math.inf
    return message


def in_an_any() -> Any:
    message = cluster_pb2.Cluster(name="web")
    policy = least_request_pb2.LeastRequest()
    policy.active_request_bias.default_value = NAN
    message.load_balancing_policy.policies.add().typed_extension_config.typed_config.Pack(policy)
    return message


def in_a_struct() -> Any:
    message = cluster_pb2.Cluster(name="web")
    message.metadata.filter_metadata["a"].fields["b"].list_value.values.add().number_value = NAN
    return message


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (cluster(NAN), ("common_lb_config", "healthy_panic_threshold", "value")),
        (in_a_wrapper(), ("preconnect_policy", "per_upstream_preconnect_ratio", "value")),
        (
            in_an_any(),
            (
                *("load_balancing_policy", "policies", 0, "typed_extension_config", "typed_config"),
                *("active_request_bias", "default_value"),
            ),
        ),
        (
            in_a_struct(),
            ("metadata", "filter_metadata", "a", "fields", "b", "list_value", "values", 0, "number_value"),
        ),
    ],
    ids=["field", "wrapper", "any", "struct"],
)
def test_each_is_found_and_refused(message: Any, path: tuple[str | int, ...]) -> None:
    assert [each.path for each in endless(message)] == [path]
    for give in (
        codec.from_message,
        lambda given: codec.from_any(f"type.googleapis.com/{given.DESCRIPTOR.full_name}", given.SerializeToString()),
    ):
        with pytest.raises(InvalidResource, match="not finite"):
            give(message)
    assert codec.from_message(message, check=False).body


def test_numbers_that_end_are_none() -> None:
    assert list(endless(cluster(50.0))) == []
    assert list(endless(fault_pb2.HTTPFault(upstream_cluster="a"))) == []
    assert list(endless(any_pb2.Any(type_url="type.googleapis.com/a.B", value=b"x"))) == []
    broken = any_pb2.Any(type_url="type.googleapis.com/envoy.type.v3.Percent", value=b"\xff")
    assert list(endless(broken)) == []
