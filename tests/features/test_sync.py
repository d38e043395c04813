"""`legation sync` as its users run it: a process that reads a directory or a cluster and writes files."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.web import until
from legation.model.api_kinds import ApiKind
from legation.testing import FakeKube
from legation.translate.traffic_split import SPLIT
from tests.unit.runtime.test_config_map_sets import routes

_LEGATION = str(Path(sys.executable).with_name("legation"))
_CLUSTERS = """\
resources:
- {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: NAME, type: STATIC}
"""
CONFIG_MAP = ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps")
PATIENCE = 30.0


def clusters(name: str) -> str:
    """Return the text of a file with one cluster."""
    return _CLUSTERS.replace("NAME", name)


def config_map(data: Mapping[str, str], **metadata: Any) -> dict[str, Any]:
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "edge-xds", **metadata}, "data": dict(data)}


def split(green: int, blue: int, **metadata: Any) -> dict[str, Any]:
    """Return a TrafficSplit."""
    backends = [{"service": "green", "weight": green}, {"service": "blue", "weight": blue}]
    return {
        "apiVersion": "split.smi-spec.io/v1alpha4",
        "kind": "TrafficSplit",
        "metadata": {"name": "podinfo", **metadata},
        "spec": {"service": "podinfo", "backends": backends},
    }


PIPE: Mapping[str, Any] = {
    "apiVersion": "servicemesh.l7mp.io/v1",
    "kind": "VirtualService",
    "metadata": {"name": "call", "namespace": "media"},
    "spec": {
        "selector": {"app": "edge", "tier": "front"},
        "listeners": [
            {
                "name": "call",
                "udp": {
                    "port": 2000,
                    "cluster": {
                        "name": "call",
                        "service_discovery": "strictdns",
                        "hash_key": "call",
                        "endpoints": [{"name": "one", "host": {"address": "127.0.0.1"}, "port": 3000}],
                    },
                },
            }
        ],
    },
}
"""For who has two labels, in another namespace than the node's."""


def save(folder: Path, name: str, value: Mapping[str, Any]) -> None:
    """Save a manifest as editors do."""
    folder.mkdir(exist_ok=True)
    new = folder / f".{name}"
    new.write_text(json.dumps(value))
    new.replace(folder / name)


class Sync:
    """A running `legation sync`, read by its log."""

    def __init__(self, process: subprocess.Popen[str], out: Path) -> None:
        self.process = process
        self.out = out
        self.current = out / "current"

    def event(self, name: str) -> dict[str, Any]:
        """Return the next event of that name in the log."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            found: dict[str, Any] = json.loads(line)
            if found["event"] == name:
                return found
        raise AssertionError(f"the log ended without {name}")

    async def has(self, name: str, text: str | None) -> None:
        """Wait until a file holds exactly that; None: until it is gone."""
        await until(lambda: _same(self.current / name, text), within=PATIENCE, what=f"{name} as it is to be")

    def stop(self) -> int:
        """End it, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


async def _same(path: Path, text: str | None) -> bool:
    return await asyncio.to_thread(_text, path) == text


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


@contextmanager
def syncing(out: Path, *args: str) -> Iterator[Sync]:
    """Run it for the time of a block."""
    command = [_LEGATION, "sync", str(out), "--log-format", "json", *args]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        try:
            yield Sync(process, out)
        finally:
            process.kill()


def once(out: Path, *args: str) -> tuple[int, str]:
    """Run it once, and return its exit status and its log."""
    command = [_LEGATION, "sync", str(out), "--once", "--log-format", "json", *args]
    done = subprocess.run(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=False, timeout=50)
    return done.returncode, done.stderr


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    """Return a directory with a ConfigMap of one file of routes."""
    save(tmp_path / "manifests", "edge.json", config_map({"rds.yaml": routes()}))
    return tmp_path / "manifests"


def test_once_writes_the_files_and_exits(tmp_path: Path, manifests: Path) -> None:
    """With the weights of the split: nothing else of the text changes."""
    save(manifests, "split.json", split(25, 75))
    status, log = once(tmp_path / "out", "--directory", str(manifests), "--config-maps", "edge-xds")
    assert status == 0, log
    shifted = routes().replace("weight: 100", "weight: 25").replace("weight: 0", "weight: 75")
    assert (tmp_path / "out/current/rds.yaml").read_text() == shifted


