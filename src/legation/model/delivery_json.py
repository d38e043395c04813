"""Deliveries as plain JSON and back: what replicas tell each other.

What comes from outside is believed only where it has the right shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from legation.model.delivery import SHOWN_REFUSALS, Deliveries, Delivery, Refusal
from legation.model.objects import ObjectKey


def to_json(deliveries: Deliveries) -> dict[str, Any]:
    """Return them as plain JSON."""
    return {
        "epoch": deliveries.epoch,
        "number": deliveries.number,
        "whole": deliveries.whole,
        "objects": [
            {
                "group": key.group,
                "kind": key.kind,
                "namespace": key.namespace,
                "name": key.name,
                "counts": None if counts is None else _counts_json(*counts),
            }
            for key, counts in deliveries.objects.items()
        ],
    }


def from_json(value: Any) -> Deliveries:
    """Return what plain JSON says.

    Raises:
        ValueError: It is not what `to_json` returns.
    """
    try:
        return Deliveries(
            epoch=_typed(value["epoch"], str),
            number=_count(value["number"]),
            whole=_typed(value["whole"], bool),
            objects=MappingProxyType(dict(_entry(each) for each in _typed(value["objects"], list))),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"these are no deliveries: {type(error).__name__}") from error


def _counts_json(served: int | None, delivery: Delivery) -> dict[str, Any]:
    return {
        "served": served,
        "matching": delivery.matching,
        "accepted": delivery.accepted,
        "refused": delivery.refused,
        "refusals": [[each.node, each.resource, each.words] for each in delivery.refusals],
    }


def _entry(value: Any) -> tuple[ObjectKey, tuple[int | None, Delivery] | None]:
    key = ObjectKey(*(_typed(value[name], str) for name in ("group", "kind", "namespace", "name")))
    return key, None if value["counts"] is None else _counts(value["counts"])


def _counts(value: Mapping[str, Any]) -> tuple[int | None, Delivery]:
    refusals = (
        Refusal(node=_typed(node, str), resource=_typed(resource, str), words=_typed(words, str))
        for node, resource, words in _typed(value["refusals"], list)[:SHOWN_REFUSALS]
    )
    return None if value["served"] is None else _count(value["served"]), Delivery(
        matching=_count(value["matching"]),
        accepted=_count(value["accepted"]),
        refused=_count(value["refused"]),
        refusals=tuple(refusals),
    )


def _count(value: Any) -> int:
    found: int = _typed(value, int)
    if isinstance(value, bool) or found < 0:
        raise TypeError
    return found


def _typed(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value
