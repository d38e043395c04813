"""The limit: a bare `grpc.aio` server that knows no protocol. It pushes shared bytes to all and judges no answer.

python -m bench.bare FOLDER
"""

from __future__ import annotations

import asyncio
import gc
import sys
from functools import cache
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.router.v3 import router_pb2 as _router
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as _manager
from envoy.service.discovery.v3.discovery_pb2 import (
    DeltaDiscoveryRequest,
    DeltaDiscoveryResponse,
    DiscoveryRequest,
    DiscoveryResponse,
)
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.json_format import ParseDict

from bench.changes import changes
from bench.manifests import TYPE_URLS, Config, load, marked

_MESSAGES = {"Cluster": Cluster, "Endpoint": ClusterLoadAssignment, "Listener": Listener, "Route": RouteConfiguration}
_FOUND_BY_JSON = (_router, _manager)
"""Types of messages within messages, which are known once their module is loaded."""


class Variant:
    """State of the world or delta: how a response is built, and who is connected."""

    def __init__(self, request: Any, response: Any) -> None:
        self.request = request
        self.response = response
        self.streams: dict[Any, int] = {}
        """Each call, and how many responses it got."""

    def body(self, url: str, resources: dict[str, AnyMessage]) -> bytes:
        """Return a response but its nonce: fields may come in any order, so that can follow."""
        if self.response is DiscoveryResponse:
            parts = DiscoveryResponse(type_url=url, version_info="1", resources=resources.values())
        else:
            parts = DeltaDiscoveryResponse(type_url=url)
            for name, each in resources.items():
                parts.resources.add(name=name, version="1", resource=each)
        return bytes(parts.SerializeToString())

    def numbered(self, body: bytes, context: Any) -> bytes:
        """Return the response with the next nonce of that call."""
        number = self.streams[context] = self.streams[context] + 1
        return body + self._nonce(number)

    @cache  # noqa: B019 - there are two variants, as long as the program runs
    def _nonce(self, number: int) -> bytes:
        return bytes(self.response(nonce=str(number)).SerializeToString())


class Bare:
    """All that is served."""

    def __init__(self, configs: dict[tuple[str, str], Config]) -> None:
        self.variants = (
            Variant(DiscoveryRequest, DiscoveryResponse),
            Variant(DeltaDiscoveryRequest, DeltaDiscoveryResponse),
        )
        self.resources: dict[str, dict[str, AnyMessage]] = {url: {} for url in TYPE_URLS.values()}
        for (kind, name), config in configs.items():
            self.put(kind, name, config)
        self._bodies: dict[tuple[Variant, str], bytes] = {}

    def put(self, kind: str, name: str, config: Config) -> None:
        """Encode a resource."""
        packed = AnyMessage()
        packed.Pack(ParseDict(config, _MESSAGES[kind]()))
        self.resources[TYPE_URLS[kind]][name] = packed

    async def serve(self, variant: Variant, context: Any) -> None:
        """Answer the first request for each type with all of it."""
        asked = set()
        variant.streams[context] = 0
        try:
            while isinstance(data := await context.read(), bytes):
                url = variant.request.FromString(data).type_url
                if url not in asked:
                    asked.add(url)
                    await context.write(variant.numbered(self._whole(variant, url), context))
        finally:
            del variant.streams[context]

    def push(self, kind: str, name: str) -> None:
        """Send a changed resource to all delta streams, and its whole type to the others."""
        url = TYPE_URLS[kind]
        self._bodies.clear()
        sotw, delta = self.variants
        for variant, resources in ((sotw, self.resources[url]), (delta, {name: self.resources[url][name]})):
            if variant.streams:
                body = variant.body(url, resources)
                for context in variant.streams:
                    writing.add(task := asyncio.ensure_future(context.write(variant.numbered(body, context))))
                    task.add_done_callback(writing.discard)

    def _whole(self, variant: Variant, url: str) -> bytes:
        if (variant, url) not in self._bodies:
            self._bodies[variant, url] = variant.body(url, self.resources[url])
        return self._bodies[variant, url]


writing: set[asyncio.Future[None]] = set()


async def serve(folder: Path) -> None:
    """Serve until the input ends."""
    configs = load(folder)
    bare = Bare(configs)
    server = grpc.aio.server(options=[("grpc.max_concurrent_streams", 1 << 30)])
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {}
    for method, variant in zip(("StreamAggregatedResources", "DeltaAggregatedResources"), bare.variants, strict=True):

        async def handle(_: Any, context: Any, variant: Variant = variant) -> None:
            await bare.serve(variant, context)

        handlers[method] = grpc.stream_stream_rpc_method_handler(handle)
    service = "envoy.service.discovery.v3.AggregatedDiscoveryService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    async for kind, name, mark in changes():
        bare.put(kind, name, marked(kind, configs[kind, name], mark))
        bare.push(kind, name)
    await server.stop(None)


if __name__ == "__main__":
    gc.freeze()
    asyncio.run(serve(Path(sys.argv[1])))
