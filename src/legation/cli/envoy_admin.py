"""An Envoy's configuration: asked for at its admin address (HTTP or a Unix socket), or a dump that was saved before."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from legation.cli.where import Unreadable

_DUMP = "/config_dump?include_eds"
_TIMEOUT = 30.0
_ADMIN_PORT = 9901


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = f"\0{path[1:]}" if path.startswith("@") else path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT)
        self.sock.connect(self._path)


def dump_of(url: str) -> Any:
    """Return what an Envoy's admin port dumps.

    Args:
        url: `http://localhost:9901`, `localhost:9901`, or `unix:/run/envoy.sock` (`unix:@name` for an abstract one).

    Raises:
        Unreadable: Nobody answers there, or somebody else does.
    """
    connection = _connection(url)
    try:
        connection.request("GET", _DUMP)
        response = connection.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            raise Unreadable(f"{url} answers {response.status} {response.reason}: is it the admin address of an Envoy?")
        return json.loads(body)
    except OSError as error:
        why = error.strerror or str(error) or "no answer"
        raise Unreadable(f"no Envoy answers at {url} ({why}): say its admin address, or save its dump") from error
    except (http.client.HTTPException, ValueError) as error:
        raise Unreadable(f"{url} does not speak as an Envoy does: is it its admin address?") from error
    finally:
        connection.close()


def _connection(url: str) -> http.client.HTTPConnection:
    if url.startswith("unix:"):
        path = url.removeprefix("unix:")
        return _UnixConnection(f"/{path.lstrip('/')}" if path.startswith("/") else path)
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme != "http":
        raise click.BadParameter(
            f"{url!r} is no admin address, such as http://localhost:9901 or unix:/run/envoy.sock",
            param_hint="'--envoy-admin'",
        )
    return http.client.HTTPConnection(host, port or _ADMIN_PORT, timeout=_TIMEOUT)


def saved_dump(path: str) -> Any:
    """Return a dump that was saved.

    Raises:
        Unreadable: It cannot be read.
    """
    try:
        return json.loads(Path(path).read_bytes())
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise Unreadable(f"{path} holds no JSON: save what Envoy answers to {_DUMP}") from error
