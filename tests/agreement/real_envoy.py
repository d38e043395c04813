"""What the real Envoy says of resources, as their owner wrote them: an opinion that owes nothing to legation.

One Envoy runs for all cases. It reads clusters, listeners and runtime from files of JSON that are moved into place, by
its own loader; what comes over other services is asked for by a probe, from a file too. What was refused is seen in
Envoy's own counters, and why in its log. Nothing here imports legation.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.agreement.probes import ASKED_FOR, PREFIX, Json, bound_nowhere, host_in_routes, probe

PATIENCE = 20.0
"""Seconds that one update may take; it takes some milliseconds."""

_OUTCOME = re.compile(r"^(?P<name>.*)\.update_(?P<what>success|rejected|failure): [1-9]\d*$", re.MULTILINE)
_MESSAGE = re.compile(r"^(?=\[(?:warning|error|critical)\])", re.MULTILINE)
_COUNTED_AS = {"cds": "cluster_manager.cds", "lds": "listener_manager.lds", "rtds": "runtime"}
_ITSELF = {"Runtime": "rtds", "Cluster": "cds", "Listener": "lds"}
"""What comes by itself, in the order in which it is given, and what brings it."""
_NO_RUNTIME = {"@type": f"{PREFIX}envoy.service.runtime.v3.Runtime", "name": "runtime", "layer": {}}
_HTTP = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_HTTP2 = {"@type": f"{PREFIX}{_HTTP}", "explicit_http_config": {"http2_protocol_options": {}}}
# A cluster without endpoints: what is asked for by ADS is never answered, and nothing leaves the machine.
_NOWHERE = {"name": "nowhere", "type": "STATIC", "typed_extension_protocol_options": {_HTTP: _HTTP2}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What Envoy said of one case."""

    accepts: bool
    words: str = ""
    """Its reason, as its log has it."""
    crashed: bool = False

    @property
    def way(self) -> str:
        """What sort of mistake it is: against the `schema`, against a `rule` of the protos, or in `meaning`."""
        if self.accepts or self.crashed:
            return ""
        if "Unable to parse JSON as proto" in self.words or "has unknown fields" in self.words:
            return "schema"
        return "rule" if "Proto constraint validation failed" in self.words else "meaning"


class _Refused(Exception):
    """Envoy refused what it was given last."""


