"""What the address of an API server, of a proxy or of an object may look like. No answer shows a user or a password."""

from __future__ import annotations

from urllib.parse import SplitResult, quote, urlsplit


def server_fault(url: str) -> str:
    """Return what is wrong with the address of a server; empty if nothing is."""
    if not url:
        return "it is missing; give the address of the API server, as https://host:port"
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        return "it is no address; write https://host:port"
    if parts.username is not None:
        return "it holds a user; tell that under users"
    if parts.query or parts.fragment:
        return "it must end before any ? or #; write https://host:port/path"
    return ""


def proxy_fault(url: str) -> str:
    """Return what is wrong with the address of a proxy; empty if nothing is."""
    parts = _split(url)
    if parts is None or not parts.hostname:
        return "it is no address; write http://host:port"
    if parts.scheme in {"socks5", "socks5h"}:
        return "SOCKS proxies are not supported; name one that speaks HTTP, as http://host:port"
    if parts.scheme not in {"http", "https"}:
        return "a proxy speaks HTTP; write http://host:port"
    return ""


def segment(name: str) -> str:
    """Return a name as a part of a path that leads nowhere else, whoever has chosen it.

    Raises:
        ValueError: No object can have it.
    """
    if name in {"", ".", ".."} or "/" in name or "%" in name:
        raise ValueError(f"{name!r} cannot be the name of an object")
    return quote(name, safe="")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts if url.isascii() and url.isprintable() and " " not in url else None
