"""Loads certificates and keys into an SSLContext, from texts and from files.

It leaves no file behind: ssl loads a certificate from files alone, so text gets one that has no name, or that nobody
else may read and that is gone at once.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator

from legation.tls.pem import Pem


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
