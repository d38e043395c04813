"""What those may take of us who have not shown yet that they are served here, and what any one host may.

Values alone. The one invariant: no default is in the way of thousands of Envoys that come from one address at once.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of the ports that Envoys and strangers reach. Times are in seconds."""

    handshake: float = 10.0
    """In which a connection must be set up: TLS and the first frames of HTTP/2, or the head of an HTTP request."""
    first_request: float = 15.0
    """In which a stream must bring its first request."""
    idle: float = 300.0
    """That a connection may be open without a stream."""
    unread: float = 300.0
    """That a response may be on its way unread; then the connection is closed. Envoy's main thread may be busy long."""
    header_bytes: int = 16 << 10
    """Of the metadata of a stream, or the head of an HTTP request. A token has some two KiB."""
    strange_connections: int = 4096
    """Of one address, that nothing was served on yet: a thousand Envoys that come back together are no attack."""
    strange_streams: int = 4096
    """Of one address, that have proven nothing and are not admitted yet: an Envoy without ADS has up to 1024."""
    streams: int = 100_000
    """Of one address, which may be that of a whole site behind a NAT."""
    unread_bytes: int = 512 << 20
    """That are on their way to one address and unread; more waits here, encoded when there is room."""


DEFAULT_LIMITS = Limits()
