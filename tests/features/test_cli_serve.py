"""`legation serve` as its users run it: a process, its log, its ports, its signals."""

from __future__ import annotations

import contextlib
import http.client
import json
import queue
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest, DiscoveryResponse
from google.rpc.status_pb2 import Status

from legation.management.v1 import management_pb2 as pb

_LEGATION = str(Path(sys.executable).with_name("legation"))
"""The command, as it is installed."""

_CLUSTER = """\
apiVersion: bootes.io/v1
kind: Cluster
metadata: {name: edge}
spec:
  config: {name: edge, type: STATIC, connect_timeout: 1s}
"""
_CLUSTER_TYPE = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
_PORTS = ("--xds-port", "0", "--admin-port", "0", "--health-port", "0")


class Server:
    """A running `legation serve`, read by its log."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []

    def wait_event(self, name: str) -> dict[str, Any]:
        """Return the next event of that name in the log."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            event: dict[str, Any] = json.loads(line)
            self.events.append(event)
            if event["event"] == name:
                return event
        raise AssertionError(f"the log ended without {name}: {self.events}")

    def get(self, url: str, **headers: str) -> tuple[int, str]:
        """Return status and text of a page."""
        found = re.fullmatch(r"http://(.+):(\d+)", url.rsplit("/", 1)[0])
        assert found
        connection = http.client.HTTPConnection(found[1], int(found[2]), timeout=30)
        connection.request("GET", "/" + url.rsplit("/", 1)[1], headers=headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        _, rest = self.process.communicate(timeout=30)
        self.events += [json.loads(line) for line in rest.splitlines()]
        return self.process.returncode


@contextmanager
def serving(directory: Path, *args: str) -> Iterator[Server]:
    """Run `legation serve` for the time of a block."""
    command = [_LEGATION, "serve", str(directory), *_PORTS, *args]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        try:
            yield Server(process)
        finally:
            process.kill()


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    """Return a directory with one good cluster."""
    directory = tmp_path / "manifests"
    directory.mkdir()
    (directory / "edge.yaml").write_text(_CLUSTER, encoding="utf-8")
    return directory


Requests = queue.SimpleQueue[DiscoveryRequest | None]


@contextmanager
def cluster_stream(xds: str, *, node: str) -> Iterator[tuple[Requests, Iterator[DiscoveryResponse]]]:
    """Ask for clusters; yield where further requests go, and the responses, of which none is read ahead."""
    method = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
    requests: Requests = queue.SimpleQueue()
    requests.put(DiscoveryRequest(type_url=_CLUSTER_TYPE, node=Node(id=node)))
    # Without probing for bandwidth the client takes no more than 64 kB on trust.
    with grpc.insecure_channel(xds, options=(("grpc.http2.bdp_probe", 0),)) as channel:
        call = channel.stream_stream(method, DiscoveryRequest.SerializeToString, DiscoveryResponse.FromString)
        responses = call(iter(requests.get, None), timeout=60)
        yield requests, responses
        requests.put(None)
        responses.cancel()


def wait_for(condition: Callable[[], bool]) -> None:
    """Ask again until it holds."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)  # another process sets no event of ours


def legation(*args: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run([_LEGATION, *args], capture_output=True, text=True, check=False, timeout=60)


def test_the_ready_line_says_where_everything_is_and_sigterm_exits_with_0(manifests: Path) -> None:
    """A whole life."""
    with serving(manifests) as server:
        ready = server.wait_event("ready")
        assert re.fullmatch(r"localhost:\d+", ready["xds"])
        assert server.get(ready["health"] + "/readyz") == (200, "ready\n")
        assert server.get(ready["health"] + "/healthz") == (200, "ok\n")
        assert 'legation_objects{kind="Cluster"} 1.0' in server.get(ready["health"] + "/metrics")[1]
        assert server.get(ready["admin"] + "/problems") == (200, "no problems\n")
        assert server.get(ready["admin"] + "/problems", host="rebound.example.org")[0] == 400
        with socket.create_connection(("localhost", int(ready["xds"].rpartition(":")[2])), timeout=30):
            assert server.stop() == 0
        assert [event["event"] for event in server.events][-2:] == ["stopping", "stopped"]


def test_while_an_envoy_is_let_go_the_pages_answer_and_say_that_it_drains(manifests: Path) -> None:
    """A load balancer learns it from /readyz before the process ends; the Envoy still gets its first answer."""
    large = _CLUSTER.replace("1s}", "1s, metadata: {filter_metadata: {large: {text: " + "x" * 1_000_000 + "}}}}")
    (manifests / "edge.yaml").write_text(large, encoding="utf-8")
    with serving(manifests, "--shutdown-grace", "60s") as server:
        ready = server.wait_event("ready")
        with cluster_stream(ready["xds"], node="front.default") as (_, responses):
            # What is not read does not go through: the stream stays busy.
            while not re.search(r'"sent": ?"[^"]', server.get(ready["admin"] + "/proxies")[1]):
                pass
            server.process.send_signal(signal.SIGTERM)
            server.wait_event("stopping")
            assert server.get(ready["health"] + "/readyz") == (503, "not ready: draining\n")
            assert server.get(ready["health"] + "/healthz") == (200, "ok\n")
            assert "front.default" in server.get(ready["admin"] + "/proxies")[1]
            assert server.process.poll() is None
            assert len(next(responses).resources) == 1
            with pytest.raises(grpc.RpcError, match="the server shuts down; connect again"):
                next(responses)
        assert server.process.wait(timeout=30) == 0


def test_sigint_stops_it_too(manifests: Path) -> None:
    """Control-C."""
    with serving(manifests) as server:
        server.wait_event("ready")
        assert server.stop(signal.SIGINT) == 0


def test_with_a_rest_port_the_ready_line_says_where_polls_go_and_sigterm_answers_them(manifests: Path) -> None:
    """A held poll is told at once that nothing is new."""
    with serving(manifests, "--rest-port", "0") as server:
        ready = server.wait_event("ready")
        host, _, port = ready["rest"].removeprefix("http://").rpartition(":")

        def ask(version: str) -> http.client.HTTPConnection:
            connection = http.client.HTTPConnection(host, int(port), timeout=30)
            body = json.dumps({"node": {"id": "edge"}, "version_info": version})
            connection.request("POST", "/v3/discovery:clusters", body, {"prefer": "wait=60"})
            return connection

        with contextlib.closing(ask("")) as first:
            said = json.loads(first.getresponse().read())
        assert [each["name"] for each in said["resources"]] == ["edge"]
        with contextlib.closing(ask(said["version_info"])) as held:
            admin = ready["admin"]
            wait_for(lambda: said["version_info"] in server.get(admin + "/proxies")[1].partition("accepted")[2])
            server.process.send_signal(signal.SIGTERM)
            assert held.getresponse().status == 304
        assert server.process.wait(timeout=30) == 0


def test_the_other_commands_find_it(manifests: Path) -> None:
    """`legation proxies` and `legation problems` ask its admin port."""
    (manifests / "bad.yaml").write_text(_CLUSTER.replace("edge", "bad").replace("1s", "soon"), encoding="utf-8")
    with serving(manifests) as server:
        admin = server.wait_event("ready")["admin"].removeprefix("http://")
        assert legation("proxies", "--admin", admin).stdout == "no Envoy is connected\n"
        problems = legation("problems", "--admin", admin).stdout
        assert problems.startswith("error: ")
        assert "bad.yaml:" in problems
        assert "connect_timeout" in problems


def test_what_an_envoy_refuses_is_in_the_table_with_its_own_words(manifests: Path) -> None:
    """From the refusal on the stream to a row of `legation proxies`."""
    with serving(manifests) as server:
        ready = server.wait_event("ready")
        with cluster_stream(ready["xds"], node="front.default") as (requests, responses):
            nonce = next(responses).nonce
            refusal = Status(code=3, message="Error adding/updating cluster(s) edge: it is too blue")
            requests.put(DiscoveryRequest(type_url=_CLUSTER_TYPE, response_nonce=nonce, error_detail=refusal))
            server.wait_event("problem")
            table = legation("proxies", "--admin", ready["admin"].removeprefix("http://")).stdout
    row = next(line for line in table.splitlines() if "front.default" in line)
    assert " Cluster " in row
    assert "of Cluster default/edge: " in row
    assert "it is too blue" in row


def test_with_a_state_folder_a_restart_with_a_broken_manifest_serves_the_last_good_one(manifests: Path) -> None:
    """And the problem is shown all the same."""
    args = ("--state-dir", str(manifests.parent / "state"))
    problems = ""
    for text in (_CLUSTER, _CLUSTER.replace("1s", "soon")):
        (manifests / "edge.yaml").write_text(text, encoding="utf-8")
        with serving(manifests, *args) as server:
            ready = server.wait_event("ready")
            metrics = server.get(ready["health"] + "/metrics")[1]
            problems = server.get(ready["admin"] + "/problems")[1]
            assert server.stop() == 0
        assert 'legation_resources{type="Cluster"} 1.0' in metrics
    assert "connect_timeout" in problems


@pytest.mark.parametrize("option", ["--xds-port", "--admin-port", "--health-port"])
def test_a_taken_port_is_one_line_that_names_the_flag_and_exit_1(manifests: Path, option: str) -> None:
    """Somebody else listens there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = legation("serve", str(manifests), *_PORTS, option, port, "--log-level", "error")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"legation: port {port} ")
    assert option in done.stderr


