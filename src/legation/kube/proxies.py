"""Which proxy the environment tells for an address: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as Go reads them.

Source: https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from legation.errors import KubeConfigError
from legation.kube.urls import proxy_fault

_PORTS = {"http": 80, "https": 443}


def environment_proxy(environment: Mapping[str, str], *, server: str) -> str:
    """Return the proxy for a server, or nothing if there is none on the way.

    Raises:
        KubeConfigError: The variable does not hold an address.
    """
    parts = urlsplit(server)
    variable = f"{parts.scheme.upper()}_PROXY"
    proxy = _either(environment, variable)
    if not proxy or _direct(parts.hostname or "", parts.port or _PORTS[parts.scheme], _either(environment, "NO_PROXY")):
        return ""
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if fault := proxy_fault(proxy):
        raise KubeConfigError(f"{variable}: {fault}, or name the API server in NO_PROXY")
    return proxy


def _either(environment: Mapping[str, str], variable: str) -> str:
    return environment.get(variable) or environment.get(variable.lower()) or ""


def _direct(host: str, port: int, exceptions: str) -> bool:
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    for written in exceptions.lower().split(","):
        each = written.strip()
        if each == "*":
            return True
        if each and (_in_network(address, each) or _named(host, port, each)):
            return True
    return False


def _in_network(address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, written: str) -> bool:
    if address is None or "/" not in written:
        return False
    with contextlib.suppress(ValueError):
        return address in ipaddress.ip_network(written, strict=False)
    return False


def _named(host: str, port: int, written: str) -> bool:
    """Say whether an exception means this host: itself or a domain that it is in, perhaps at one port only."""
    name, only = _host_and_port(written)
    if only and only != str(port):
        return False
    wanted, address = _address(name), _address(host)
    if wanted is not None or address is not None:
        return wanted == address
    if name.startswith("*."):
        name = name[1:]
    return host.endswith(name) if name.startswith(".") else host == name or host.endswith(f".{name}")


def _host_and_port(written: str) -> tuple[str, str]:
    if written.startswith("["):
        name, _, rest = written[1:].partition("]")
        return name, rest.removeprefix(":")
    if written.count(":") == 1:
        name, _, port = written.partition(":")
        return name, port
    return written, ""


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
