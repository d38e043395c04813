"""What stands in a ConfigMap so that an Envoy serves from files, an Envoy that reads them, and backends of either kind.

Which backend a request goes to is decided by a number in it, in place of chance: of a hundred numbers in a row exactly
as many go to each as its weight says. To say so is one more field of the route, which has to stay when weights change.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import yaml

from demo.backends import backend
from demo.load import Load
from demo.proxy import Envoy
from tests.cluster.sidecars import SHOP
from tests.envoy.watching import Watching
from tests.envoy.world import AT_ONCE

BLUE, GREEN = "shop-blue", "shop-green"
NUMBER = "x-number"
"""The header that decides."""
_TYPES = "type.googleapis.com/envoy"

ROUTES = f"""\
# The weights are set by a TrafficSplit; all else is ours.
version_info: "0"
resources:
- "@type": {_TYPES}.config.route.v3.RouteConfiguration
  name: all
  virtual_hosts:
  - name: {SHOP}
    domains: ["*"]
    routes:
    - match: {{prefix: "/"}}
      route:
        weighted_clusters:
          header_name: {NUMBER}
          clusters:
          - name: {BLUE}
            weight: 100   # all, as it is written
          - {{name: {GREEN}, weight: 0}}
"""


def routes(*, blue: int, green: int) -> str:
    """Return the file of routes with other weights; every other byte is as it was."""
    found = ROUTES.replace("weight: 100 ", f"weight: {blue} ").replace("weight: 0}", f"weight: {green}}}")
    assert (found == ROUTES) == (blue == 100)
    return found


def files(ports: dict[str, int], output: Path, *, http2: bool) -> dict[str, str]:
    """Return all that an Envoy needs: a listener whose routes are a file, the routes, and clusters of backends."""
    source = {"path_config_source": {"path": str(output / "current" / "rds.yaml")}, "resource_api_version": "V3"}
    router = {"@type": f"{_TYPES}.extensions.filters.http.router.v3.Router"}
    manager = {
        "@type": f"{_TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "front",
        "rds": {"route_config_name": "all", "config_source": source},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
    }
    listener = _listener("front", manager) | {"@type": f"{_TYPES}.config.listener.v3.Listener"}
    clusters = [_cluster(name, port, http2=http2) for name, port in ports.items()]
    return {"cds.yaml": _response(clusters), "lds.yaml": _response([listener]), "rds.yaml": ROUTES}


def _response(resources: list[dict[str, Any]]) -> str:
    return yaml.safe_dump({"resources": resources}, sort_keys=False)


def _cluster(name: str, port: int, *, http2: bool) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    made: dict[str, Any] = {
        "@type": f"{_TYPES}.config.cluster.v3.Cluster",
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
    if http2:
        made["typed_extension_protocol_options"] = {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_TYPES}.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        }
    return made


def _listener(name: str, manager: dict[str, Any]) -> dict[str, Any]:
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    return {"name": name, "address": address, "filter_chains": [{"filters": filters}]}


# ---------------------------------------------------------------------------------------------------- what is running


class Reader(Watching):
    """An Envoy that reads files."""

    def __init__(self, envoy: Envoy) -> None:
        self.envoy = envoy

    async def until(self, look: Any, what: str) -> Any:
        """Wait until the look finds something, as long as it runs."""
        del what
        return await self.envoy.until(look)


@contextlib.contextmanager
def _started(bootstrap: dict[str, Any], folder: Path) -> Iterator[Envoy]:
    folder.mkdir()
    file = folder / "bootstrap.yaml"
    file.write_text(yaml.safe_dump(bootstrap))
    with Envoy(file, *AT_ONCE, folder=folder) as envoy:
        yield envoy


@contextlib.asynccontextmanager
async def reader(output: Path, folder: Path) -> AsyncIterator[Reader]:
    """Give an Envoy that reads clusters and listeners from files, and routes from the file that its listener names."""
    sources = {
        f"{kind}_config": {
            "path_config_source": {"path": str(output / "current" / f"{kind}.yaml")},
            "resource_api_version": "V3",
        }
        for kind in ("cds", "lds")
    }
    bootstrap = {"node": {"id": "edge", "cluster": "edge"}, "dynamic_resources": sources, **_ADMIN}
    with _started(bootstrap, folder) as envoy:
        await envoy.until(envoy.ready)
        yield Reader(envoy)


@contextlib.asynccontextmanager
async def backends(folder: Path, *, http2: bool) -> AsyncIterator[dict[str, int]]:
    """Give the ports of two that answer with their names; with `http2` they understand nothing but HTTP/2."""
    if http2:
        listeners = [_answering(name) for name in (BLUE, GREEN)]
        with _started({"static_resources": {"listeners": listeners}, **_ADMIN}, folder) as envoy:
            await envoy.until(envoy.ready)
            ports = {name: await envoy.listener_port(name) or 0 for name in (BLUE, GREEN)}
            yield ports
        return
    async with backend(BLUE) as blue, backend(GREEN) as green:
        yield {BLUE: blue, GREEN: green}


_ADMIN = {"admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}}}


def _answering(name: str) -> dict[str, Any]:
    answer = {"status": 200, "body": {"inline_string": name}}
    routes_of = [{"match": {"prefix": "/"}, "direct_response": answer}]
    manager = {
        "@type": f"{_TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "codec_type": "HTTP2",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes_of}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPES}.extensions.filters.http.router.v3.Router"},
            }
        ],
    }
    return _listener(name, manager)


# ------------------------------------------------------------------------------------------------------------ requests


class NumberedLoad(Load):
    """Requests with numbers in a row, and who answered each."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.answered: dict[int, str] = {}
        self.sent = 0

    def share(self, name: str, *, first: int, count: int) -> float:
        """Return which part of these requests somebody answered."""
        return sum(self.answered[number] == name for number in range(first, first + count)) / count

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, bool]:
        number = self.sent
        self.sent += 1
        self._request = f"GET / HTTP/1.1\r\nhost: {SHOP}\r\n{NUMBER}: {number}\r\n\r\n".encode()
        name, closing = await super()._ask(reader, writer)
        self.answered[number] = name
        return name, closing