def test_a_directory_that_does_not_exist_is_one_line_and_exit_1(tmp_path: Path) -> None:
    """A typing error in the path."""
    done = legation("serve", str(tmp_path / "none"), *_PORTS, "--log-level", "error")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(tmp_path / "none") in done.stderr


def test_wrong_usage_is_one_line_and_exit_2(manifests: Path) -> None:
    """Before anything is opened."""
    done = legation("serve", str(manifests), "--xds-port", "http")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


# The management API


def managing(*args: str) -> contextlib.AbstractContextManager[Server]:
    """Run a server without a directory."""

    @contextmanager
    def run() -> Iterator[Server]:
        command = [_LEGATION, "serve", *_PORTS, *args]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
            try:
                yield Server(process)
            finally:
                process.kill()

    return run()


def apply(address: str, text: str) -> pb.ApplyResponse:
    """Store an object."""
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary(
            "/legation.management.v1.Management/Apply",
            request_serializer=pb.ApplyRequest.SerializeToString,
            response_deserializer=pb.ApplyResponse.FromString,
        )
        found: pb.ApplyResponse = call(pb.ApplyRequest(items=[pb.Item(text=text)]), timeout=60)
        return found


def test_with_the_management_api_there_need_be_no_directory(tmp_path: Path) -> None:
    """What was stored is served after the next start."""
    args = ("--management-port", "0", "--state-dir", str(tmp_path / "state"))
    with managing(*args) as server:
        [address] = server.wait_event("ready")["management"]
        assert apply(address, _CLUSTER).applied[0].outcome == pb.Applied.CREATED
        assert server.stop() == 0
    with managing(*args) as server:
        ready = server.wait_event("ready")
        assert server.get(ready["health"] + "/readyz") == (200, "ready\n")
        with cluster_stream(ready["xds"], node="front.default") as (_, responses):
            assert len(next(responses).resources) == 1
        assert server.stop() == 0


