"""A worker of the example: answers every datagram of both calls with its own address. Its argument is that address.

It also listens for TCP at the port of the health check, for as long as it runs.
"""

import asyncio
import sys

PORTS = (*range(30000, 30004), *range(30010, 30014))
HEALTH = 30099


class Worker(asyncio.DatagramProtocol):
    """Says who it is, to whoever asks."""

    def __init__(self, address: str) -> None:
        """Be the worker at that address."""
        self._answer = address.encode()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # it is UDP's
        """Keep what is answered over."""
        self._transport = transport

    def datagram_received(self, data: bytes, peer: tuple[str, int]) -> None:
        """Answer what came in, and who it is."""
        self._transport.sendto(data + b" -> " + self._answer, peer)


async def main(address: str) -> None:
    """Serve until it is ended."""
    loop = asyncio.get_running_loop()
    for port in PORTS:
        await loop.create_datagram_endpoint(lambda: Worker(address), local_addr=(address, port))
    health = await asyncio.start_server(lambda _, writer: writer.close(), address, HEALTH)
    await health.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
