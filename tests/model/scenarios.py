"""Small fleets and what becomes of them: each is a few snapshots in a row."""

from __future__ import annotations

from legation.model.snapshot import Snapshot
from tests.small_world import cluster, endpoints, listener, route, snapshot, udp_listener


def web(
    clusters: dict[str, int], listeners: dict[str, tuple[int, str]], routes: dict[str, tuple[int, str]]
) -> Snapshot:
    """Return a snapshot: cluster -> version, listener -> (version, route), route -> (version, its clusters)."""
    return snapshot(
        *(cluster(name, version) for name, version in clusters.items()),
        *(endpoints(name) for name in clusters),
        *(listener(name, version, routes=(uses,)) for name, (version, uses) in listeners.items()),
        *(route(name, version, tuple(names)) for name, (version, names) in routes.items()),
    )


SIMPLE = web({"a": 1}, {"l": (1, "r")}, {"r": (1, "a")})

SCENARIOS = {
    "rename": (
        SIMPLE,
        web({"b": 1}, {"l": (1, "r")}, {"r": (2, "b")}),
        web({"c": 1}, {"l": (2, "s")}, {"s": (1, "c")}),
    ),
    "update": (
        SIMPLE,
        web({"a": 2, "b": 1}, {"l": (1, "r")}, {"r": (2, "ab")}),
        web({"b": 2}, {"l": (1, "r")}, {"r": (3, "b")}),
    ),
    "swap": (
        web({"a": 1, "b": 1}, {"l": (1, "r")}, {"r": (1, "a")}),
        web({"b": 1}, {"l": (1, "r")}, {"r": (2, "b")}),
        SIMPLE,
    ),
    "empty": (SIMPLE, web({}, {}, {}), SIMPLE),
}

SHORT = {name: snapshots[:2] for name, snapshots in SCENARIOS.items()}
"""The same with one change, for what multiplies the ways: refusals, streams without an order."""

MANY = (
    SIMPLE,
    web({"a": 2, "b": 1, "c": 1}, {"l": (2, "r"), "m": (1, "s"), "n": (1, "s")}, {"r": (2, "ab"), "s": (1, "c")}),
)
"""One change of several of each type."""

HANDOVER = {
    "rename": (
        snapshot(cluster("a"), endpoints("a"), listener("l", clusters=["a"], claims=("80",))),
        snapshot(cluster("b"), endpoints("b"), listener("m", clusters=["b"], claims=("80",))),
        snapshot(cluster("b"), endpoints("b"), listener("n", clusters=["b"], claims=("80",))),
    ),
    "chain": (
        snapshot(
            *(cluster("a"), endpoints("a")),
            *(listener("l", 1, clusters=["a"], claims=("80",)), listener("m", 1, clusters=["a"], claims=("81",))),
        ),
        snapshot(
            *(cluster("a"), endpoints("a"), cluster("b"), endpoints("b")),
            *(listener("l", 2, clusters=["a"], claims=("81",)), listener("m", 2, clusters=["b"], claims=("82",))),
        ),
    ),
}
"""Listeners that take the address of another."""


def pipes(listeners: dict[str, str], *, checked: float = 0.0) -> Snapshot:
    """Return a snapshot of pipes: UDP listener -> its cluster; how long the health checks of each take."""
    used = sorted(set(listeners.values()))
    return snapshot(
        *(cluster(name, warms_within=checked) for name in used),
        *(endpoints(name) for name in used),
        *(udp_listener(name, uses, clusters=uses) for name, uses in listeners.items()),
    )


PIPES = {
    "come and go": (pipes({}), pipes({"u": "a"}), pipes({})),
    "change": (pipes({"u": "a"}), pipes({"u": "b"}), pipes({"u": "a", "v": "b"})),
    "checked": (pipes({"u": "a"}), pipes({"u": "b"}, checked=0.25)),
    "become routes": (
        pipes({"u": "a"}),
        snapshot(*(cluster("b"), endpoints("b")), listener("u", 2, routes="r"), route("r", 1, "b")),
    ),
    "beside tcp": (
        snapshot(
            *(cluster("a"), endpoints("a"), cluster("b"), endpoints("b")),
            *(udp_listener("u", clusters="a"), udp_listener("v", clusters="b"), listener("t", clusters="a")),
        ),
        snapshot(),
    ),
}
"""UDP listeners: what they use goes with them, at once."""