def test_a_watch_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    socket_path = tmp_path / "api.sock"
    with managing("--management-socket", str(socket_path), "--state-dir", str(tmp_path / "state")) as server:
        [address] = server.wait_event("ready")["management"]
        with grpc.insecure_channel(address) as channel:
            call = channel.unary_stream(
                "/legation.management.v1.Management/Watch",
                request_serializer=pb.WatchRequest.SerializeToString,
                response_deserializer=pb.WatchEvent.FromString,
            )
            events = call(pb.WatchRequest(), timeout=60)
            next(events)
            assert server.stop() == 0
        assert not socket_path.exists()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        pytest.param(("--management-port", "0"), "--state-dir", id="without a state folder"),
        pytest.param(
            ("--management-port", "0", "--management-bind", "0.0.0.0", "--state-dir", "{}/state"),
            "others than this machine reach that address: it needs TLS",
            id="bound for others",
        ),
        pytest.param(
            ("{}", "--management-port", "0", "--state-dir", "{}/state"), "which is watched", id="state in the directory"
        ),
        pytest.param(
            ("--management-socket", "{}/edge.yaml", "--state-dir", "{}/state"), "is there and no socket", id="a file"
        ),
    ],
)
def test_what_the_management_api_cannot_have_is_said(manifests: Path, args: tuple[str, ...], says: str) -> None:
    found = legation("serve", *_PORTS, *(each.format(manifests) for each in args))
    assert found.returncode == (1 if "no socket" in says else 2)
    assert says in found.stderr
