"""What a sidecar reads of its Pod's disk: whom to trust, and the token by which it proves who it is. Pure.

The kubelet brings both, and brings them anew when they change: a ConfigMap of the Pod's namespace, and a token of its
service account that is bound to this very Pod and good for the control plane alone. Neither is optional: the kubelet
starts no container of a Pod before both are there, and so no sidecar that trusts anybody, or proves nothing.

The one invariant: a volume of this name is ours, or the Pod is told.

Source: https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from legation.api.injection.wishes import TOKEN, Wishes
from legation.envoy.trust import CA_FILE, TOKEN_FILE, TRUST_FOLDER, Auth, trust_files

NAME = "legation-trust"
_LIFE = 3600
"""Seconds; the kubelet brings the next one when four fifths of them have passed."""


def volumes(wishes: Wishes) -> list[dict[str, Any]]:
    """Return the volumes of a Pod that its sidecar needs."""
    if not wishes.tls:
        return []
    # By name: what else stands in the ConfigMap, such as a `token`, is none of the sidecar's.
    files = (CA_FILE, *trust_files(auth=cast("Auth", wishes.auth)))
    sources: list[dict[str, Any]] = [
        {"configMap": {"name": wishes.ca_config_map, "items": [{"key": each, "path": each} for each in files]}}
    ]
    if wishes.auth == TOKEN:
        token = {"audience": wishes.token_audience, "expirationSeconds": _LIFE, "path": TOKEN_FILE}
        sources.append({"serviceAccountToken": token})
    # One for both: what is brought together is seen together.
    return [{"name": NAME, "projected": {"sources": sources}}]


def mounts(wishes: Wishes) -> list[dict[str, Any]]:
    """Return where the sidecar finds them. A whole folder: one file alone would never be brought anew."""
    return [{"name": NAME, "mountPath": TRUST_FOLDER, "readOnly": True}] if wishes.tls else []


def joined(before: Sequence[Mapping[str, Any]], wishes: Wishes) -> list[Mapping[str, Any]]:
    """Return the volumes of a Pod: its own, and ours in place of what it was given before."""
    return [*(each for each in before if each.get("name") != NAME), *volumes(wishes)]