class RealEnvoy:
    """A running Envoy that judges case after case.

    Args:
        binary: The program.
        folder: Where it may write.
    """

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary = binary
        self._folder = folder
        self._files = folder / "files"
        self._files.mkdir()
        self._log = folder / "envoy.log"
        self._read = 0
        """How much of the log is about earlier cases."""
        self._probes = 0
        self._filled: set[str] = set()
        """The services whose files hold something of this case."""

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def judge(self, resources: Sequence[Json]) -> Said:
        """Return what Envoy says of these resources, given to it together and alone.

        Args:
            resources: Each with `@type`, in whatever spelling.
        """
        self._read = self._log.stat().st_size
        try:
            said = self._judged(resources)
            self._clear()
        except ConnectionError:
            said = Said(accepts=False, words=self._words(), crashed=True)
            self._stop()
            self._start()
        return said

    def _judged(self, resources: Sequence[Json]) -> Said:
        try:
            self._give(resources)
        except _Refused:
            return Said(accepts=False, words=self._words())
        return Said(accepts=True)

    def _give(self, resources: Sequence[Json]) -> None:
        by_service: dict[str, list[Json]] = {service: [] for service in _ITSELF.values()}
        for each in resources:
            if service := _ITSELF.get(_kind(each)):
                by_service[service].append(bound_nowhere(each) if service == "lds" else each)
        for service, given in by_service.items():
            if given:
                self._update(service, given)
        for each in resources:
            kind, asked_for = _kind(each), each
            if kind == "VirtualHost":
                kind, asked_for = "RouteConfiguration", host_in_routes(each)
            if kind in ASKED_FOR:
                self._ask_for(kind, asked_for, by_service)

    def _update(self, service: str, resources: Sequence[Json]) -> None:
        """Give a file and wait for the verdict on it."""
        self._admin("/reset_counters", method="POST")
        self._write(service, resources)
        self._filled.add(service)
        self._verdict(f"{re.escape(_COUNTED_AS[service])}$")

    def _ask_for(self, kind: str, resource: Json, others: dict[str, list[Json]]) -> None:
        """Add what asks for the resource to clusters or listeners, and wait for the verdict on the resource."""
        self._probes += 1
        name = f"probe-{self._probes}"
        self._write(name, (resource,))
        service, asking = probe(kind, resource, self._source(name), name=name)
        self._update(service, (*others[service], asking))
        of_routes = r"(scoped_)?rds\.(?!.*vhds)"
        self._verdict(rf"cluster\.{name}$|http\.{name}\.{of_routes}|sds\.|extension_config_discovery\.")

    def _verdict(self, name: str) -> None:
        """Wait until Envoy has taken or refused something since the last update, and raise if it refused."""
        for _ in _until(PATIENCE):
            text = self._admin("/stats?usedonly&filter=update_(success|rejected|failure)")
            outcomes = {each["what"] for each in _OUTCOME.finditer(text) if re.match(name, each["name"])}
            if outcomes & {"rejected", "failure"}:
                raise _Refused
            if outcomes:
                return
        raise TimeoutError(f"Envoy says nothing of {name}:\n{self._words()}")

    def _clear(self) -> None:
        """Leave nothing of this case to the next one."""
        for service in sorted(self._filled - {"rtds"}, reverse=True):
            self._update(service, ())
        self._filled.clear()

    def _words(self) -> str:
        with self._log.open("rb") as log:
            log.seek(self._read)
            lines = _MESSAGE.split(log.read().decode(errors="replace"))
        telling = [line for line in lines if "update rejected" in line or "update failure" in line]
        words = telling or [line for line in lines if line.startswith(("[error]", "[critical]"))]
        return " | ".join(line.strip() for line in words)

    def _write(self, name: str, resources: Sequence[Json]) -> None:
        fresh = self._folder / "fresh"
        fresh.write_text(json.dumps({"resources": list(resources)}))
        fresh.rename(self._file(name))

    def _file(self, name: str) -> Path:
        return self._files / f"{name}.json"

    def _source(self, name: str) -> Json:
        return {"path_config_source": {"path": str(self._file(name))}, "resource_api_version": "V3"}

    def _start(self) -> None:
        for each in _COUNTED_AS:
            self._write(each, (_NO_RUNTIME,) if each == "rtds" else ())
        bootstrap, address = self._folder / "bootstrap.json", self._folder / "admin"
        bootstrap.write_text(json.dumps(self._bootstrap()))
        address.unlink(missing_ok=True)
        small = ("--log-level", "warn", "--log-format", "[%l] %v", "--concurrency", "1", "--disable-hot-restart")
        # As it reads what stands in its own bootstrap; otherwise it only warns of what it does not know.
        strict = "--reject-unknown-dynamic-fields"
        # A listener that drains keeps the watch on its probe's file, and a user has few of these.
        drains = ("--drain-time-s", "0", "--drain-strategy", "immediate")
        command = (self._binary, "-c", bootstrap, *small, strict, *drains, "--admin-address-path", address)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder
            )
        try:
            self._connect(address)
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def _connect(self, address: Path) -> None:
        for _ in _until(PATIENCE):
            if self._process.poll() is not None:
                break
            if address.exists() and (text := address.read_text().strip()):
                self._http = http.client.HTTPConnection(text, timeout=PATIENCE)
                with contextlib.suppress(ConnectionError):
                    if self._admin("/ready") == "LIVE\n":
                        return
        raise RuntimeError(f"Envoy does not start:\n{self._log.read_text()}")

    def _stop(self) -> None:
        self._http.close()
        self._process.kill()
        self._process.wait()

    def _admin(self, path: str, *, method: str = "GET") -> str:
        try:
            self._http.request(method, path)
            return self._http.getresponse().read().decode()
        except (http.client.HTTPException, OSError) as error:
            self._http.close()
            raise ConnectionError(str(error)) from error

    def _bootstrap(self) -> dict[str, Any]:
        ads = {"api_type": "GRPC", "transport_api_version": "V3"}
        runtime = {"name": "rtds", "rtds_layer": {"name": "runtime", "rtds_config": self._source("rtds")}}
        return {
            "node": {"id": "agreement", "cluster": "agreement"},
            "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
            "static_resources": {"clusters": [_NOWHERE]},
            "dynamic_resources": {
                "cds_config": self._source("cds"),
                "lds_config": self._source("lds"),
                "ads_config": {**ads, "grpc_services": [{"envoy_grpc": {"cluster_name": "nowhere"}}]},
            },
            "layered_runtime": {"layers": [runtime]},
        }


def _kind(resource: Json) -> str:
    """Return the last word of the type; a cluster's for what is none, for Envoy to complain of."""
    kind = str(resource.get("@type")).rpartition(".")[2]
    return kind if kind in {*_ITSELF, *ASKED_FOR, "VirtualHost"} else "Cluster"


def _until(limit: float) -> Iterator[None]:
    """Yield until that many seconds have gone; the admin page is so slow that nobody has to wait between."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        yield
