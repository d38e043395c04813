"""How to trust a server, and how to show it who one is: an SSLContext made from PEM.

It reads the files that are named, and leaves none behind: ssl loads a certificate from files alone, so text gets one
that has no name, or that nobody else may read and that is gone at once. Invariant: without `insecure`, a context
verifies both the chain and the name.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

from legation.kube.connection import Connection, Pem


def context_for(connection: Connection, *, certificate: Pem, key: Pem) -> ssl.SSLContext:
    """Return a context for new connections.

    Args:
        connection: Whom to trust.
        certificate: What to show the server; nothing if it is empty.
        key: The certificate's.

    Raises:
        OSError: A file cannot be read.
        ssl.SSLError: What is in it cannot be used.
        ValueError: The same, in our own words.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if connection.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif connection.authority:
        # As Go does it: whoever is named may sign, be it a root or not; and a name in the subject is no name.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.hostname_checks_common_name = False
        _trust(context, connection.authority)
    else:
        context.load_default_certs()
    if certificate:
        load_pair(context, certificate=certificate, key=key)
    return context


def load_pair(context: ssl.SSLContext, *, certificate: Pem, key: Pem) -> None:
    """Have a context show a certificate. One that fails here is of no more use.

    Args:
        context: Whose connections show it.
        certificate: What is shown, with those that vouch for it behind it.
        key: The certificate's.

    Raises:
        OSError: A file cannot be read.
        ssl.SSLError: What is in it cannot be used.
        ValueError: The key is encrypted.
    """
    with _file_of(certificate) as chain_file, _file_of(key) as key_file:
        context.load_cert_chain(chain_file, key_file, password=_refuse)


def _trust(context: ssl.SSLContext, authority: Pem) -> None:
    data = authority.data or Path(authority.file).read_bytes()
    if b"-----BEGIN" not in data:
        raise ValueError("certificate-authority holds no certificate in PEM")
    context.load_verify_locations(cadata=data.decode("ascii", errors="replace"))


def _refuse() -> str:
    raise ValueError("the private key is encrypted, which only a person could undo")


@contextlib.contextmanager
def _file_of(pem: Pem) -> Iterator[str]:
    if not pem.data:
        yield pem.file
    elif hasattr(os, "memfd_create"):
        # A file system that is read-only has no room for a temporary file.
        with os.fdopen(os.memfd_create("pem"), "wb") as file:
            yield _filled(file.fileno(), pem.data, f"/proc/self/fd/{file.fileno()}")
    else:
        with tempfile.NamedTemporaryFile() as file:
            yield _filled(file.fileno(), pem.data, file.name)


def _filled(file: int, data: bytes, name: str) -> str:
    os.write(file, data)
    return name
