"""Which objects of a cluster are ours: their kinds, in which namespaces, with which labels. Pure.

The one invariant: an object that the server would not read is neither shown nor changed through it. A ConfigMap that
is somebody else's is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from legation.errors import InvalidObjects, InvalidQuery, ObjectFault
from legation.kube.label_selector import label_selector
from legation.kube.urls import segment
from legation.model.api_kinds import ApiKind
from legation.model.node import DEFAULT_NAMESPACE
from legation.model.objects import ObjectKey
from legation.sources.stored.names import is_label


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Scope:
    """One kind in one namespace, or in all."""

    kind: ApiKind
    namespace: str
    """Empty for all."""
    selector: str

    @property
    def path(self) -> str:
        """Where it is listed and watched."""
        return self.kind.path(namespace=segment(self.namespace) if self.namespace else "")


class Scopes:
    """All that is ours."""

    def __init__(self, kinds: Iterable[ApiKind], *, namespaces: tuple[str, ...], selector: str) -> None:
        """Take what the server reads of the cluster: as `KubernetesSource` does."""
        self._kinds = {(each.group, each.kind): each for each in sorted(kinds)}
        self._namespaces = tuple(sorted(namespaces))
        self._selector = selector

    def kind(self, key: ObjectKey) -> ApiKind | None:
        """Return the kind of an object; None if it is none of ours, or where nobody reads."""
        found = self._kinds.get((key.group, key.kind))
        return found if not self._namespaces or key.namespace in self._namespaces else None

    def kind_of_body(self, index: int, body: Mapping[str, Any]) -> ApiKind:
        """Return the kind of an object that is to be stored, in the version that it says.

        Raises:
            InvalidObjects: It is none of ours, or nobody would read it.
        """
        group, _, version = str(body["apiVersion"]).rpartition("/")
        kind = self._kinds.get((group, body["kind"]))
        if kind is None:
            known = ", ".join(f"{each.kind} ({each.group or 'v1'})" for each in self._kinds.values())
            message = f"{body['kind']} of {body['apiVersion']} is not kept here; {known} are"
            raise InvalidObjects((ObjectFault(index=index, path="kind", message=message),))
        namespace = body["metadata"].get("namespace") or DEFAULT_NAMESPACE
        if self._namespaces and namespace not in self._namespaces:
            fault = ObjectFault(
                index=index,
                path="metadata.namespace",
                message=f"the namespace {namespace} is not read; {', '.join(self._namespaces)} are",
                mend="add it to --namespaces",
            )
            raise InvalidObjects((fault,))
        for each in kind.every_version:
            if each.version == version:
                return each
        versions = ", ".join(each.version for each in kind.every_version)
        message = f"there is no version {version} of {kind.kind} that is understood; {versions} are"
        raise InvalidObjects((ObjectFault(index=index, path="apiVersion", message=message),))

    def selector(self, kind: ApiKind) -> str:
        """Return the labels that objects of a kind have that are read."""
        return ",".join(filter(None, (kind.selector, self._selector)))

    def has(self, kind: ApiKind, body: Mapping[str, Any]) -> bool:
        """Say whether an object has the labels of those that are read."""
        return label_selector(self.selector(kind))(body["metadata"].get("labels") or {})

    def scopes(
        self, *, group: str | None = None, kind: str | None = None, namespace: str | None = None, labels: str = ""
    ) -> Iterator[Scope]:
        """Yield the scopes that make up what is asked for, in the order of keys: none in what can be no namespace.

        Raises:
            InvalidQuery: The labels are no selector.
        """
        try:
            label_selector(labels)
        except ValueError as error:
            raise InvalidQuery("labels", str(error)) from None
        for each in self._kinds.values() if not namespace or is_label(namespace) else ():
            if group not in {None, each.group} or kind not in {None, each.kind}:
                continue
            selector = ",".join(filter(None, (self.selector(each), labels)))
            for where in (namespace,) if namespace else self._namespaces or ("",):
                if not namespace or not self._namespaces or namespace in self._namespaces:
                    # The selector is asked for beside what the kind asks for.
                    yield Scope(kind=replace(each, selector=""), namespace=where or "", selector=selector)
