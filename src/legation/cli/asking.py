"""Asking the running server: HTTP on its admin port."""

from __future__ import annotations

import http.client
import json
from typing import Any

from legation.cli import options
from legation.errors import TransportError

_TIMEOUT = 5.0


def ask(admin: str | None, path: str) -> Any:
    """Return what the server's admin port answers to a path, read from JSON.

    Args:
        admin: `host:port`, or None for what the settings say.
        path: Such as `/proxies`.

    Raises:
        TransportError: Nobody answers there, or somebody else does.
    """
    host, port = _address(admin)
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        connection.request("GET", path, headers={"accept": "application/json"})
        response = connection.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            if told := _told(body):
                raise TransportError(told)
            raise TransportError(
                f"{shown} answers {response.status} {response.reason}: is it the admin port of legation?"
            )
        return json.loads(body)
    except OSError as error:
        why = error.strerror or str(error) or "no answer"
        raise TransportError(
            f"no server answers at {shown} ({why}): start `legation serve`, or say where it is with --admin HOST:PORT"
        ) from error
    except (http.client.HTTPException, ValueError) as error:
        raise TransportError(f"{shown} does not speak as legation does: is it the admin port?") from error
    finally:
        connection.close()


def _told(body: bytes) -> str:
    """Return why the server does not answer, in its words; empty where it has none."""
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    return str(found.get("error", "")) if isinstance(found, dict) else ""


def _address(admin: str | None) -> tuple[str, int]:
    if admin is None:
        found = options.given_settings()
        return found.admin_bind, found.admin_port
    return options.address(admin, option="--admin")
