"""TLS of gRPC ports: what is shown is another from one handshake to the next; what a client showed, as its proof.

gRPC asks in a thread of its own, at each handshake. The one invariant: no error here opens anything: gRPC goes on with
what it had, which is never nothing.
"""

from __future__ import annotations

import functools
import os
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Protocol

import grpc
from cryptography import x509

from legation.errors import TransportError
from legation.model.identity import CertificateProof
from legation.tls.material import Material
from legation.tls.shown import Ask, PortTls

CIPHERS = "GRPC_SSL_CIPHER_SUITES"
"""The variable that gRPC takes the cipher suites of TLS 1.2 from, once for the program, as soon as it is loaded."""
ONLY_1_3 = "ECDHE-PSK-AES128-CBC-SHA"
"""No client can agree on it, for there is no key that was shared before: TLS 1.3 alone is left, which has suites of its
own. gRPC in Python has no setting for the oldest version; 1.2 is the oldest that it speaks."""

_MOST_RESUMED = 50_000
"""Connections that are remembered."""
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


class _Resumed:
    """The connections that took up a session of before, which nobody looks at a certificate for.

    It has to be good when the first stream comes. Later ones are as good: a connection lives on when its certificate
    ends, as one does that began with a whole handshake; an Envoy would try for ever on one that it does not give up.
    """

    def __init__(self) -> None:
        self._good: dict[str, float] = {}

    def has_shown(self, certificate: bytes, *, peer: str) -> bool:
        ends = _ends(certificate)
        if ends <= time.time():
            return self._good.get(peer) == ends
        # The newest stands last.
        self._good.pop(peer, None)
        self._good[peer] = ends
        while len(self._good) > _MOST_RESUMED:
            del self._good[next(iter(self._good))]
        return True


_resumed = _Resumed()


def certificate_of(context: _Context) -> CertificateProof | None:
    """Return what the client's certificate says that was verified in the handshake; None where it showed none.

    One that had ended when its connection took up a session of before proves nothing.
    """
    said = context.auth_context()
    shown = tuple(said.get("x509_pem_cert", ()))
    if tuple(said.get("transport_security_type", ())) != (b"ssl",) or not shown:
        return None
    whole = tuple(said.get("ssl_session_reused", ())) == (b"false",)
    if not whole and not _resumed.has_shown(shown[0], peer=context.peer()):
        return None
    return CertificateProof(uris=_texts(said.get("peer_uri", ())), dns=_texts(said.get("peer_dns", ())))


@functools.lru_cache(maxsize=10_000)
def _ends(certificate: bytes) -> float:
    """Return when a certificate ends, in Unix seconds; what cannot be read has ended."""
    try:
        return x509.load_pem_x509_certificate(certificate).not_valid_after_utc.timestamp()
    except ValueError:
        return 0.0


def _texts(values: Iterable[bytes]) -> tuple[str, ...]:
    # What is no text is no name that a rule could mean.
    return tuple(each.decode("utf-8", errors="backslashreplace") for each in values)
