"""Whoever connects cannot fill the log, nor write words of its own into it: not by handshakes that fail."""

from __future__ import annotations

import contextlib
import socket
import ssl
from pathlib import Path

from tests.features.test_cli_serve import serving
from tests.unit.tls.signing import NAME, Authority

HANDSHAKES = 20


def strangers(port: int) -> None:
    """Fail in each way that gRPC has a line for."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    for number in range(HANDSHAKES):
        for said in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=30) as each:
                each.sendall(said)
                each.shutdown(socket.SHUT_WR)
                each.recv(1)
        for name in (NAME, f"words-of-a-stranger-{number}.example"):
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", port), timeout=30) as each,
                context.wrap_socket(each, server_hostname=name) as secure,
            ):
                secure.recv(1)


def test_handshakes_that_fail_leave_no_line(tmp_path: Path) -> None:
    own = Authority()
    material = own.material(Authority())
    manifests, folder = tmp_path / "manifests", tmp_path / "tls"
    manifests.mkdir()
    folder.mkdir()
    (folder / "tls.crt").write_bytes(material.certificate)
    (folder / "tls.key").write_bytes(material.key)
    (folder / "ca.crt").write_bytes(material.authorities or b"")
    with serving(manifests, "--tls", str(folder), "--client-ca", str(folder / "ca.crt")) as server:
        port = int(server.wait_event("listening")["addresses"][0].rpartition(":")[2])
        server.wait_event("ready")
        before = len(server.events)
        strangers(port)
        # It reads all that was written: what is no event of ours fails here.
        assert server.stop() == 0
    assert len(server.events) - before <= 5
    assert "words-of-a-stranger" not in str(server.events)
