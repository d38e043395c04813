"""Where the management API is: `host:port` or `unix:/path`, as a program or the environment says it. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

from legation.errors import SettingsError

VARIABLE = "LEGATION_SERVER"
DEFAULT = "localhost:18005"
_UNIX = "unix:"
_HIGHEST_PORT = 65535
_LARGEST = 64 * 1024 * 1024
OPTIONS: tuple[tuple[str, int], ...] = (
    # The API is on this machine; a proxy of the web is not on the way to it.
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", _LARGEST),
    # What is sent again is decided here: gRPC does not know what is safe.
    ("grpc.enable_retries", 0),
    # Until it connects again gRPC fails calls at once, even if the server is back: that must be over before the last
    # attempt of a call.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 200),
    # A channel of its own: what another one knows of a dead connection does not count here.
    ("grpc.use_local_subchannel_pool", 1),
)
"""Of a channel."""


def target(given: str | None, *, environ: Mapping[str, str]) -> str:
    """Return where the API is.

    Args:
        given: What the program says; None for what the environment says, or the default.
        environ: The environment.

    Raises:
        SettingsError: It is written another way.
    """
    found = given if given is not None else environ.get(VARIABLE) or DEFAULT
    wrote = "server" if given is not None else VARIABLE
    if found.startswith("/"):
        found = _UNIX + found
    if found.startswith(_UNIX):
        if not found.removeprefix(_UNIX).lstrip("/"):
            raise SettingsError(wrote, f"{found!r} names no socket; write unix:/path")
        return found
    host, _, port = found.rpartition(":")
    if "/" in found or not host or not port.isdecimal() or not 0 < int(port) <= _HIGHEST_PORT:
        raise SettingsError(wrote, f"{found!r:.80} is neither host:port, such as {DEFAULT}, nor unix:/path")
    return found