@pytest.mark.parametrize("names", ["missing", "edge-xds,missing"])
def test_once_fails_if_a_config_map_is_missing(tmp_path: Path, manifests: Path, names: str) -> None:
    """Its Envoy would start without a file; those that are there are written all the same."""
    status, log = once(tmp_path / "out", "--directory", str(manifests), "--config-maps", names)
    assert status == 1
    assert "there is no such ConfigMap" in log
    assert (tmp_path / "out/current/rds.yaml").exists() is ("edge-xds" in names)


def test_once_fails_if_a_file_is_broken(tmp_path: Path, manifests: Path) -> None:
    """And says which field."""
    save(manifests, "edge.json", config_map({"rds.yaml": routes().replace("name: edge", "naame: edge")}))
    status, log = once(tmp_path / "out", "--directory", str(manifests), "--config-maps", "edge-xds")
    assert status == 1
    assert "naame" in log
    assert not list((tmp_path / "out").rglob("*.yaml"))


@pytest.mark.parametrize(("matching", "held"), [("all", []), ("any", ["call"])])
def test_an_envoy_gets_the_pipes_that_the_rule_of_matching_gives_it(
    tmp_path: Path, matching: str, held: list[str]
) -> None:
    """By l7mp's old rule one label in any namespace is enough."""
    save(tmp_path / "manifests", "call.json", PIPE)
    who = ("--node", "edge", "--labels", "app=edge", "--directory", str(tmp_path / "manifests"))
    status, log = once(tmp_path / "out", *who, "--l7mp-matching", matching)
    assert status == 0, log
    found = [yaml.safe_load(each.read_text()) for each in (tmp_path / "out/current").glob("cds*")]
    assert [each["name"] for file in found for each in file["resources"]] == held


async def test_what_changes_is_written_and_what_is_broken_is_not(tmp_path: Path, manifests: Path) -> None:
    """The last good file stays, and so it does when the program ends."""
    with syncing(
        tmp_path / "out", "--directory", str(manifests), "--config-maps", "edge-xds", "--settle", "0.05"
    ) as run:
        run.event("ready")
        await run.has("rds.yaml", routes())
        save(manifests, "split.json", split(50, 50))
        shifted = routes().replace("weight: 100", "weight: 50").replace("weight: 0", "weight: 50")
        await run.has("rds.yaml", shifted)
        save(manifests, "edge.json", config_map({"rds.yaml": routes().replace("name: edge", "naame: edge")}))
        assert "naame" in run.event("problem")["problem"]
        await run.has("rds.yaml", shifted)
        (manifests / "split.json").unlink()
        save(manifests, "edge.json", config_map({"rds.yaml": routes("other")}))
        await run.has("rds.yaml", routes("other"))
        assert run.stop() == 0
    assert (tmp_path / "out/current/rds.yaml").read_text() == routes("other")


async def test_a_cluster_goes_after_the_routes_that_name_it(tmp_path: Path, manifests: Path) -> None:
    """Between them the file of clusters has both."""
    before = {"cds.yaml": clusters("green"), "rds.yaml": _to("green")}
    save(manifests, "edge.json", config_map(before))
    with syncing(
        tmp_path / "out", "--directory", str(manifests), "--config-maps", "edge-xds", "--settle", "0.5"
    ) as run:
        run.event("ready")
        seen: list[frozenset[str]] = []
        save(manifests, "edge.json", config_map({"cds.yaml": clusters("blue"), "rds.yaml": _to("blue")}))

        async def over() -> bool:
            found = yaml.safe_load((run.current / "cds.yaml").read_text())["resources"]
            routed = (run.current / "rds.yaml").read_text() == _to("blue")
            now = frozenset(each["name"] for each in found)
            if not seen or seen[-1] != now:
                seen.append(now)
            assert ("blue" in now) if routed else ("green" in now)
            return now == {"blue"}

        await until(over, within=PATIENCE, what="the old cluster gone")
        assert seen[-2:] == [{"green", "blue"}, {"blue"}]
        # The last step is what its owner wrote, byte for byte.
        await run.has("cds.yaml", clusters("blue"))


def _to(cluster: str) -> str:
    return (
        "resources:\n"
        '- {"@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration, name: edge, virtual_hosts: [{'
        f'name: a, domains: ["*"], routes: [{{match: {{prefix: /}}, route: {{cluster: {cluster}}}}}]}}]}}\n'
    )


