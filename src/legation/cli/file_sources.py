"""Where `legation sync` reads: a directory of manifests, or a cluster; and what of it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from legation.errors import SettingsError
from legation.model.cluster import NamespacedName
from legation.model.node import DEFAULT_NAMESPACE, split_node_id
from legation.settings import Sync
from legation.sources.base import Source
from legation.sources.directory import DirectorySource
from legation.sources.memory import MemorySource

if TYPE_CHECKING:
    from legation.kube.connection import Connection
    from legation.kube.watch_policy import WatchPolicy

_ABSENT_PAUSE = 60.0
"""Seconds between two looks whether TrafficSplits are installed meanwhile."""
_LABEL = re.compile(r"([-_.A-Za-z0-9/]+)==?([-_.A-Za-z0-9]*)")


class ConfigMapPlaces:
    """The ConfigMaps that become files."""

    def __init__(self, found: Sync) -> None:
        """Find out what is meant; nothing is read yet.

        Raises:
            SettingsError: The selector is none that a directory understands.
            KubeConfigError: Nothing tells how to reach the cluster.
        """
        connection = _connection(found)
        namespace = _namespace(connection)
        self.names = tuple(_named(each, namespace) for each in found.config_maps)
        """Those that are named, in order."""
        self.labels = frozenset(_labels(found.selector)) if connection is None else frozenset()
        """Of a directory: the labels of the others. A cluster looks for them itself."""
        self.source: Source = (
            _directory(found) if connection is None else self._of_cluster(found, connection, namespace)
        )

    def _of_cluster(self, found: Sync, connection: Connection, namespace: str) -> Source:
        # What speaks to a cluster costs memory.
        from legation.sources.kubernetes.source import KubernetesSource
        from legation.translate import config_maps, traffic_split

        (config_map,) = (replace(each, selector=found.selector or "") for each in config_maps.STEP.api_kinds)
        return KubernetesSource(
            connection,
            kinds=(config_map, *(traffic_split.STEP.api_kinds if found.splits else ())),
            namespaces=found.namespaces or tuple(dict.fromkeys(each.namespace for each in self.names)) or (namespace,),
            named={config_map: self.names} if self.names else {},
            parts=False,
            policy=_patient(),
        )


def object_sources(found: Sync, node: str) -> list[Source]:
    """Return where the objects come from that may be for an Envoy.

    Raises:
        KubeConfigError: Nothing tells how to reach the cluster.
    """
    name, namespace = split_node_id(node)
    connection = _connection(found)
    if connection is None:
        return [*_described(found, name, namespace), _directory(found)]
    # What speaks to a cluster costs memory.
    from legation.sources.kubernetes.source import KubernetesSource
    from legation.translate.pipeline import API_KINDS
    from legation.translate.traffic_split import STEP

    source = KubernetesSource(
        connection,
        kinds=[each for each in API_KINDS if found.splits or each not in STEP.api_kinds],
        namespaces=found.namespaces or (namespace or _namespace(connection),),
        selector=found.selector or "",
        secrets=found.secrets,
        policy=_patient(),
    )
    return [*_described(found, name, namespace), source]


def _patient() -> WatchPolicy:
    """Return the patience of one of many: there is such a sidecar beside each Envoy."""
    from legation.kube.watch_policy import WatchPolicy

    return WatchPolicy(absent_pause=_ABSENT_PAUSE)


def _described(found: Sync, name: str, namespace: str) -> Sequence[Source]:
    """Return what says which labels the node has, where they are told by the settings: then no Pod has to."""
    if not found.labels:
        return ()
    source = MemorySource()
    metadata = {"name": name, "labels": dict(found.labels)} | ({"namespace": namespace} if namespace else {})
    source.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
    return (source,)


def _directory(found: Sync) -> Source:
    if found.directory is None:
        raise SettingsError("--directory", "it is not set")
    return DirectorySource(found.directory)


def _connection(found: Sync) -> Connection | None:
    """Return how to reach the cluster; None where a directory is read."""
    if found.directory is not None:
        return None
    from legation.cli.connecting import connection_of

    return connection_of(kubeconfig=found.kubeconfig, context=found.context)


def _namespace(connection: Connection | None) -> str:
    if connection is None:
        return DEFAULT_NAMESPACE
    return os.environ.get("POD_NAMESPACE") or connection.namespace


def _named(given: str, namespace: str) -> NamespacedName:
    before, slash, name = given.rpartition("/")
    return NamespacedName(before if slash else namespace, name)


def _labels(selector: str | None) -> Sequence[tuple[str, str]]:
    found = [_LABEL.fullmatch(each.strip()) for each in (selector or "").split(",") if each.strip()]
    if not all(found):
        raise SettingsError("--selector", "of a directory it is a list of labels, such as team=edge,tier=front")
    return [(each[1], each[2]) for each in found if each]
