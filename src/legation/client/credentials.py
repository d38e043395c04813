"""What a client shows and whom it trusts: files that others may replace at any time, read as they are at each call.

The one invariant: a token is never sent where others than this machine could read it.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from legation.client.targets import OPTIONS
from legation.errors import SettingsError
from legation.small_files import RenewedFile, stamps, why

_UNIX = "unix:"
_VARIABLES = {
    "ca": "LEGATION_CA",
    "token_file": "LEGATION_TOKEN_FILE",
    "cert": "LEGATION_CERT",
    "key": "LEGATION_KEY",
    "server_name": "LEGATION_SERVER_NAME",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a client shows, and whom it trusts. With `ca` or `cert` the connection has TLS."""

    ca: Path | str | None = None
    """A file with those who may sign the server's certificate (PEM)."""
    token_file: Path | str | None = None
    """A file with a token."""
    cert: Path | str | None = None
    """A file with a certificate, and those that lead to its authority (PEM)."""
    key: Path | str | None = None
    """Its key (PEM)."""
    server_name: str | None = None
    """Whose certificate the server has to show, where that is not the host of the target."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Credentials:
        """Return what the environment says: `LEGATION_CA`, `LEGATION_TOKEN_FILE`, `LEGATION_CERT`, `LEGATION_KEY`."""
        return cls(**{name: environ.get(variable) or None for name, variable in _VARIABLES.items()})

    @property
    def has_tls(self) -> bool:
        """Whether the connection has TLS."""
        return self.ca is not None or self.cert is not None

    def check(self, target: str) -> None:
        """Look whether all of it can be used for a target.

        Raises:
            SettingsError: It cannot.
        """
        if (self.cert is None) != (self.key is None):
            lacks = "key" if self.key is None else "cert"
            raise SettingsError(lacks, "a certificate and its key belong together; give both, or none")
        if self.token_file is not None and not self.has_tls and not _is_here(target):
            words = f"the token would go to {target} for everybody to read; say whom to trust there, with ca"
            raise SettingsError("token_file", words)


class Channels:
    """The connection of a client: another one as soon as its certificates are others."""

    def __init__(self, target: str, credentials: Credentials, *, make: Callable[..., Any], plain: Any) -> None:
        """Take where to and with what; the files are read.

        Args:
            target: Where to.
            credentials: What is shown, and whom it trusts.
            make: `secure_channel` of gRPC.
            plain: `insecure_channel` of gRPC.

        Raises:
            SettingsError: It cannot be used.
        """
        credentials.check(target)
        self._target, self._credentials = target, credentials
        self._make, self._plain = make, plain
        given = {"ca": credentials.ca, "cert": credentials.cert, "key": credentials.key}
        is_socket = target.startswith(_UNIX)
        self._files = {} if is_socket else {name: Path(path) for name, path in given.items() if path is not None}
        # Whoever opens the socket needs no token, and may not be who it is for.
        wants_token = credentials.token_file is not None and not is_socket
        self._token = RenewedFile(str(credentials.token_file)) if wants_token else None
        self._seen: object = None
        self._all: list[Any] = []
        self._lock = threading.Lock()
        for name, path in self._files.items():
            _readable(name, path)
        self.metadata()

    def current(self) -> Any:
        """Return the channel for the next call."""
        with self._lock:
            seen = stamps(str(each) for each in self._files.values())
            if not self._all or (seen != self._seen and self._read_anew()):
                self._seen = seen
                # One that is given up goes on for its calls, and ends with the client.
                self._all.append(self._made())
            return self._all[-1]

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """Return what goes with each call.

        Raises:
            SettingsError: The file of the token cannot be read, or is none.
        """
        if self._token is None:
            return ()
        try:
            token = self._token.read().decode("ascii").strip()
        except OSError as error:
            raise SettingsError("token_file", f"it cannot be read: {why(error)}") from error
        except UnicodeDecodeError:
            raise SettingsError("token_file", "it holds no token") from None
        if not token or not token.isprintable() or " " in token:
            raise SettingsError("token_file", "it holds no token, or more than one")
        return (("authorization", f"Bearer {token}"),)

    def taken(self) -> tuple[Any, ...]:
        """Return all channels there are, to be closed; the next call makes another."""
        with self._lock:
            channels, self._all = tuple(self._all), []
        return channels

    def _read_anew(self) -> bool:
        # While a file is not there the connection before goes on.
        return all(each.is_file() for each in self._files.values())

    def _made(self) -> Any:
        if not self._files:
            return self._plain(self._target, options=OPTIONS)
        contents = {name: _readable(name, path) for name, path in self._files.items()}
        secrets = grpc.ssl_channel_credentials(
            root_certificates=contents.get("ca"),
            private_key=contents.get("key"),
            certificate_chain=contents.get("cert"),
        )
        name = self._credentials.server_name
        named = () if name is None else (("grpc.ssl_target_name_override", name),)
        return self._make(self._target, secrets, options=(*OPTIONS, *named))


def blocking_channels(target: str, credentials: Credentials) -> Channels:
    """Return those of the client that blocks."""
    return Channels(target, credentials, make=grpc.secure_channel, plain=grpc.insecure_channel)


def aio_channels(target: str, credentials: Credentials) -> Channels:
    """Return those of the client for asyncio."""
    return Channels(target, credentials, make=grpc.aio.secure_channel, plain=grpc.aio.insecure_channel)


def _readable(name: str, path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(name, f"{path} cannot be read: {why(error)}") from error
    if b"-----BEGIN " not in content:
        raise SettingsError(name, f"there is nothing in {path} that could be it (PEM)")
    return content


def _is_here(target: str) -> bool:
    """Say whether what is sent to a target stays on this machine."""
    if target.startswith(_UNIX):
        return True
    host = target.rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
