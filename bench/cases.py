"""The cases of the comparison: what is served to whom, what changes, and the targets."""

from __future__ import annotations

from dataclasses import dataclass

from bench.manifests import TYPE_URLS

SHIPPED = "legation serve"
LIBRARY = "legation, library"
GO = "go-control-plane"
GO_LINEAR = "go-control-plane, LinearCache"
BARE = "bare grpc.aio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What our figure is to be, as a part of another's."""

    figure: str
    """`time`, `CPU` or `memory`."""
    than: str
    """Whose figure: GO, GO_LINEAR or BARE."""
    factor: float
    """So many times theirs at most: 0.1 is ten times better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is served, to how many Envoys, and what is measured."""

    letter: str
    text: str
    clusters: int
    clients: int
    listeners: int = 0
    endpoints: bool = False
    sotw: bool = False
    changed: str | None = "Cluster"
    """The kind of which one resource changes; None: connecting is what is measured."""
    parallel: int = 64
    """How many clients connect at a time; 0: all."""
    ours: str = SHIPPED
    linear: str = ""
    """The kind that go-control-plane can also serve from its LinearCache here."""
    targets: tuple[Target, ...] = ()

    @property
    def load(self) -> tuple[str, ...]:
        """The flags of the load client."""
        numbers = {
            "clients": self.clients,
            "clusters": self.clusters,
            "listeners": self.listeners,
            "endpoints": self.clusters if self.endpoints else 0,
            "parallel": self.parallel,
        }
        return (*(f"-{name}={value}" for name, value in numbers.items()), *(["-sotw"] if self.sotw else []))

    @property
    def linear_url(self) -> str:
        """The type that goes to the LinearCache."""
        return TYPE_URLS[self.linear]


def _than_go(time: float, cpu: float, *, mode: str = GO) -> tuple[Target, ...]:
    return (
        Target(figure="time", than=mode, factor=1 / time),
        Target(figure="CPU", than=mode, factor=1 / cpu),
    )


def _than_bare(*figures: str, factor: float) -> tuple[Target, ...]:
    return tuple(Target(figure=figure, than=BARE, factor=factor) for figure in figures)


CASES = (
    Case(
        letter="A",
        text="state of the world, 1,000 clusters, 100 Envoys, one cluster changes",
        sotw=True,
        clusters=1000,
        clients=100,
        targets=_than_go(10, 10),
    ),
    Case(
        letter="B",
        text="delta, 1,000 clusters, 500 Envoys, one cluster changes",
        clusters=1000,
        clients=500,
        linear="Cluster",
        targets=_than_go(5, 5),
    ),
    Case(
        letter="C",
        text="delta, 10,000 clusters, 100 Envoys, one cluster changes",
        clusters=10_000,
        clients=100,
        ours=LIBRARY,
        linear="Cluster",
        targets=_than_go(20, 20),
    ),
    Case(
        letter="D",
        text="delta, 1,000 clusters whose endpoints 500 Envoys ask for by name, the endpoints of one change",
        clusters=1000,
        clients=500,
        endpoints=True,
        changed="Endpoint",
        linear="Endpoint",
        targets=_than_go(3, 5, mode=GO_LINEAR),
    ),
    Case(
        letter="E",
        text="delta, 20 clusters and 5 listeners, 1,000 Envoys, one cluster changes",
        clusters=20,
        listeners=5,
        clients=1000,
        ours=LIBRARY,
        linear="Cluster",
        targets=_than_bare("time", "CPU", factor=1.3),
    ),
    Case(
        letter="F1",
        text="memory of 1,000 delta Envoys with 1,000 clusters",
        clusters=1000,
        clients=1000,
        changed=None,
        ours=LIBRARY,
        targets=_than_bare("memory", factor=1.5),
    ),
    Case(
        letter="F2",
        text="memory of 1,000 delta Envoys with 20 clusters and 5 listeners",
        clusters=20,
        listeners=5,
        clients=1000,
        changed=None,
        ours=LIBRARY,
        targets=_than_bare("memory", factor=1.5),
    ),
    Case(
        letter="G",
        text="1,000 delta Envoys connect at once, 1,000 clusters",
        clusters=1000,
        clients=1000,
        changed=None,
        parallel=0,
        ours=LIBRARY,
        targets=_than_go(15, 15),
    ),
)
