"""Whether a sidecar fits a Pod: what keeps it out, what of the Pod's does not go with it, and what gives way. Pure.

It refuses to know what a sidecar looks like. The one invariant: a Pod that would never start, or never be taken, with
what it asks for is told so here, with the mend.

Sources: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy,
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination,
https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from legation.api.injection import volumes
from legation.api.injection.annotations import BROKEN, PREFIX
from legation.api.injection.sidecar import NAME
from legation.api.injection.wishes import ENABLED, FOREVER, NONE, Wishes
from legation.model.problems import Level, Problem

NOT_INJECTED = "not-injected"
"""The code of what keeps a Pod from being given a sidecar."""
_WINDOWS = "windows"
_SYSTEM_LABELS = ("kubernetes.io/os", "beta.kubernetes.io/os")
_GRACE = 30
"""Seconds that a Pod has to end, where it says nothing."""


def shared_resources(spec: Mapping[str, Any]) -> frozenset[str]:
    """Return which resources of a Pod its containers share: the API server takes no container that has more."""
    return frozenset(name for each in ("requests", "limits") for name in _map(_map(spec, "resources"), each))


def why_not(spec: Mapping[str, Any], *, wishes: Wishes | None, has_own: bool) -> Problem | None:
    """Return why a Pod goes without a sidecar.

    Args:
        spec: Of the Pod.
        wishes: What it asks for; None where that cannot be read.
        has_own: Whether it has a container by the name of the sidecar.
    """
    if _is_of_windows(spec):
        return _skipped("it runs on Windows, for which there is no Envoy")
    if spec.get("hostNetwork") and not (wishes is not None and wishes.host_network):
        reason = "it is in the network of its node, whose ports and address it would share with others"
        return _skipped(reason, mend=f"{PREFIX}host-network: {ENABLED} gives it one all the same")
    if has_own:
        return _skipped(f"it has a container {NAME} of its own", mend="give that one another name")
    return None


def fitted(
    spec: Mapping[str, Any], wishes: Wishes, *, asked: Collection[str], has_own: bool = True
) -> tuple[Wishes, list[Problem]]:
    """Return what a sidecar is to be in this Pod, and what does not go together.

    Args:
        spec: Of the Pod.
        wishes: What it asks for.
        asked: Its annotations, by name.
        has_own: Whether volumes by the names of ours are the Pod's own.
    """
    problems = [*_ports(spec, wishes), *_names(spec, wishes), *(_volumes(spec, wishes) if has_own else ())]
    drain = wishes.drain
    grace = spec.get("terminationGracePeriodSeconds", _GRACE)
    if not isinstance(drain, float) or not isinstance(grace, int) or math.ceil(drain) <= grace:
        return wishes, problems
    message = f"it is longer than the {grace} s that the Pod has to end"
    level, mend = Level.ERROR, "set terminationGracePeriodSeconds, or a shorter one"
    if f"{PREFIX}drain" not in asked:
        level, mend = Level.WARNING, "the sidecar sleeps no longer than that"
    problems.append(
        Problem(
            code=BROKEN, message=message, level=level, path=("metadata", "annotations", f"{PREFIX}drain"), mend=mend
        )
    )
    return replace(wishes, drain=float(grace) if grace > 0 else NONE), problems


def _ports(spec: Mapping[str, Any], wishes: Wishes) -> Iterator[Problem]:
    """Yield the ports of other containers at which the sidecar listens: they share one network."""
    own = {wishes.admin_port: "admin-port", wishes.ready_port: "ready-port"}
    for name in ("initContainers", "containers"):
        for index, container in enumerate(_list(spec, name)):
            if container.get("name") == NAME and name == "initContainers":
                continue
            for number, port in enumerate(_list(container, "ports")):
                wanted = own.get(port.get("containerPort", 0))
                if wanted is not None and port.get("protocol", "TCP") == "TCP":
                    yield Problem(
                        code=BROKEN,
                        message="the sidecar needs this port for itself",
                        path=("spec", name, index, "ports", number, "containerPort"),
                        mend=f"{PREFIX}{wanted} chooses another one for it",
                    )


def _names(spec: Mapping[str, Any], wishes: Wishes) -> Iterator[Problem]:
    """Yield why a sidecar would not find the control plane."""
    policy = spec.get("dnsPolicy", "ClusterFirst")
    resolves = policy == "ClusterFirstWithHostNet" or (policy == "ClusterFirst" and not spec.get("hostNetwork"))
    if resolves or policy == "None" or _is_address(wishes.xds[0]):
        return
    mend = "set ClusterFirstWithHostNet" if spec.get("hostNetwork") else "set ClusterFirst"
    message = f"with dnsPolicy {policy} in this Pod, no name of a Service is found by its Envoy"
    level = Level.WARNING
    if wishes.wait == FOREVER and _is_of_service(wishes.xds[0]):
        message += ", which would wait for legation forever"
        level, mend = Level.ERROR, f"{mend}, or {PREFIX}xds to an IP address"
    yield Problem(code=NOT_INJECTED, message=message, level=level, path=("spec", "dnsPolicy"), mend=mend)


def _volumes(spec: Mapping[str, Any], wishes: Wishes) -> Iterator[Problem]:
    """Yield the volumes that have names of ours, and are others."""
    ours = {each["name"]: each for each in volumes.volumes(wishes)}
    for index, each in enumerate(_list(spec, "volumes")):
        name = each.get("name")
        if name in ours and each != ours[name]:
            yield Problem(
                code=BROKEN,
                message="the sidecar has a volume of this name",
                path=("spec", "volumes", index, "name"),
                mend="give the other one another name",
            )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_of_service(host: str) -> bool:
    """Say whether only the cluster's own DNS can know a name."""
    labels = host.rstrip(".").split(".")
    return len(labels) == 1 or labels[2:3] == ["svc"]


def _is_of_windows(spec: Mapping[str, Any]) -> bool:
    selector = _map(spec, "nodeSelector")
    if _WINDOWS in {_map(spec, "os").get("name"), *(selector.get(each) for each in _SYSTEM_LABELS)}:
        return True
    contexts = [_map(each, "securityContext") for each in (spec, *_list(spec, "containers"))]
    if any(_map(each, "windowsOptions").get("hostProcess") is True for each in contexts):
        return True
    affinity = _map(_map(spec, "affinity"), "nodeAffinity")
    terms = _list(_map(affinity, "requiredDuringSchedulingIgnoredDuringExecution"), "nodeSelectorTerms")
    # One of them is enough for a node.
    return bool(terms) and all(any(map(_wants_windows, _list(each, "matchExpressions"))) for each in terms)


def _wants_windows(expression: Mapping[str, Any]) -> bool:
    is_in = expression.get("key") in _SYSTEM_LABELS and expression.get("operator") == "In"
    return is_in and expression.get("values") == [_WINDOWS]


def _skipped(reason: str, *, mend: str = "") -> Problem:
    return Problem(code=NOT_INJECTED, message=f"no sidecar is added: {reason}", level=Level.WARNING, mend=mend)


def _map(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def _list(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = value.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
