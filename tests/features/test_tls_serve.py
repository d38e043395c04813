"""`legation serve` with TLS: every port of a process, and nothing on any of them for who speaks none, or an old one."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import warnings
from pathlib import Path

import pytest

from tests.features.test_cli_serve import Server, serving
from tests.kubelet import mount
from tests.unit.tls.signing import NAME, Authority, trusting

PATIENCE = 30.0
SETTINGS = b"\x04\x00\x00\x00\x00\x00"
"""Of the head of the frame that an HTTP/2 server begins with: its type, no flags, the stream 0."""


class World:
    """A server whose files are there, and a client that it trusts."""

    def __init__(self, root: Path) -> None:
        self.root, self.own = root, Authority()
        self.objects, self.folder = root / "objects", root / "tls"
        self.objects.mkdir()
        self.policy = root / "policy.yaml"
        self.policy.write_text(
            'rules: [{who: ["dns:nobody"], may: [read], kinds: [Upstream], namespaces: [shop]}]\n', encoding="utf-8"
        )
        self.write()

    def write(self, **files: bytes) -> None:
        pair = self.own.server()
        given = {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": self.own.pem}
        mount(self.folder, {**given, **{name.replace("_", "."): content for name, content in files.items()}})

    def arguments(self, *more: str) -> tuple[str, ...]:
        ports = ("rest", "management", "management-http", "xds-token")
        return (
            *("--tls", str(self.folder), "--client-ca", str(self.folder / "ca.crt"), "--tls-health", "on"),
            *("--management-client-ca", str(self.folder / "ca.crt"), "--management-policy", str(self.policy)),
            *(part for each in ports for part in (f"--{each}-port", "0")),
            *("--state-dir", str(self.root / "state"), *more),
        )

    def client(self, newest: ssl.TLSVersion, *, shows: bool = True) -> ssl.SSLContext:
        """Return one that speaks this version at most, and at least too where that is an old one."""
        pair = self.own.client("spiffe://legation/node/edge") if shows else None
        context = trusting(self.own, shows=pair, folder=self.root)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            context.minimum_version = min(newest, ssl.TLSVersion.TLSv1_2)
            context.maximum_version = newest
        return context


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def ports(server: Server) -> dict[str, int]:
    """Return the ports with TLS of a server that is ready, by what they speak."""
    ready = server.wait_event("ready")
    (addresses,) = (each["addresses"] for each in server.events if each["event"] == "listening" and "addresses" in each)
    grpc = {int(each.rsplit(":", 1)[1]) for each in addresses}
    assert len(grpc) == 2
    urls = {name: ready[name] for name in ("rest", "health")}
    urls |= {("management-http" if "://" in each else "management"): each for each in ready["management"]}
    assert {each.partition("://")[0] for each in urls.values() if "://" in each} == {"https"}
    xds = int(ready["xds"].rsplit(":", 1)[1])
    (token,) = grpc - {xds}
    return {"xds": xds, "token": token, **{name: int(re.findall(r":(\d+)$", url)[0]) for name, url in urls.items()}}


def said(port: int, context: ssl.SSLContext | None, *, http: bool) -> bytes:
    """Return what a server says first to who speaks to it."""
    try:
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
            if context is not None:
                context.set_alpn_protocols(["http/1.1" if http else "h2"])
                connection = stack.enter_context(context.wrap_socket(connection, server_hostname=NAME))
            connection.sendall(
                b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
                if http
                else b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
            )
            return connection.recv(1000)
    except (ssl.SSLError, ConnectionError):
        return b""


def speaks(port: int, context: ssl.SSLContext | None, *, http: bool) -> bool:
    found = said(port, context, http=http)
    return found.startswith(b"HTTP/1.1 ") if http else SETTINGS in found[:20]


@pytest.mark.parametrize("oldest", ["1.2", "1.3"])
def test_no_port_says_anything_without_tls_or_with_an_old_one(world: World, oldest: str) -> None:
    with serving(world.objects, *world.arguments("--tls-min-version", oldest)) as server:
        for name, port in ports(server).items():
            http = name in {"rest", "health", "management-http"}
            found = {
                "none": speaks(port, None, http=http),
                **{
                    version.name: speaks(port, world.client(version), http=http)
                    for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
                },
                "shows nothing": speaks(port, world.client(ssl.TLSVersion.TLSv1_3, shows=False), http=http),
            }
            assert found == {
                "none": False,
                "TLSv1_1": False,
                "TLSv1_2": oldest == "1.2",
                "TLSv1_3": True,
                # Who shows none may show a token there.
                "shows nothing": name in {"token", "health", "management-http"},
            }, name
        assert server.stop() == 0
    assert not [each for each in server.events if each["level"] == "error"]


def test_a_broken_pair_at_the_start_keeps_the_ports_shut_until_it_is_mended(world: World) -> None:
    world.write(tls_key=world.own.server().key)
    xds = _free_port()
    with serving(world.objects, *world.arguments("--xds-port", str(xds))) as server:
        told = server.wait_event("tls files not used")
        assert told["level"] == "error"
        assert told["reason"].endswith("the key belongs to another certificate")
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", xds), timeout=PATIENCE):
            pass
        world.write()
        assert ports(server)["xds"] == xds
        assert speaks(xds, world.client(ssl.TLSVersion.TLSv1_3), http=False)
        assert server.stop() == 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
