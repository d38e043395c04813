"""Addresses as pipes write them: IP addresses in one spelling, and DNS names. Pure."""

from __future__ import annotations

import re

from legation.model.node import canonical_ip
from legation.translate.by_name import DNS_LABEL

_DNS_NAME = re.compile(rf"(?:{DNS_LABEL}\.)*(?P<last>{DNS_LABEL})\.?")
_LONGEST = 253
"""Without the dot at its end, which says that the name is whole."""


def ip(text: str) -> str:
    """Return an IP address in its canonical spelling; empty where it is none.

    One with a zone (`fe80::1%eth0`) is none that Envoy could read.
    """
    return "" if "%" in text else canonical_ip(text)


def is_dns_name(text: str) -> bool:
    """Say whether it is a DNS name in lower case; what ends in a number was to be an IP address."""
    match = _DNS_NAME.fullmatch(text) if len(text.removesuffix(".")) <= _LONGEST else None
    return match is not None and not match["last"].isdecimal()
