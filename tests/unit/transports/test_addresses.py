from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator

import pytest

from legation.errors import TransportError
from legation.transports import addresses
from legation.transports.addresses import free_addresses


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port where something listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = addresses._probe

    def only_ipv4(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        return probe(family, address, port)

    monkeypatch.setattr(addresses, "_probe", only_ipv4)


def failing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def probe(*_: object) -> socket.socket:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(addresses, "_probe", probe)


def test_localhost_is_both_families_on_one_free_port() -> None:
    found, port = free_addresses(["localhost"], 0)

    assert port > 0
    assert found == (f"127.0.0.1:{port}", f"[::1]:{port}")


def test_a_machine_without_ipv6_listens_on_the_other_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    without_ipv6(monkeypatch)
    found, port = free_addresses(["localhost"], 0)

    assert found == (f"127.0.0.1:{port}",)


@pytest.mark.parametrize("bind", [["0.0.0.0"], ["::"], ["*"], ["127.0.0.1", "::"]])
def test_every_wildcard_is_every_address_of_both_families(bind: list[str]) -> None:
    found, port = free_addresses(bind, 0)

    assert found == (f"[::]:{port}",)


def test_a_wildcard_without_ipv6_is_every_address_of_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    without_ipv6(monkeypatch)
    found, port = free_addresses(["::"], 0)

    assert found == (f"0.0.0.0:{port}",)


def test_an_address_that_is_given_twice_is_listened_on_once() -> None:
    found, port = free_addresses(["127.0.0.1", "localhost"], 0)

    assert found == (f"127.0.0.1:{port}", f"[::1]:{port}")


def test_a_taken_port_is_told_with_the_mend(taken: int) -> None:
    with pytest.raises(TransportError) as told:
        free_addresses(["localhost"], taken)

    assert str(told.value) == (
        f"port {taken} on localhost is taken by another program; stop it, or choose another port with --xds-port"
        " (in a program: port=; 0 takes a free one)"
    )


def test_a_port_that_is_free_in_one_family_only_is_not_taken_for_free(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, errno.EADDRINUSE)

    with pytest.raises(TransportError, match="no port is free on localhost"):
        free_addresses(["localhost"], 0)


def test_an_address_of_another_machine_is_told_with_the_mend() -> None:
    # 192.0.2.0/24 is for documentation: no machine has it.
    with pytest.raises(TransportError) as told:
        free_addresses(["192.0.2.1"], 0)

    assert str(told.value) == (
        "192.0.2.1 is not an address of this machine; choose localhost or another with --xds-bind (in a program: bind=)"
    )


def test_a_name_that_is_no_address_is_told_with_the_mend() -> None:
    with pytest.raises(TransportError, match="no such host is not an address of this machine; choose localhost or"):
        free_addresses(["no such host"], 0)


def test_a_machine_without_a_loopback_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, errno.EADDRNOTAVAIL)

    with pytest.raises(TransportError, match="localhost is not an address of this machine"):
        free_addresses(["localhost"], 0)


def test_a_privileged_port_is_told_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, errno.EACCES)

    with pytest.raises(TransportError, match="port 80 on localhost needs privileges; choose another port with"):
        free_addresses(["localhost"], 80)


def test_any_other_failure_is_told_in_the_words_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, errno.EMFILE)

    with pytest.raises(TransportError, match="port 80 on localhost cannot be listened on: Too many open files"):
        free_addresses(["localhost"], 80)


def test_no_address_at_all_is_told() -> None:
    with pytest.raises(TransportError, match="there is no address to listen on; give localhost"):
        free_addresses([], 0)
