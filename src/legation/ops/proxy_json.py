"""Envoys as plain JSON: what pages show of those that are connected, and of those that were turned away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from legation.model.loads import ClusterLoad
from legation.model.proxy_status import Denied, LastRefusal, ProxyStatus, RefusedResource, TurnedAway, TypeStatus


def page_json(
    proxies: Iterable[ProxyStatus], *, turned_away: Iterable[TurnedAway], denied: Iterable[Denied] = ()
) -> dict[str, list[Any]]:
    """Return the page of one replica: its Envoys, and whom it did not serve lately."""
    return {
        "proxies": [_proxy_json(each) for each in proxies],
        "turned_away": [_turned_away_json(each) for each in turned_away],
        "denied": [_denied_json(each) for each in denied],
    }


def _proxy_json(proxy: ProxyStatus) -> dict[str, Any]:
    return {
        "node": proxy.node.id,
        "cluster": proxy.node.cluster,
        "user_agent": proxy.node.user_agent,
        "group": proxy.group,
        "address": proxy.peer.address,
        "transport": proxy.peer.transport,
        "proof": str(proxy.peer.proof),
        "certificate_ends": _certificate_ends(proxy),
        "waits": proxy.waits,
        "connected_for": round(proxy.connected_for, 3),
        "types": [_type_json(each) for each in proxy.types],
        "loads": [_load_json(each) for each in proxy.loads],
    }


def _certificate_ends(proxy: ProxyStatus) -> float | None:
    """Return when the certificate ends that an Envoy has shown; it may have a newer one by now."""
    certificate = proxy.peer.proof.certificate
    return None if certificate is None else certificate.ends


def _denied_json(record: Denied) -> dict[str, Any]:
    return {
        "node": record.node.id,
        "address": record.peer.address,
        "proof": str(record.peer.proof),
        "cause": record.cause,
        "status": record.status,
        "reason": record.words,
        "served": record.served,
        "times": record.times,
        "ago": round(record.ago, 3),
    }


def _turned_away_json(record: TurnedAway) -> dict[str, Any]:
    return {
        "node": record.node.id,
        "address": record.peer.address,
        "status": record.status,
        "reason": record.words,
        "times": record.times,
        "ago": round(record.ago, 3),
    }


def _load_json(load: ClusterLoad) -> dict[str, Any]:
    return {
        "cluster": load.cluster,
        "interval": round(load.interval, 3),
        "requests": load.issued,
        "errors": load.errors,
        "in_progress": load.in_progress,
        "dropped": dict(load.dropped),
        "requests_per_second": round(load.per_second(load.issued), 3),
        "errors_per_second": round(load.per_second(load.errors), 3),
        "dropped_per_second": round(load.per_second(sum(load.dropped.values())), 3),
    }


def _type_json(status: TypeStatus) -> dict[str, Any]:
    return {
        "type": status.type.name,
        "sent": status.sent,
        "accepted": status.accepted,
        "since": None if status.since is None else round(status.since, 3),
        "pending_for": None if status.pending_for is None else round(status.pending_for, 3),
        "refused": [_refused_json(each) for each in status.refused],
        "last_refusal": _last_refusal_json(status.last_refusal) if status.last_refusal else None,
    }


def _last_refusal_json(refusal: LastRefusal) -> dict[str, Any]:
    return {"version": refusal.version, "reason": refusal.words, "ago": round(refusal.ago, 3)}


def _refused_json(refused: RefusedResource) -> dict[str, Any]:
    return {
        "name": refused.name,
        "version": refused.version,
        "reason": refused.words,
        "object": str(refused.origin) if refused.origin else None,
        "together": refused.together,
        "parked": refused.parked.value if refused.parked is not None else None,
    }
