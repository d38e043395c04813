"""Proxies of the environment, as Go reads them."""

from __future__ import annotations

import pytest

from legation.errors import KubeConfigError
from legation.kube.proxies import environment_proxy

PROXY = "http://proxy:3128"


@pytest.mark.parametrize(
    ("exceptions", "server", "direct"),
    [
        ("", "https://a.example.com", False),
        ("*", "https://a.example.com", True),
        ("example.com", "https://a.example.com", True),
        ("example.com", "https://example.com", True),
        ("example.com", "https://notexample.com", False),
        (".example.com", "https://example.com", False),
        (".example.com", "https://a.example.com", True),
        ("*.example.com", "https://a.example.com", True),
        ("EXAMPLE.com", "https://a.Example.COM", True),
        ("b, example.com ,c", "https://example.com", True),
        ("example.com:6443", "https://example.com:6443", True),
        ("example.com:6443", "https://example.com", False),
        ("example.com:443", "https://example.com", True),
        ("10.0.0.0/8", "https://10.96.0.1:443", True),
        ("10.0.0.0/8", "https://11.96.0.1:443", False),
        ("10.0.0.0/x", "https://10.96.0.1:443", False),
        ("10.96.0.1", "https://10.96.0.1", True),
        ("96.0.1", "https://10.96.0.1", False),
        ("fd00::/8", "https://[fd00::1]:443", True),
        ("[fd00::1]:443", "https://[fd00::1]", True),
        ("fd00::1", "https://[fd00:0::1]", True),
        ("", "https://localhost:6443", True),
        ("", "https://127.0.0.1:6443", True),
        ("", "https://[::1]:6443", True),
    ],
)
def test_whom_one_speaks_to_directly(exceptions: str, server: str, direct: bool) -> None:  # noqa: FBT001 - a column
    environment = {"HTTPS_PROXY": PROXY, "NO_PROXY": exceptions}
    assert environment_proxy(environment, server=server) == ("" if direct else PROXY)


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, ""),
        ({"HTTP_PROXY": PROXY}, ""),
        ({"https_proxy": PROXY}, PROXY),
        ({"HTTPS_PROXY": PROXY, "https_proxy": "http://other"}, PROXY),
        ({"HTTPS_PROXY": "proxy:3128"}, PROXY),
        ({"HTTPS_PROXY": PROXY, "no_proxy": "a.example.com"}, ""),
    ],
)
def test_which_variable_counts(environment: dict[str, str], found: str) -> None:
    assert environment_proxy(environment, server="https://a.example.com") == found


def test_without_tls_it_is_another_variable() -> None:
    assert environment_proxy({"HTTP_PROXY": PROXY}, server="http://a.example.com") == PROXY


@pytest.mark.parametrize("proxy", ["socks5://me:hush@proxy", "http://", "http://me:hush@a:b"])
def test_a_proxy_that_cannot_be_used(proxy: str) -> None:
    with pytest.raises(KubeConfigError, match=r"^HTTPS_PROXY: .*name the API server in NO_PROXY") as raised:
        environment_proxy({"HTTPS_PROXY": proxy}, server="https://a.example.com")
    assert "hush" not in str(raised.value)
