"""Where in a resource a name is mentioned, and whether Envoy takes the resource although nothing has that name.

It is asked where something is wrong alone: what a resource mentions is known without it (`references.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from legation.envoy import types, wrapped
from legation.envoy.cluster_names import NAMES
from legation.envoy.references import mentions
from legation.envoy.understanding import walk
from legation.model.names import canonical
from legation.model.objects import FieldPath
from legation.model.resource import Name, Resource
from legation.model.resource_types import CLUSTER, ROUTE_CONFIGURATION

if TYPE_CHECKING:
    from google.protobuf.message import Message

_ROUTES = "envoy.config.route.v3."
_LOOKED_FOR = frozenset(
    {
        f"{_ROUTES}RouteAction",
        f"{_ROUTES}RouteAction.RequestMirrorPolicy",
        f"{_ROUTES}WeightedCluster.ClusterWeight",
    }
)
"""Messages of routes whose clusters Envoy looks for."""
_INLINE = "route_config"
"""The field of an HTTP connection manager that holds its routes; Envoy looks then whether their clusters are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where a name is mentioned first."""

    path: FieldPath = ()
    """As the owner of the resource wrote it."""
    needed: bool = False
    """Envoy refuses the resource as long as nothing has that name."""


def whereabouts(resource: Resource, name: Name, json: Mapping[str, Any]) -> Whereabouts:
    """Return where a resource mentions a name.

    Args:
        resource: The resource.
        name: What it mentions.
        json: What it was made of.
    """
    message = types.message_of(resource)
    if message is None:
        return Whereabouts()
    for path, each in walk(message):
        if mentions(each, name):
            where = wrapped.as_written(json, (*path, *_field(each, name[1])))
            return Whereabouts(path=where, needed=_is_needed(message, path, each))
    return Whereabouts()


def _field(message: Any, name: str) -> FieldPath:
    """Return the field of a message that says a name; empty: none of its own does."""
    found = [(field.full_name in NAMES, path) for field, path in _texts(message, name)]
    if found:
        # Others may say the same by chance: a stat_prefix.
        return max(found, key=lambda each: each[0])[1]
    return ("eds_cluster_config",) if message.DESCRIPTOR.full_name == CLUSTER.message else ()


def _texts(message: Any, name: str) -> Iterator[tuple[Any, FieldPath]]:
    for field, value in message.ListFields():
        if isinstance(value, str):
            if canonical(value) == name:
                yield field, (field.name,)
        elif field.is_repeated and field.message_type is None:
            for index, each in enumerate(value):
                if isinstance(each, str) and canonical(each) == name:
                    yield field, (field.name, index)


def _is_needed(message: Message, path: FieldPath, mentioner: Message) -> bool:
    """Say whether Envoy looks for a cluster before it takes the resource: routes that do not come by RDS say so."""
    if mentioner.DESCRIPTOR.full_name not in _LOOKED_FOR:
        return False
    for above, each in walk(message):
        if path[: len(above)] == above and each.DESCRIPTOR.full_name == ROUTE_CONFIGURATION.message:
            said = each.validate_clusters.value if each.HasField("validate_clusters") else above[-1:] == (_INLINE,)
            return bool(said)
    return False
