"""What became of one object: what is wrong with it, and how many Envoys have what it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from types import MappingProxyType

from legation.model.objects import ObjectKey
from legation.model.problems import Problem

SHOWN_REFUSALS = 5
"""Refusals that are told in words; the others are counted."""
SHOWN_WAITING = 5
"""Envoys without an answer that are told by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One Envoy's refusal of something that an object makes."""

    node: str
    """The id of its node."""
    resource: str
    """What it refuses: `Cluster "web"`."""
    words: str
    """Envoy's own words, cut so that no content is in them."""


def first_refusals(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """Return those that are told in words: of each reason the first by node id, then others.

    So one reason of many Envoys does not hide that of another, and the text stays while the Envoys do.
    """
    by_reason: dict[tuple[str, str], list[Refusal]] = {}
    for each in refusals:
        by_reason.setdefault((each.resource, each.words), []).append(each)
    ranked = (
        (rank, each)
        for alike in by_reason.values()
        for rank, each in enumerate(nsmallest(SHOWN_REFUSALS, alike, key=lambda each: each.node))
    )
    told = nsmallest(SHOWN_REFUSALS, ranked, key=lambda it: (it[0], it[1].node, it[1].resource, it[1].words))
    return tuple(sorted((each for _, each in told), key=lambda each: (each.node, each.resource, each.words)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How many Envoys have what an object makes: those of one replica, or of several."""

    matching: int = 0
    """Envoys that are connected and ask for something that it makes."""
    accepted: int = 0
    """Those of them that have accepted all of it that they ask for, in the version that is served."""
    refused: int = 0
    """Those of them that refuse something of it."""
    refusals: tuple[Refusal, ...] = ()
    """The first of these, SHOWN_REFUSALS at most, by node id."""
    waiting: tuple[str, ...] = field(default=(), compare=False)
    """The node ids of the first that have not answered yet, SHOWN_WAITING at most; replicas do not tell each other."""

    def __add__(self, other: Delivery) -> Delivery:
        """Return both together: no Envoy is counted by two replicas."""
        return Delivery(
            matching=self.matching + other.matching,
            accepted=self.accepted + other.accepted,
            refused=self.refused + other.refused,
            refusals=first_refusals((*self.refusals, *other.refusals)),
            waiting=tuple(nsmallest(SHOWN_WAITING, (*self.waiting, *other.waiting))),
        )


NO_DELIVERY = Delivery()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectState:
    """All that is known of one object at one moment, on one replica."""

    key: ObjectKey
    uid: str
    """`metadata.uid`; empty where the source has none."""
    generation: int
    """`metadata.generation` of its newest version."""
    served: int | None
    """The generation that is served: an older one while the newest is broken, None while none is good."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with it now."""
    deleting: bool = False
    """Whether it is being deleted (`metadata.deletionTimestamp`), and is there for its finalizers alone."""
    withdrawn: bool = False
    """Whether that is what is served: no Envoy is told of it any more."""
    finalizers: tuple[str, ...] = ()
    """Those of its finalizers that are ours to take off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """What a replica tells of all objects that may be another since somebody last asked."""

    epoch: str
    """Names this run of the program: numbers of another one mean nothing."""
    number: int
    """What to ask with the next time."""
    whole: bool
    """Whether these are all objects: what is not among them does not exist here."""
    objects: Mapping[ObjectKey, tuple[int | None, Delivery] | None] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """Each object's served generation and its delivery; None: it is gone."""
