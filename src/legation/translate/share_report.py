"""What is told of the shares of Upstreams: routes that nobody has, and routes that cannot be shared. Pure.

A resource is looked at by itself, and what is seen there is kept as a few `Sight`s; when all resources have been seen
these are told as problems. It refuses to know how a route is shared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from legation.model.objects import FieldPath, ManifestObject, ObjectKey
from legation.model.problems import Level, Problem
from legation.translate.faults import fault
from legation.translate.share_misses import Miss
from legation.translate.shares import RoutePick
from legation.translate.spelling import did_you_mean

_SHOWN = 4
"""So many places or names are listed in a sentence."""


class What(Enum):
    """What was seen of a route that is meant."""

    SHARED = "shared"
    NO_CLUSTER = "no cluster"
    TOO_WIDE = "too wide"
    TOO_MUCH = "too much"
    OTHER_BASE = "other base"
    INLINE = "inline"
    """It is shared, and stands in a Listener."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Something that was seen in a resource."""

    key: ObjectKey
    """The Upstream."""
    pick: int
    """Which of its choices of routes."""
    what: What
    where: str


class ShareReport:
    """Collects what is seen in one resource."""

    def __init__(self, of: str) -> None:
        """Begin with nothing.

        Args:
            of: What the resource is called.
        """
        self._of = f" of {of}" if of else ""
        self._found: dict[tuple[ObjectKey, int, What], str] = {}

    def found(self, key: ObjectKey, picks: Iterable[int], what: What, where: str) -> None:
        """Tell what became of a route that is meant; the first of a resource is enough."""
        for pick in picks:
            self._found.setdefault((key, pick, what), where)

    def sights(self) -> list[Sight]:
        """Return what was seen."""
        return [
            Sight(key=key, pick=pick, what=what, where=f"{where}{self._of}")
            for (key, pick, what), where in self._found.items()
        ]


def as_inline(sights: Iterable[Sight], listener: str) -> list[Sight]:
    """Return what was seen in a Listener: that what is shared there stands there, too.

    Args:
        sights: What was seen of its routes.
        listener: What it is called.
    """
    return [replace(each, what=What.INLINE, where=listener) for each in sights if each.what is What.SHARED]


def unmet(manifest: ManifestObject, index: int, pick: RoutePick, miss: Miss) -> Problem:
    """Return that a choice means no route.

    Args:
        manifest: The Upstream.
        index: Where in `spec.routes` the choice stands.
        pick: The choice.
        miss: What there is in place of what it names.
    """
    if not miss.what:
        mend = "no Envoy that gets the upstream gets routes of this namespace: create them, or correct the names"
    elif not miss.names:
        mend = f"the {miss.what} there have no names"
    else:
        mend = did_you_mean(miss.asked, miss.names) or f"there are {miss.what} {_several(miss.names)}"
    message = f"no route of namespace {manifest.key.namespace} is {_shown(pick)}"
    return _warning(manifest, "upstream-without-route", message, _path(index), mend)


def inline(manifest: ManifestObject, sights: Collection[Sight]) -> Iterator[Problem]:
    """Yield that the routes which an Upstream shares stand in Listeners, if any do.

    Source: https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/lds

    Args:
        manifest: The Upstream.
        sights: What was seen of all its choices.
    """
    where = [each.where for each in sights if each.what is What.INLINE]
    if where:
        yield _warning(
            manifest,
            "upstream-inline-routes",
            "these routes stand in Listeners, so with every change of a weight Envoy drains the connections of the "
            f"filter chains that they are in: {_several(where)}",
            ("spec", "routes"),
            "let them be a RouteConfiguration of its own, which the Listener names below rds",
        )


def told(manifest: ManifestObject, index: int, pick: RoutePick, sights: Collection[Sight]) -> Iterator[Problem]:
    """Yield what is to be told of a choice that means routes.

    Args:
        manifest: The Upstream.
        index: Where in `spec.routes` the choice stands.
        pick: The choice.
        sights: What was seen of it in all resources.
    """
    where: dict[What, list[str]] = {}
    for sight in sights:
        where.setdefault(sight.what, []).append(sight.where)
    if What.TOO_WIDE in where:
        yield _warning(
            manifest,
            "upstream-route-too-wide",
            "Envoys get these routes that do not get the upstream, so they are not shared: "
            f"{_several(where[What.TOO_WIDE])}",
            ("spec", "workloadSelector"),
            "give the routes a workloadSelector with the same labels, or leave the one of the upstream out",
        )
    # A choice of many routes is meant for those that can be shared; one by name is meant for that route.
    if What.NO_CLUSTER in where and (pick.route or What.SHARED not in where):
        yield _warning(
            manifest,
            "upstream-without-share",
            "routes that send no requests to a cluster of a fixed name cannot be shared: "
            f"{_several(where[What.NO_CLUSTER])}",
            _path(index),
            "choose routes that have cluster or weighted_clusters",
        )
    if What.TOO_MUCH in where:
        yield _warning(
            manifest,
            "upstream-without-share",
            f"the weights together would be more than Envoy takes: {_several(where[What.TOO_MUCH])}",
            _path(index),
            "make the weights that the route has smaller",
        )
    if What.OTHER_BASE in where:
        yield _warning(
            manifest,
            "upstream-base-weight",
            f"another Upstream that is older says what the cluster counts here: {_several(where[What.OTHER_BASE])}",
            ("spec", "baseWeight"),
            "give all Upstreams that share a route the same baseWeight",
        )


def _path(index: int) -> FieldPath:
    return ("spec", "routes", index)


def _shown(pick: RoutePick) -> str:
    parts = (
        ("of RouteConfiguration", pick.configuration),
        ("of virtual host", pick.virtual_host),
        ("named", pick.route),
        ("to cluster", pick.cluster),
    )
    return " and ".join(f'{words} "{name}"' for words, name in parts if name)


def _several(texts: Iterable[str]) -> str:
    every = sorted(set(texts))
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more


def _warning(manifest: ManifestObject, code: str, message: str, path: FieldPath, mend: str) -> Problem:
    return fault(manifest, code, message, path, level=Level.WARNING, mend=mend)
