"""Aliases of virtual hosts: `<route configuration>/<domain>`, and which of them a request's host belongs to.

Source: "VHDS" in Envoy's documentation of the discovery services, and the order in which Envoy's router tries domains:
the host itself, then the longest `*suffix`, then the longest `prefix*`, then `*`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

ANY_HOST = "*"
LONGEST_HOST = 255
"""So long a DNS name can be; of a longer host no parts are looked up."""


def alias(route_configuration: str, domain: str) -> str:
    """Return the name under which an Envoy asks for a host of a route configuration."""
    return f"{route_configuration}/{domain.lower()}"


def serving(asked: str, known: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the virtual hosts that may serve what was asked for.

    Whether Envoy ignores the port of a host is said elsewhere, so with a port there can be two.

    Args:
        asked: `<route configuration>/<host>`, split at the last slash.
        known: Every alias, patterns as they are written, and whose it is.
    """
    scope, slash, host = asked.rpartition("/")
    bare, colon, port = host.rpartition(":")
    hosts = (host, bare) if colon and port.isdecimal() else (host,)
    found = (_best(f"{scope}{slash}", each, known) for each in hosts)
    return frozenset(name for name in found if name is not None)


def _best(scope: str, host: str, known: Mapping[str, str]) -> str | None:
    return next((known[name] for name in _patterns(scope, host) if name in known), None)


def _patterns(scope: str, host: str) -> Iterator[str]:
    yield scope + host
    if len(host) <= LONGEST_HOST:
        for cut in range(1, len(host)):
            yield f"{scope}*{host[cut:]}"
        for cut in range(len(host) - 1, 0, -1):
            yield f"{scope}{host[:cut]}*"
    yield scope + ANY_HOST
