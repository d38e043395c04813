"""TLS from a program: both floors of the library show what they are given."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import grpc
import pytest

from legation import ControlPlane, SnapshotServer
from legation.sources.memory import MemorySource
from legation.testing import FakeEnvoy
from legation.tls.shown import Ask, PortTls, Shown
from tests.features.stage import cluster
from tests.unit.tls.signing import NAME, Authority

PATIENCE = 20.0


def _plane(tls: PortTls) -> ControlPlane:
    source = MemorySource()
    source.put(cluster("web"))
    return ControlPlane([source], xds_bind="127.0.0.1", xds_port=0, rest_port=0, tls=tls)


def _server(tls: PortTls) -> SnapshotServer:
    server = SnapshotServer(bind="127.0.0.1", port=0, rest_port=0, tls=tls)
    server.set("edge", [{"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "web"}])
    return server


@pytest.mark.parametrize("make", [_plane, _server])
async def test_an_envoy_that_shows_a_good_certificate_is_served(make: object) -> None:
    assert callable(make)
    shown, own, envoys = Shown(), Authority(), Authority()
    tls = shown.port(Ask.REQUIRED)
    shown.show(own.material(envoys))
    served: AbstractAsyncContextManager[object] = make(tls)
    async with served:
        port = getattr(served, "xds_port", None) or getattr(served, "port", 0)
        pair = envoys.client("spiffe://home/node/edge")
        credentials = grpc.ssl_channel_credentials(own.pem, pair.key, pair.certificate)
        async with FakeEnvoy(f"127.0.0.1:{port}", node="edge", credentials=credentials, server_name=NAME) as envoy:
            async with asyncio.timeout(PATIENCE):
                await envoy.has("clusters", {"web"})
