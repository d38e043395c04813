"""Who may use an object of another namespace: ReferenceGrants. Pure.

The owner of the object says yes, in the object's own namespace; nothing that the one who asks writes can replace that.
Source: https://gateway-api.sigs.k8s.io/api-types/referencegrant/
"""

from __future__ import annotations

from collections.abc import Collection

from legation.model.cluster import Grant
from legation.translate.by_name import Target


def allowed(
    target: Target, *, namespace: str, referrers: Collection[tuple[str, str]], grants: frozenset[Grant]
) -> bool:
    """Say whether configuration of that namespace may use the object.

    Args:
        target: The object.
        namespace: Where the configuration that names it comes from.
        referrers: What that configuration is, as grants name it: (API group, kind), any one of which must be granted.
        grants: All grants of the cluster.
    """
    return target.namespace == namespace or any(
        grant.to_namespace == target.namespace
        and grant.to_kind == target.kind
        and grant.to_name in {"", target.name}
        and grant.from_namespace == namespace
        and (grant.from_group, grant.from_kind) in referrers
        for grant in grants
    )
