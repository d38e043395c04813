from __future__ import annotations

import pytest

from legation.translate.addresses import ip, is_dns_name


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::1", "::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", ""),
        ("10.0.0.256", ""),
        ("010.0.0.1", ""),
        ("10.0.0.1:80", ""),
        ("10.0.0.1/32", ""),
        ("media.shop.svc", ""),
        ("", ""),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    """For it is what is hashed: two spellings of one host would be two hosts."""
    assert ip(text) == address


@pytest.mark.parametrize(
    "name",
    [
        "media",
        "media.shop.svc",
        "media.shop.svc.cluster.local.",
        "a-b.c",
        "3com.com",
        "x" * 63,
        ".".join(["x" * 49] * 5),
    ],
)
def test_a_name(name: str) -> None:
    assert is_dns_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "Media.shop",
        "media..shop",
        "-media",
        "media-",
        "media_1",
        "media shop",
        "media\n",
        "10.0.0.256",
        "media.7",
        "x" * 64,
        ".".join(["x" * 50] * 5),
    ],
)
def test_what_is_no_name(text: str) -> None:
    """What ends in a number was to be an IP address."""
    assert not is_dns_name(text)
