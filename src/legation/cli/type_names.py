"""What people call the types of resources: `cluster`, `listeners`, `routes`, `eds`."""

from __future__ import annotations

from legation.model.resource_types import RESOURCE_TYPES, ResourceType

_ALSO = {
    "cds": "Cluster",
    "eds": "ClusterLoadAssignment",
    "endpoint": "ClusterLoadAssignment",
    "endpoints": "ClusterLoadAssignment",
    "assignment": "ClusterLoadAssignment",
    "leds": "LbEndpoint",
    "sds": "Secret",
    "ecds": "ExtensionConfig",
    "extension": "ExtensionConfig",
    "lds": "Listener",
    "rds": "RouteConfiguration",
    "route": "RouteConfiguration",
    "routes": "RouteConfiguration",
    "srds": "ScopedRoute",
    "vhds": "VirtualHost",
    "rtds": "Runtime",
}


def type_of(given: str) -> ResourceType | None:
    """Return the type that somebody means, in any spelling and case; None: it is none."""
    plain = given.replace("_", "").replace("-", "").casefold()
    plain = _ALSO.get(plain, plain).casefold()
    found = (each for each in RESOURCE_TYPES if plain in {each.name.casefold(), f"{each.name.casefold()}s"})
    return next(found, None)


def shown(type_name: str) -> str:
    """Return a type as it stands in a sentence: `cluster`, `route configuration`."""
    return "".join(f" {each.lower()}" if each.isupper() else each for each in type_name).strip()
