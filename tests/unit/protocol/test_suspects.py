"""Whom an Envoy's words blame."""

from __future__ import annotations

import pytest

from legation.protocol.suspects import blamed

NAMES = ("web", "web-2", "shop/web:http", "api")
DUMP = 'goo.gle/debugproto  \nname:  "web-2"\nconnect_timeout {\n  name: "api"\n}\nservice_name: "api"\n'
WHY = ": Proto constraint validation failed (ClusterValidationError.ConnectTimeout: value must be greater than 0s)"


@pytest.mark.parametrize(
    ("message", "whom"),
    [
        ("Error adding/updating cluster(s) web-2: malformed IP address", ("web-2",)),
        ("Error adding/updating listener(s) web: a, api: b", ("web", "api")),
        ("shop/web:http: cannot bind", ("shop/web:http",)),
        ("something is missing", ()),
        (DUMP + WHY, ("web-2",)),
        ('goo.gle/debugonly \ncluster_name: "web"\nendpoints {\n}\n' + WHY, ("web",)),
        ('Proto constraint validation failed (A.B: x): name: "web"', ()),
    ],
    ids=["one", "several", "made-of-tokens", "nobody", "dumped", "dumped-endpoints", "dump-in-the-line"],
)
def test_who_is_blamed(message: str, whom: tuple[str, ...]) -> None:
    assert blamed(message, NAMES) == whom
