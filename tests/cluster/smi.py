"""The CustomResourceDefinitions of the Service Mesh Interface, which whoever uses it installs: small ones for tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from legation.model.api_kinds import ApiKind
from tests.cluster.admin import Object, reference

CRDS = "apiextensions.k8s.io/v1", "CustomResourceDefinition"


def definition(kind: ApiKind, *, served: Iterable[str], also: Iterable[str] = ()) -> Object:
    """Return the definition of a kind that may hold anything.

    Args:
        kind: Its kind, in whatever version.
        served: The versions that are served; in the first one it is stored.
        also: Those that are known and not served; the last one of these is what it is stored in, if there are any.
    """
    served, also = tuple(served), tuple(also)
    stored = also[-1] if also else served[0]
    anything: Object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    versions: list[dict[str, Any]] = [
        {"name": each, "served": each in served, "storage": each == stored, "schema": {"openAPIV3Schema": anything}}
        for each in (*served, *also)
    ]
    names = {"kind": kind.kind, "listKind": f"{kind.kind}List", "plural": kind.plural, "singular": kind.kind.lower()}
    spec = {"group": kind.group, "scope": "Namespaced", "names": names, "versions": versions}
    return reference(*CRDS, f"{kind.plural}.{kind.group}") | {"spec": spec}
