"""Inside, every Pod's address is this machine; outside, nothing has changed."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.cluster.conftest import needed
from tests.cluster.network import Network

POD = "10.244.3.4"
SOMEBODY = 65534
"""The user who may nothing."""
AS_SOMEBODY = """
import os
from tests.cluster.network import Missing, Network
os.setuid(int(os.environ["SOMEBODY"]))
try:
    Network()
except Missing as missing:
    print(missing)
"""


@pytest.fixture
def network() -> Iterator[Network]:
    with needed(Network) as made:
        yield made


def reachable(address: str) -> bool:
    try:
        with socket.create_server((address, 0)) as server:
            socket.create_connection(server.getsockname()).close()
    except OSError:
        return False
    return True


def test_pods_have_addresses_inside_and_nowhere_else(network: Network) -> None:
    assert not reachable(POD)
    with network.entered():
        assert reachable(POD)
        assert reachable("127.0.0.1")
        assert not reachable("10.245.0.1")
    assert not reachable(POD)


def test_what_is_started_inside_is_inside(network: Network) -> None:
    found = []
    code = f"import socket; socket.create_server(({POD!r}, 0))"
    with network.entered():
        thread = threading.Thread(target=lambda: found.append(reachable(POD)))
        thread.start()
        thread.join()
        subprocess.run([sys.executable, "-c", code], check=True)
    assert found == [True]


def test_who_fails_inside_is_outside_again(network: Network) -> None:
    with pytest.raises(ZeroDivisionError), network.entered():
        _ = 1 / 0
    assert not reachable(POD)


def test_two_networks_do_not_meet(network: Network) -> None:
    with Network() as other, network.entered(), socket.create_server((POD, 0)) as server:
        with other.entered(), pytest.raises(ConnectionRefusedError):
            socket.create_connection(server.getsockname())
        socket.create_connection(server.getsockname()).close()


@pytest.mark.parametrize(("loses", "error"), [(False, errno.ENETUNREACH), (True, errno.EINPROGRESS)])
def test_what_is_sent_elsewhere_is_refused_or_lost(*, loses: bool, error: int) -> None:
    with needed(lambda: Network(loses=loses)) as made, made.entered(), socket.socket() as any_socket:
        any_socket.settimeout(0)
        assert any_socket.connect_ex(("192.0.2.1", 443)) == error
        assert reachable(POD)


def test_addresses_are_given_once(network: Network) -> None:
    given = [address for address, _ in zip(network.addresses(), range(600), strict=False)]
    assert len(set(given)) == len(given)
    with network.entered():
        assert reachable(given[-1])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_may_not_is_told_what_is_missing() -> None:
    environment = os.environ | {"SOMEBODY": str(SOMEBODY)}
    done = subprocess.run(
        [sys.executable, "-c", AS_SOMEBODY], capture_output=True, text=True, check=True, env=environment
    )
    assert "a network of its own takes CAP_SYS_ADMIN" in done.stdout
