"""What is kept of an EndpointSlice."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from legation.kube.endpoint_slices import OwnedSlice, read_slice
from legation.model.cluster import Endpoint, NamespacedName, SlicePort


def read(**fields: Any) -> OwnedSlice:
    labels = {"kubernetes.io/service-name": "echo"}
    metadata = {"name": "echo-abc", "namespace": "shop", "labels": labels, "resourceVersion": "7"}
    return read_slice(msgspec.Raw(msgspec.json.encode({"metadata": metadata, "addressType": "IPv6", **fields})))


def test_what_is_kept_of_a_slice() -> None:
    conditions = {"ready": False, "serving": True, "terminating": True}
    owner, found = read(
        ports=[{"name": "", "port": 8080, "protocol": "TCP", "appProtocol": "h2c"}, {"name": None, "port": None}],
        endpoints=[
            {
                "addresses": ["fd00::1", "fd00::2"],
                "conditions": conditions,
                "zone": "a",
                "nodeName": "n",
                "hints": {"forZones": [{"name": "a"}]},
                "targetRef": {"kind": "Pod", "name": "echo-1", "uid": "u1"},
            },
            {"addresses": ["fd00::3"], "targetRef": {"kind": "Pod", "name": "echo-2"}},
            {"addresses": ["fd00::4"], "conditions": {}, "zone": None, "targetRef": None},
        ],
    )
    assert owner == NamespacedName("shop", "echo")
    assert (found.name, found.address_type) == ("echo-abc", "IPv6")
    assert found.ports == (SlicePort(number=8080), SlicePort())
    assert found.endpoints == (
        Endpoint(addresses=("fd00::1", "fd00::2"), ready=False, serving=True, terminating=True, zone="a", target="u1"),
        Endpoint(addresses=("fd00::3",), target="echo-2"),
        Endpoint(addresses=("fd00::4",)),
    )


def test_a_slice_may_have_nothing() -> None:
    _, found = read(ports=None, endpoints=None)
    assert (found.ports, found.endpoints) == ((), ())


def test_a_slice_may_be_of_no_service() -> None:
    assert read(metadata={"name": "a"}).owner is None


def test_what_is_no_slice_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        read(addressType=None)
