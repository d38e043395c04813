"""TLS of gRPC ports: what is shown is another from one handshake to the next; what a client showed, as its proof.

gRPC asks in a thread of its own, at each handshake. The one invariant: no error here opens anything: gRPC goes on with
what it had, which is never nothing.
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Protocol

import grpc

from legation.errors import TransportError
from legation.model.identity import CertificateProof
from legation.tls.client_certificates import of_pem
from legation.tls.handshakes import Handshakes
from legation.tls.material import Material
from legation.tls.shown import Ask, PortTls

CIPHERS = "GRPC_SSL_CIPHER_SUITES"
"""The variable that gRPC takes the cipher suites of TLS 1.2 from, once for the program, as soon as it is loaded."""
ONLY_1_3 = "ECDHE-PSK-AES128-CBC-SHA"
"""No client can agree on it, for there is no key that was shared before: TLS 1.3 alone is left, which has suites of its
own. gRPC in Python has no setting for the oldest version; 1.2 is the oldest that it speaks."""

_MOMENT = 0.25
"""Seconds. From the answer of `fetch` on, a thread needs some microseconds to take what it finds."""


def server_credentials(tls: PortTls) -> grpc.ServerCredentials:
    """Return what a secure port of gRPC is added with; there is something to show by then (`Shown.wait_ready`).

    Args:
        tls: What is shown, and what clients have to show.

    Raises:
        TransportError: gRPC cannot do what is asked for, or there is nothing to show.
    """
    if tls.ask is Ask.OPTIONAL:
        raise TransportError("gRPC cannot ask for a certificate and go on without one; use two ports")
    if tls.shown.minimum > ssl.TLSVersion.TLSv1_2 and os.environ.get(CIPHERS) != ONLY_1_3:
        raise TransportError(f"gRPC speaks TLS 1.2 too; set {CIPHERS}={ONLY_1_3} before it is loaded, or allow 1.2")
    initial = _configuration(tls, tls.shown.material)
    if initial is None:
        raise TransportError("there is nothing to show at a port with TLS, or nobody to trust")
    swapping = _Swapping(tls)
    return grpc.dynamic_ssl_server_credentials(
        initial,
        swapping.fetch,  # type: ignore[arg-type]  # the stubs do not know that None leaves all as it is
        require_client_authentication=tls.ask is Ask.REQUIRED,
    )


class _Swapping:
    """Tells gRPC at a handshake that something else is shown, when it is.

    gRPC takes what it is told without a lock, and frees what it had while another thread may begin a handshake with it:
    that ends the process. So it is told nothing without need; and before and after that, all handshakes wait a moment.
    """

    def __init__(self, tls: PortTls) -> None:
        self._tls = tls
        self._shown = tls.shown.material
        self._ended = self._ended_now()
        self._lock = threading.Lock()
        self._settled = 0.0

    def fetch(self) -> grpc.ServerCertificateConfiguration | None:
        self._tls.handshakes.begin(now=time.monotonic())
        with self._lock:
            # What was told last is being put in place.
            self._wait(self._settled)
            material = self._tls.shown.material
            ended = self._ended_now()
            # Sessions go on as long as gRPC is told nothing, also of clients whose authority has ended meanwhile.
            if material is self._shown and ended == self._ended:
                return None
            configuration = _configuration(self._tls, material)
            if configuration is None:
                return None
            # Who asked before begins a handshake with what it had.
            self._wait(time.monotonic() + _MOMENT)
            self._shown, self._ended = material, ended
            self._settled = time.monotonic() + _MOMENT
            return configuration

    def _ended_now(self) -> int:
        life = self._tls.shown.life
        return 0 if life is None else life.ended(time.time())

    @staticmethod
    def _wait(until: float) -> None:
        if (left := until - time.monotonic()) > 0:
            time.sleep(left)


def _configuration(tls: PortTls, material: Material | None) -> grpc.ServerCertificateConfiguration | None:
    # Without authorities gRPC would take those of the system.
    if material is None or (tls.ask is Ask.REQUIRED and not material.authorities):
        return None
    return grpc.ssl_server_certificate_configuration(
        [(material.key, material.certificate)],
        root_certificates=material.authorities if tls.ask is Ask.REQUIRED else None,
    )


class _Context(Protocol):
    def auth_context(self) -> Mapping[str, Iterable[bytes]]: ...

    def peer(self) -> str: ...


def certificate_of(context: _Context) -> CertificateProof | None:
    """Return what the client's certificate says that was verified in the handshake; None where it showed none.

    One that has ended since proves nothing, be it of a whole handshake or of one that took up a session of before.
    """
    proof = _shown(context)
    return None if proof is None or _is_over(proof) else proof


def has_ended(context: _Context) -> bool:
    """Say whether the client showed a certificate that has ended since: it has to connect anew with a newer one."""
    proof = _shown(context)
    return proof is not None and _is_over(proof)


def _is_over(proof: CertificateProof) -> bool:
    return proof.ends is None or proof.ends <= time.time()


def _shown(context: _Context) -> CertificateProof | None:
    said = context.auth_context()
    shown = tuple(said.get("x509_pem_cert", ()))
    # Its `peer_uri` and `peer_dns` end at the first zero byte of a name.
    return of_pem(shown[0]) if shown and tuple(said.get("transport_security_type", ())) == (b"ssl",) else None


def count_used(context: _Context, handshakes: Handshakes) -> None:
    """Count the connection of a stream among those whose handshake succeeded."""
    if tuple(context.auth_context().get("transport_security_type", ())) == (b"ssl",):
        handshakes.use(context.peer(), now=time.monotonic())
