"""What is an IP address for Envoy."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.envoy.lints.addresses import is_ip


@pytest.mark.parametrize("text", ["0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "::1", "2001:db8::7"])
def test_these_are_addresses(text: str) -> None:
    assert is_ip(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "web",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.4 ",
        "1.2.3.4\n",
        "\u0661.2.3.4",
        "[::1]",
        "1.2.3.",
    ],
)
def test_these_are_none(text: str) -> None:
    assert not is_ip(text)


@given(st.text("0123456789.", max_size=16) | st.ip_addresses().map(str))
def test_it_says_what_python_says(text: str) -> None:
    def readable(kind: type[IPv4Address | IPv6Address]) -> bool:
        try:
            kind(text)
        except ValueError:
            return False
        return True

    assert is_ip(text) is (readable(IPv4Address) or readable(IPv6Address))
