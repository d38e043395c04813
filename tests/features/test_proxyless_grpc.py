"""A gRPC client without a proxy, grpcio's own xDS, resolves a service through us and calls it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc

from legation.control_plane import ControlPlane
from legation.model.identity import Flaw, TokenProof
from legation.model.node import split_node_id
from legation.pki import certificates
from legation.runtime.admission import Rules
from legation.runtime.identity_rules import Identity
from legation.sources.memory import MemorySource
from legation.tls.material import Material
from legation.tls.shown import Ask, Shown
from legation.transports.grpc_server import GrpcTransport
from tests.envoy.tokens import Issuer
from tests.features.stage import ADS, Stage, bootes, eds_cluster, staged

_CALLER = Path(__file__).with_name("proxyless_caller.py")
_MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
POD = "proxyless.default"
HOUR = 3600.0
PATIENCE = 60.0
"""Seconds for a new process to resolve and call."""


async def test_a_proxyless_grpc_client_resolves_calls_and_follows_a_change() -> None:
    """LDS, RDS, CDS and EDS come from us; when the route names another cluster, the calls go there."""
    async with _greeter("one") as one, _greeter("two") as two:
        objects = (_listener(), _route("one"), *_cluster("one", one), *_cluster("two", two))
        async with staged(objects) as stage, _caller(_plain(stage)) as caller:
            assert await caller.hears() == "one"
            stage.apply(_route("two"))
            async with asyncio.timeout(PATIENCE):
                while await caller.hears() != "two":
                    pass
            accepted = await stage.plane.wait_accepted(timeout=PATIENCE)
            assert accepted
            assert accepted.accepted == ("proxyless",)


async def test_over_tls_it_proves_by_a_token_who_it_is(tmp_path: Path) -> None:
    """As docs/kubernetes.md has it: the authority and the token of a Pod's volume."""
    issuer = Issuer()
    token = issuer.token(POD)
    (tmp_path / "token").write_text(token)
    authority = certificates.authority(now=time.time(), seconds=HOUR)
    (tmp_path / "ca.crt").write_bytes(authority.certificate)
    pair = certificates.issue(authority, names=["localhost"], now=time.time(), seconds=HOUR)
    shown = Shown()
    shown.show(Material(certificate=pair.certificate, key=pair.key))
    transport = GrpcTransport(
        bind=["127.0.0.1"], port=0, tls=shown.port(Ask.NOTHING), tokens=_Known(token), shutdown_grace=1.0
    )
    source = MemorySource()
    async with _greeter("one") as one:
        for each in (_listener(), _route("one"), *_cluster("one", one)):
            source.put(each)
        rules = Rules(check_peer=False, identity=Identity())
        async with ControlPlane([source], transports=[transport], rules=rules) as plane:
            await plane.wait_ready()
            server = {
                "server_uri": f"dns:///localhost:{transport.port}",
                "channel_creds": [{"type": "tls", "config": {"ca_certificate_file": str(tmp_path / "ca.crt")}}],
                "call_creds": [{"type": "jwt_token_file", "config": {"jwt_token_file": str(tmp_path / "token")}}],
            }
            async with _caller(server, node=POD) as caller:
                assert await caller.hears() == "one"
            assert plane.denied() == ()


class _Known:
    """Knows one token. Fulfils `TokenChecker`."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def check(self, token: str) -> TokenProof | Flaw:
        if token != self._token:
            return Flaw(words="another one")
        name, namespace = split_node_id(POD)
        user = f"system:serviceaccount:{namespace}:edge"
        return TokenProof(user=user, namespace=namespace, service_account="edge", pod=name, pod_uid="1")


class _Caller:
    """The other process: it calls again and again, and prints a line for each answer."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def hears(self) -> str:
        """Return its next line: what it was answered, or what it says of a failure."""
        assert self._process.stdout
        assert self._process.stdin
        self._process.stdin.write(b"call\n")
        async with asyncio.timeout(PATIENCE):
            return (await self._process.stdout.readline()).decode().strip()


def _plain(stage: Stage) -> dict[str, Any]:
    return {"server_uri": stage.address, "channel_creds": [{"type": "insecure"}]}


@asynccontextmanager
async def _caller(server: dict[str, Any], *, node: str = "proxyless") -> AsyncIterator[_Caller]:
    bootstrap = {"xds_servers": [{**server, "server_features": ["xds_v3"]}], "node": {"id": node}}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        _CALLER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "GRPC_XDS_BOOTSTRAP_CONFIG": json.dumps(bootstrap),
            "GRPC_EXPERIMENTAL_XDS_BOOTSTRAP_CALL_CREDS": "true",
        },
    )
    try:
        yield _Caller(process)
    finally:
        assert process.stdin
        process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            await process.wait()


@asynccontextmanager
async def _greeter(name: str) -> AsyncIterator[int]:
    """Answer every call of one method with a name; give the port."""

    async def greet(request: bytes, context: Any) -> bytes:
        del request, context
        return name.encode()

    server = grpc.aio.server()
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(greet)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Greeter", {"Greet": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


def _listener() -> dict[str, Any]:
    manager = {
        "@type": _MANAGER,
        "rds": {"route_config_name": "greetings", "config_source": ADS},
        "http_filters": [{"name": "router", "typed_config": {"@type": _ROUTER}}],
    }
    return bootes("Listener", "greeter", {"name": "greeter", "api_listener": {"api_listener": manager}})


def _route(cluster: str) -> dict[str, Any]:
    routes = [{"match": {"prefix": ""}, "route": {"cluster": cluster}}]
    hosts = [{"name": "greeter", "domains": ["greeter"], "routes": routes}]
    return bootes("Route", "greetings", {"name": "greetings", "virtual_hosts": hosts})


def _cluster(name: str, port: int) -> tuple[dict[str, Any], dict[str, Any]]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    locality = {"region": "here"}
    lb_endpoints = [{"endpoint": {"address": address}, "load_balancing_weight": 1}]
    endpoints = [{"locality": locality, "load_balancing_weight": 1, "lb_endpoints": lb_endpoints}]
    return eds_cluster(name), bootes("Endpoint", name, {"cluster_name": name, "endpoints": endpoints})
