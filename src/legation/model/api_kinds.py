"""ApiKind: a kind of object as the Kubernetes API serves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

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
    """One kind in one version. How it is read tells no kinds apart."""

    group: str
    """Empty for the core group."""
    version: str
    kind: str
    plural: str
    """The name in paths: `endpointslices`."""
    namespaced: bool = True
    older: tuple[str, ...] = field(default=(), compare=False)
    """Other versions that say the same, the newest first: one of these is read where the API has no newer one."""
    selector: str = field(default="", compare=False)
    """The labels of the objects that are read, in the API's own spelling; empty: of all."""
    has_status: bool = field(default=True, compare=False)
    """Whether its status is ours to write."""
    finalizer: str = field(default="", compare=False)
    """The one that clients put on objects to have us hear of a deletion; we take it off when the object is to go.

    Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
    """

    @property
    def every_version(self) -> Iterator[ApiKind]:
        """Yield it in each version in which it may be read, the newest first."""
        yield self
        for version in self.older:
            yield replace(self, version=version, older=())

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
