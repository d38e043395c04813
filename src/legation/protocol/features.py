"""What a client says of itself that it understands: the `client_features` of its node, in every spelling in use."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

_TTL = frozenset({"xds.config.supports-resource-ttl", "envoy.config.supports-resource-ttl"})
_WRAPPED = frozenset(
    f"{prefix}.config.{words}"
    for prefix in ("xds", "envoy")
    for words in ("supports-resource-in-sotw", "resource-in-sotw")
)


def understands_ttl(features: AbstractSet[str], *, wrapped: bool) -> bool:
    """Say whether a client lets resources expire.

    Args:
        features: The `client_features` of its node.
        wrapped: It would get resources with a TTL inside a `Resource`, as in state of the world: it must unwrap them.
    """
    return not features.isdisjoint(_TTL) and not (wrapped and features.isdisjoint(_WRAPPED))
