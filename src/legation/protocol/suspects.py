"""Whom an Envoy blames when it refuses a response: names that stand as whole tokens in its words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from legation.model.events import before_dump

# The first line of a dump that is not indented and holds a name: whose dump it is. Content has its line ends escaped.
_DUMPED = re.compile(r'^(?:cluster_)?name:\s*"((?:[^"\\]|\\.)*)"\s*$', re.MULTILINE)
_NAME_PART = r"[^\s,;:'\"()\[\]{}=<>|]"


def blamed(message: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return those names that the client's words mention.

    Only the words before the first dump of a message count, and the name of the message that is dumped: all else in a
    dump is whatever that message holds. A name counts as a whole token: `web` is not mentioned in `web-2 is missing`.
    """
    words = before_dump(message)
    tokens = {token.rstrip(".") for token in re.findall(f"{_NAME_PART}+", words)} | set(_DUMPED.findall(message))
    return tuple(name for name in names if name and (name in tokens or (name in words and _stands_in(name, words))))


def _stands_in(name: str, words: str) -> bool:
    """Find a name that is made of more than one token, such as `shop/web:http`."""
    if not re.search(r"[\s,;:'\"()\[\]{}=<>|.]", name):
        return False
    return re.search(rf"(?<!{_NAME_PART}){re.escape(name)}(?=$|[\s,;'\")\]]|[.:](\s|$))", words) is not None
