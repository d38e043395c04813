"""Asking the running server: HTTP on its admin port, with TLS and a token where it wants them.

The one invariant: the token is never sent where others than this machine could read it.
"""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

from legation.cli import options
from legation.errors import TransportError
from legation.settings.kinds import is_loopback

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
    tls = _tls()
    headers = {"accept": "application/json", **_token(shown, is_read_by_none=tls is not None or is_loopback(host))}
    connection = (
        http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
        if tls is None
        else http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=tls)
    )
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            if told := _told(body):
                raise TransportError(told)
            raise TransportError(
                f"{shown} answers {response.status} {response.reason}: is it the admin port of legation?"
            )
        return json.loads(body)
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "no TLS"
        raise TransportError(
            f"{shown} cannot be trusted ({reason}): look at --admin-ca, and at the name in --admin"
        ) from error
    except OSError as error:
        why = error.strerror or str(error) or "no answer"
        raise TransportError(
            f"no server answers at {shown} ({why}): start `legation serve`, or say where it is with --admin HOST:PORT"
        ) from error
    except (http.client.HTTPException, ValueError) as error:
        raise TransportError(f"{shown} does not speak as legation does: is it the admin port?") from error
    finally:
        connection.close()


def _tls() -> ssl.SSLContext | None:
    file = options.admin_given("admin_ca")
    if file is None:
        return None
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as error:
        raise TransportError(f"--admin-ca {file} cannot be used: {error.strerror or 'it is no certificate'}") from error


def _token(shown: str, *, is_read_by_none: bool) -> dict[str, str]:
    file = options.admin_given("admin_token_file")
    if file is None:
        return {}
    if not is_read_by_none:
        raise TransportError(f"the token would go to {shown} for everybody to read: say whom to trust with --admin-ca")
    try:
        # Of an old and a new one the last is the new one.
        words = Path(file).read_text("ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it holds no token"
        raise TransportError(f"--admin-token-file {file} cannot be read: {why}") from error
    if not words:
        raise TransportError(f"--admin-token-file {file}: there is no token in it")
    return {"authorization": f"Bearer {words[-1]}"}


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
