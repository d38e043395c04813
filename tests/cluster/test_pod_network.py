"""A Pod's network has every port for itself, and meets those around it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.cluster.conftest import needed
from tests.cluster.network import Network
from tests.cluster.pod_network import PodNetwork

HERE = "10.244.3.4"
PORT = 1000


@pytest.fixture
def network() -> Iterator[Network]:
    with needed(Network) as made:
        yield made


def heard_by(server: socket.socket, address: str, *, source: str = "") -> tuple[bytes, str]:
    """Return what the server heard and from where, when somebody here sent it a datagram."""
    server.settimeout(5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((source, 0))
        client.sendto(b"hello", (address, server.getsockname()[1]))
        text, sender = server.recvfrom(100)
    return text, sender[0]


def test_each_pod_has_all_ports_and_its_own_address(network: Network) -> None:
    with ExitStack() as stack:
        pods = [stack.enter_context(PodNetwork(network, number)) for number in (1, 2)]
        servers = []
        for pod in pods:
            with pod.entered():
                server = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                server.bind(("0.0.0.0", PORT))
                servers.append(server)
        with network.entered():
            for pod, server in zip(pods, servers, strict=True):
                assert heard_by(server, pod.address) == (b"hello", pod.address[:-1] + "1")
                assert heard_by(server, pod.address, source=HERE) == (b"hello", HERE)


def test_a_pod_reaches_the_network_around_it_and_itself(network: Network) -> None:
    with PodNetwork(network, 7) as pod, network.entered(), socket.create_server((HERE, 0)) as server:
        address = server.getsockname()
        with pod.entered(), socket.create_connection(address, timeout=5), socket.create_server(("127.0.0.1", 0)) as own:
            socket.create_connection(own.getsockname(), timeout=5).close()
        connection, sender = server.accept()
        connection.close()
        assert sender[0] == pod.address


def test_pods_reach_each_other(network: Network) -> None:
    with PodNetwork(network, 8) as one, PodNetwork(network, 9) as other:
        with one.entered():
            server = socket.create_server(("0.0.0.0", PORT))
        with server:
            with other.entered():
                socket.create_connection((one.address, PORT), timeout=5).close()
            connection, sender = server.accept()
            connection.close()
            assert sender[0] == other.address


def test_what_nobody_listens_at_is_refused(network: Network) -> None:
    with (
        PodNetwork(network, 3) as pod,
        network.entered(),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(5)
        client.connect((pod.address, PORT))
        client.send(b"hello")
        with pytest.raises(ConnectionRefusedError):
            client.recv(100)


def test_it_is_gone_with_its_pod(network: Network) -> None:
    """Another Pod may then have its number."""
    for _ in range(2):
        with PodNetwork(network, 1) as pod, network.entered(), pytest.raises(ConnectionRefusedError):
            socket.create_connection((pod.address, PORT), timeout=5)
