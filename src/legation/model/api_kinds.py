"""ApiKind: a kind of object as the Kubernetes API serves it."""

from __future__ import annotations

from dataclasses import dataclass

_BUILT_IN = frozenset(
    f"{each}.k8s.io"
    for each in (
        "admissionregistration",
        "apiextensions",
        "apiregistration",
        "authentication",
        "authorization",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "flowcontrol.apiserver",
        "networking",
        "node",
        "rbac.authorization",
        "scheduling",
        "storage",
    )
)
"""Those with a dot. The ending does not tell: `gateway.networking.k8s.io` is installed like any other."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ApiKind:
    """One kind in one version."""

    group: str
    """Empty for the core group."""
    version: str
    kind: str
    plural: str
    """The name in paths: `endpointslices`."""
    namespaced: bool = True

    @property
    def built_in(self) -> bool:
        """Whether every API server has its group.

        Source: https://kubernetes.io/docs/reference/kubernetes-api/
        """
        return "." not in self.group or self.group in _BUILT_IN

    @property
    def api_version(self) -> str:
        """What manifests write: `bootes.io/v1`, `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, *, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the path below the API server's address; without a namespace, that of all namespaces.

        Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
        """
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        return "/" + "/".join([*parts, self.plural, *filter(None, (name, subresource))])

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural
