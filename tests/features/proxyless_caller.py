"""A program: for each line that it reads it calls `xds:///greeter` and prints the answer."""

from __future__ import annotations

import sys

import grpc

PATIENCE = 30.0
"""Seconds for one call."""


def main() -> None:
    """Call until the input ends."""
    with grpc.insecure_channel("xds:///greeter") as channel:
        greet: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/test.Greeter/Greet")
        for _ in sys.stdin:
            try:
                words = greet(b"", timeout=PATIENCE, wait_for_ready=True).decode()
            except grpc.RpcError as error:
                words = f"failed: {error.details()}"
            sys.stdout.write(f"{words}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
