"""What a gRPC server of ours is told about connections and metadata: what gRPC itself can hold off."""

from __future__ import annotations

from legation.model.limits import Limits


def options(limits: Limits) -> tuple[tuple[str, int], ...]:
    """Return the channel arguments.

    Source: https://github.com/grpc/grpc/blob/master/include/grpc/impl/channel_arg_names.h
    """
    return (
        # TLS, and then the first frames of HTTP/2: also without TLS.
        ("grpc.server_handshake_timeout_ms", round(limits.handshake * 1000)),
        ("grpc.max_connection_idle_ms", round(limits.idle * 1000)),
        # With the soft limit alone some of what is too large would pass, by chance.
        ("grpc.max_metadata_size", limits.header_bytes),
        ("grpc.absolute_max_metadata_size", limits.header_bytes),
    )