@pytest.mark.parametrize("flags", [(), ("--keep-removed",)])
async def test_the_file_of_a_key_that_goes_is_removed_unless_it_is_to_stay(
    tmp_path: Path, manifests: Path, flags: tuple[str, ...]
) -> None:
    """What others put there is nobody's business."""
    save(manifests, "edge.json", config_map({"rds.yaml": routes(), "a.txt": "1", "b.txt": "1"}))
    args = ("--directory", str(manifests), "--config-maps", "edge-xds", "--settle", "0.05", *flags)
    with syncing(tmp_path / "out", *args) as run:
        run.event("ready")
        (run.current / "foreign.txt").write_text("somebody else's")
        save(manifests, "edge.json", config_map({"rds.yaml": routes(), "b.txt": "2"}))
        await run.has("b.txt", "2")
        await run.has("a.txt", "1" if flags else None)
        assert (run.current / "foreign.txt").exists()


async def test_with_the_layout_symlink_a_step_is_one_swap(tmp_path: Path, manifests: Path) -> None:
    """The link is another one after it."""
    args = ("--directory", str(manifests), "--config-maps", "edge-xds", "--layout", "symlink", "--settle", "0.05")
    with syncing(tmp_path / "out", *args) as run:
        run.event("ready")
        first = run.current.readlink()
        save(manifests, "edge.json", config_map({"rds.yaml": routes("other")}))
        await run.has("rds.yaml", routes("other"))
        assert run.current.readlink() != first


def test_the_health_page_tells_why_it_is_not_ready(tmp_path: Path, manifests: Path) -> None:
    """With the words of the problem."""
    args = ("--directory", str(manifests), "--config-maps", "edge-xds,missing", "--health-port", "0")
    with syncing(tmp_path / "out", *args) as run:
        url = run.event("health")["url"]
        assert _page(f"{url}/healthz") == (200, "ok\n")
        run.event("problem")
        status, text = _page(f"{url}/readyz")
        assert status == 503
        assert "missing" in text
        save(manifests, "missing.json", config_map({"a.txt": "1"}, name="missing"))
        run.event("ready")
        assert _page(f"{url}/readyz") == (200, "ready\n")
        _, counts = _page(f"{url}/metrics")
        assert "legation_files_written_total 2.0" in counts


def _page(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


# ------------------------------------------------------------------------------------------------------ in a cluster


@asynccontextmanager
async def cluster(
    tmp_path: Path,
) -> AsyncIterator[tuple[FakeKube, Callable[..., contextlib.AbstractContextManager[Sync]]]]:
    """Give an API server, and what runs the command against it."""
    async with FakeKube() as kube:
        kube.install(SPLIT)
        # No token of a kubeconfig is shown over plain HTTP.
        kube.tokens[""] = "anybody"
        config = {
            "current-context": "a",
            "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a", "namespace": "shop"}}],
            "clusters": [{"name": "a", "cluster": {"server": kube.connection.server}}],
            "users": [{"name": "a", "user": {}}],
        }
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(config))
        yield kube, lambda *args: syncing(tmp_path / "out", "--kubeconfig", str(path), *args)


async def test_in_a_cluster_it_reads_the_named_config_maps_alone(tmp_path: Path) -> None:
    """And the splits of their namespace."""
    async with cluster(tmp_path) as (kube, run_sync):
        kube.put(config_map({"rds.yaml": routes()}, namespace="shop"))
        kube.put(config_map({"other.txt": "1"}, namespace="shop", name="other"))
        with run_sync("--config-maps", "edge-xds") as run:
            await asyncio.to_thread(run.event, "ready")
            kube.put(split(10, 90, namespace="shop"))
            shifted = routes().replace("weight: 100", "weight: 10").replace("weight: 0", "weight: 90")
            await run.has("rds.yaml", shifted)
            kube.delete(CONFIG_MAP, "shop", "edge-xds")
            kube.put(config_map({"rds.yaml": routes("other")}, namespace="shop"))
            await run.has("rds.yaml", shifted.replace("name: edge", "name: other"))
            assert sorted(each.name for each in run.current.iterdir()) == ["rds.yaml"]
            assert await asyncio.to_thread(run.stop) == 0
