"""How to trust a server, and how to show it who one is: an SSLContext made from PEM.

It reads the files that are named. Invariant: without `insecure`, a context verifies both the chain and the name.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from legation.kube.connection import Connection
from legation.tls.loading import load_pair
from legation.tls.pem import Pem


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


def _trust(context: ssl.SSLContext, authority: Pem) -> None:
    data = authority.data or Path(authority.file).read_bytes()
    if b"-----BEGIN" not in data:
        raise ValueError("certificate-authority holds no certificate in PEM")
    context.load_verify_locations(cadata=data.decode("ascii", errors="replace"))
