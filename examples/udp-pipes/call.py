"""A call of the example: sends one datagram to each of the ports that are its arguments, and prints who answers."""

import socket
import sys


def ask(port: int, *, within: float = 1) -> str:
    """Return what comes back from the pipe at that port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(within)
        client.connect(("127.0.0.1", port))
        try:
            client.send(str(port).encode())
            return client.recv(100).decode()
        except OSError:
            return f"{port}: no answer"


if __name__ == "__main__":
    for each in sys.argv[1:]:
        print(ask(int(each)))
