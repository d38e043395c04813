"""Finding message types by name, and nothing else by that way."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from legation.envoy import types
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER


@pytest.mark.parametrize(
    "name",
    [
        "envoy.config.cluster.v3.Cluster",
        "envoy.config.core.v3.GrpcService.EnvoyGrpc",
        "envoy.extensions.filters.http.wasm.v3.Wasm",
        "google.protobuf.Struct",
        "xds.type.v3.TypedStruct",
        "udpa.type.v1.TypedStruct",
    ],
)
def test_a_known_type_is_found(name: str) -> None:
    descriptor = types.find(name)
    assert descriptor is not None
    assert descriptor.full_name == name
    assert types.message_class(name).DESCRIPTOR is descriptor


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Cluster",
        "envoy",
        "envoy.Foo",
        "envoy.config.cluster.v3.Nope",
        "os.path.Join",
        "antigravity.X",
        "envoy..v3.X",
    ],
)
def test_an_unknown_type_is_not_found(name: str) -> None:
    assert types.find(name) is None
    with pytest.raises(LookupError):
        types.message_class(name)


def test_a_name_cannot_import_other_packages() -> None:
    types.find("antigravity.geohash.X")
    assert "antigravity" not in sys.modules
    assert types.neighbours("unittest.mock.X") == []


def test_the_neighbours_of_a_type_stand_in_its_package() -> None:
    assert types.neighbours("envoy.extensions.filters.http.router.v3.X") == [
        "envoy.extensions.filters.http.router.v3.Router"
    ]
    assert types.neighbours("not a name") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("envoy.api.v2.Listener", "envoy.config.listener.v3.Listener"),
        ("envoy.api.v2.auth.UpstreamTlsContext", "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"),
        ("envoy.config.filter.http.router.v2.Router", "envoy.extensions.filters.http.router.v3.Router"),
        ("envoy.config.filter.network.tcp_proxy.v2.TcpProxy", "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"),
        ("envoy.config.accesslog.v2.FileAccessLog", "envoy.extensions.access_loggers.file.v3.FileAccessLog"),
        ("envoy.config.cluster.v3.Cluster", None),
        ("envoy.no.v2.Such", None),
    ],
)
def test_a_type_of_the_old_api_knows_its_successor(old: str, new: str | None) -> None:
    assert types.successor(old) == new


def test_only_the_modules_that_are_needed_are_imported() -> None:
    code = (
        "import sys; from legation.envoy import codec; "
        "codec.encode({'@type': 'x/envoy.config.endpoint.v3.ClusterLoadAssignment', 'cluster_name': 'a'}); "
        "print(*sorted(name for name in sys.modules if name.startswith('envoy.') and name.endswith('_pb2')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "envoy.config.endpoint.v3.endpoint_pb2" in loaded
    assert not any("extensions" in name or "listener" in name for name in loaded)


def test_the_message_of_a_resource_is_made_of_its_bytes() -> None:
    """If they can be read."""
    known = types.message_class(CLUSTER.message)(name="web")
    made = Resource(type=CLUSTER, name="web", body=known.SerializeToString(), version="1")
    assert types.message_of(made) == known
    assert types.message_of(made) is not types.message_of(made)
    assert types.message_of(replace(made, body=b"\xff")) is None
