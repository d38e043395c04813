"""The virtual hosts of a RouteConfiguration: no domain may be that of two, and names tell them apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import at, doubtful, refused

_EVERYTHING = "*"
_NO_HOST = re.compile(r"[/\s]")


def _domains_of_one(host: Any) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, domain in enumerate(host.domains):
        # Envoy compares them in lower case.
        first = seen.setdefault(domain.lower(), index)
        if first != index:
            yield _duplicate(("domains", index), at("domains", first), domain)
        if _EVERYTHING in domain[1:-1]:
            yield doubtful(
                "odd-domain",
                ("domains", index),
                "an asterisk within a domain stands for itself alone, so no request has this domain",
                'put it at the beginning ("*.example.com") or at the end ("example.*")',
            )
        if _NO_HOST.search(domain):
            yield doubtful(
                "odd-domain",
                ("domains", index),
                "a domain is the name of a host, perhaps with a port, so no request has this one",
                "write the name alone: no scheme, no path, no spaces",
            )


def _host(host: Any) -> Iterator[Finding]:
    yield from _domains_of_one(host)
    if host.routes and host.HasField("matcher"):
        yield refused(
            "either-or",
            ("matcher",),
            f"the routes stand in {at('routes')} already",
            "take one of them out",
        )


def _domains_of_several(routes: Any) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, host in enumerate(routes.virtual_hosts):
        for number, domain in enumerate(host.domains):
            first = seen.setdefault(domain.lower(), index)
            if first != index:
                yield _duplicate(("virtual_hosts", index, "domains", number), at("virtual_hosts", first), domain)


def _duplicate(path: tuple[str | int, ...], first: str, domain: str) -> Finding:
    what = "the domain of everything else" if domain == _EVERYTHING else "this domain"
    return refused(
        "duplicate-domain",
        path,
        f"{what} stands in {first} already; Envoy refuses a RouteConfiguration that has one twice, "
        "and compares them in lower case",
        "take it out here, or join the routes of both",
    )


def _names(routes: Any) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, host in enumerate(routes.virtual_hosts):
        first = seen.setdefault(host.name, index)
        if first != index:
            yield doubtful(
                "duplicate-virtual-host",
                ("virtual_hosts", index, "name"),
                f"{at('virtual_hosts', first)} has the same name, so that nobody can tell their statistics apart",
                "give each a name of its own",
            )


def _routes(routes: Any) -> Iterator[Finding]:
    yield from _domains_of_several(routes)
    yield from _names(routes)


LINTS: Lints = {
    "envoy.config.route.v3.RouteConfiguration": _routes,
    "envoy.config.route.v3.VirtualHost": _host,
}
