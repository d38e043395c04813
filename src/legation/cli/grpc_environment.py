"""What gRPC reads from the environment, once, when it is loaded: it has to be there before.

It must not import gRPC, nor anything that does.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping

from legation.errors import SettingsError

_CIPHERS, _ONLY_1_3 = "GRPC_SSL_CIPHER_SUITES", "ECDHE-PSK-AES128-CBC-SHA"
"""See `legation.transports.grpc_tls`."""


def prepare_grpc(environ: MutableMapping[str, str], *, oldest: str) -> None:
    """Say to gRPC how much it logs, and which versions of TLS it speaks.

    Args:
        environ: The environment of this process.
        oldest: The oldest version of TLS, `1.2` or `1.3`.

    Raises:
        SettingsError: It is loaded already, so that it would speak older ones.
    """
    # Else it writes a line to standard error for each handshake that fails, and one with whatever server name a client
    # asks for, which it takes for an error of ours: whoever connects could fill a disk, with words of its own.
    environ.setdefault("GRPC_VERBOSITY", "NONE")
    if oldest == "1.2" or environ.get(_CIPHERS) == _ONLY_1_3:
        return
    if "grpc" in sys.modules:
        raise SettingsError(
            "--tls-min-version", "gRPC is loaded already and speaks TLS 1.2; start a process of its own"
        )
    environ[_CIPHERS] = _ONLY_1_3
