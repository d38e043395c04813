"""Which virtual hosts a host of a request belongs to."""

from __future__ import annotations

import pytest

from legation.model.hosts import alias, serving

KNOWN = {
    alias("r", domain): domain for domain in ("A.com", "*.a.com", "*.b.a.com", "*-x.a.com", "a.*", "a.co.*", "b.com:80")
}


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("a.com", {"A.com"}),
        ("z.a.com", {"*.a.com"}),
        ("y.b.a.com", {"*.b.a.com"}),
        ("y-x.a.com", {"*-x.a.com"}),
        ("a.org", {"a.*"}),
        ("a.co.uk", {"a.co.*"}),
        ("a.com:80", {"A.com", "a.*"}),
        ("b.com:80", {"b.com:80"}),
        ("b.com", set()),
        (".a.com", set()),
        ("", set()),
        ("a" * 100_000 + ".a.com", set()),
    ],
)
def test_the_most_particular_domain_has_it(host: str, found: set[str]) -> None:
    """With a port both readings count: only the routes say whether Envoy ignores it."""
    assert serving(f"r/{host}", KNOWN) == found


def test_the_routes_are_what_stands_before_the_last_slash() -> None:
    known = {alias("r", "*"): "r/any", alias("r/s", "*"): "r/s/any"}
    assert serving("r/a.com", known) == {"r/any"}
    assert serving("r/s/a.com", known) == {"r/s/any"}
    assert serving("a.com", known) == set()
