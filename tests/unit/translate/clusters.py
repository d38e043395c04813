"""Values of a Kubernetes cluster, as tests of what is made from them write them."""

from __future__ import annotations

from typing import Any

from legation.envoy.codec import encode
from legation.model.cluster import Cluster, Endpoint, NamespacedName, SecretData, Service, ServicePort, Slice, SlicePort
from legation.translate.by_name import Made, Maker

HTTP = ServicePort(name="http", number=80)


def made_by(maker: Maker, cluster: Cluster, name: str, *, now: float = 0) -> Made:
    """Make what the name stands for; whatever is made must please the codec."""
    target = maker.target(name)
    assert target is not None
    made = maker.make(name, target, cluster, now=now)
    if made.json is not None:
        encoded = encode(made.json)
        assert not encoded.findings
        assert encoded.resource is not None
        assert encoded.resource.name == name
    return made


def service(*slices: Slice, ports: tuple[ServicePort, ...] = (HTTP,), **more: Any) -> Cluster:
    """A cluster with the Service shop/echo."""
    echo = Service(namespace="shop", name="echo", ports=ports, slices=slices, **more)
    return Cluster(services={NamespacedName("shop", "echo"): echo})


def a_slice(*endpoints: Endpoint, name: str = "echo-1", kind: str = "IPv4", **port: Any) -> Slice:
    """A slice with one port, which is `http` at 8080 unless something else is said of it."""
    ports = (SlicePort(**{"name": "http", "number": 8080, **port}),)
    return Slice(name=name, address_type=kind, ports=ports, endpoints=endpoints)


def unnamed() -> Slice:
    """A slice whose one port has no name."""
    return Slice(name="echo-1", address_type="IPv4", ports=(SlicePort(number=8080),), endpoints=(at("10.0.0.1"),))


def at(address: str, **more: Any) -> Endpoint:
    """A ready endpoint, unless something else is said of it."""
    return Endpoint(addresses=(address,), **more)


def ending(address: str, **more: Any) -> Endpoint:
    """An endpoint that terminates and still serves."""
    return Endpoint(addresses=(address,), ready=False, serving=True, terminating=True, **more)


def secret(**data: bytes) -> Cluster:
    """A cluster with the Secret shop/cert; `tls_crt` is its key `tls.crt`."""
    held = SecretData(namespace="shop", name="cert", data={key.replace("_", "."): value for key, value in data.items()})
    return Cluster(secrets={NamespacedName("shop", "cert"): held})
