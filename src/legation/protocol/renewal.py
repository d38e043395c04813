"""Renewal: when the TTL of what one client holds of one type has to be renewed.

Source: "TTL" of the xDS protocol page. A resource with a TTL is renewed a third of it after it went out last, so two
renewals in a row may get lost; those whose turn would come soon go along.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from legation.model.resource import Resource
from legation.protocol.holding import Holding
from legation.protocol.subscription import Subscription

LATEST = 3.0
"""The part of its TTL after which a resource is renewed: a third."""
SOONEST = 6.0
"""The part of its TTL before which a resource does not go along with another."""


class Renewal:
    """The books about one client and one type; who holds nothing that expires has none."""

    __slots__ = ("_holding", "_moments", "due")

    def __init__(self) -> None:
        self._holding: Holding | None = None
        self._moments: dict[str, float] = {}
        self.due: float | None = None
        """When something has to be renewed; None: never, as long as the client holds the same."""

    def wait(self) -> None:
        """Look again at the next question: an answer has to come first, and that makes one."""
        self._holding = self.due = None

    def went_out(self, resources: Iterable[Resource], now: float) -> None:
        """Note that these were sent, with their TTL."""
        self._moments.update((each.name, now) for each in resources)

    def find(self, holding: Holding, subscription: Subscription, now: float) -> tuple[Resource, ...]:
        """Return what of a holding has to be renewed now; `due` tells when to ask again.

        O(1) until then, while the client holds the same.
        """
        if holding is self._holding and (self.due is None or now < self.due):
            return ()
        mortal = list(expiring(holding, subscription))
        # What the client brought along from another stream has waited for nobody knows how long.
        moments = {each.name: self._moments.get(each.name, -math.inf) for each in mortal}
        self._holding, self._moments = holding, moments
        self.due = min((moments[each.name] + _ttl(each) / LATEST for each in mortal), default=None)
        if self.due is None or now < self.due:
            return ()
        return tuple(each for each in mortal if moments[each.name] + _ttl(each) / SOONEST <= now)


def expiring(holding: Holding, subscription: Subscription) -> Iterator[Resource]:
    """Yield what of a holding has a TTL and the client asked for, by name."""
    overlay, mortal = holding.overlay, holding.base.mortal
    names: AbstractSet[str] = {*mortal, *overlay} if overlay else mortal.keys()
    if not (subscription.wildcard or subscription.globs or subscription.aliases):
        names &= subscription.names
    for name in sorted(names):
        resource = holding.get(name)
        if resource is not None and resource.ttl is not None and subscription.covers(name):
            yield resource


def _ttl(resource: Resource) -> float:
    return resource.ttl or 0.0
