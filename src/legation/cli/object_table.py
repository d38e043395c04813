"""Objects as a table for people, as kubectl lays one out: what fits into 80 columns, and nothing around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from legation.cli.printing import count, printable

if TYPE_CHECKING:
    from legation.client import Delivery, Problem, Reference, StoredObject

_GAP = "   "
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))
_HOSTS_SHOWN = 2


def age(created: object, *, now: datetime) -> str:
    """Return how old something is, as kubectl says it: `12s`, `5m`, `3h`, `2d`; empty where nobody knows."""
    try:
        seconds = max(0, int((now - datetime.fromisoformat(str(created))).total_seconds()))
    except (ValueError, TypeError):
        return ""
    for unit, length in _UNITS:
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def table(
    objects: Sequence[StoredObject],
    deliveries: Mapping[Reference, Delivery],
    *,
    now: datetime,
    namespaces: bool,
    kinds: bool,
) -> list[str]:
    """Return the lines, the head first.

    Args:
        objects: What is shown.
        deliveries: What Envoys have of them, by references without a version.
        now: The present.
        namespaces: Whether to show in which namespace each is.
        kinds: Whether to show of which kind each is.
    """
    lines = [head(namespaces=namespaces), *rows(objects, now=now, namespaces=namespaces, kinds=kinds)]
    counts = ["ENVOYS", *(_counts(deliveries.get(replace(each.object, resource_version=""))) for each in objects)]
    return aligned([(*row[:-1], count, row[-1]) for row, count in zip(lines, counts, strict=True)])


def _counts(delivery: Delivery | None) -> str:
    """Return how many have accepted it of those that get it; a dash where nobody gets it."""
    return f"{delivery.accepted}/{delivery.envoys}" if delivery is not None and delivery.envoys else "-"


def head(*, namespaces: bool) -> tuple[str, ...]:
    """Return the names of the columns."""
    return (*(("NAMESPACE",) if namespaces else ()), "NAME", "VERSION", "AGE", "STATE")


def rows(objects: Iterable[StoredObject], *, now: datetime, namespaces: bool, kinds: bool) -> list[tuple[str, ...]]:
    """Return a row for each object."""
    return [
        (
            *((each.object.namespace,) if namespaces else ()),
            str(each.object) if kinds else each.object.name,
            each.object.resource_version,
            age(_metadata(each).get("creationTimestamp"), now=now),
            state(each.problems),
        )
        for each in objects
    ]


def state(problems: Sequence[Problem]) -> str:
    """Return how an object is: `ok`, or what is wrong with it in the fewest words."""
    errors = sum(each.level == "error" for each in problems)
    warnings = len(problems) - errors
    said = [count(number, word) for number, word in ((errors, "error"), (warnings, "warning")) if number]
    return ", ".join(said) or "ok"


def upstreams(objects: Sequence[StoredObject], *, namespaces: bool) -> list[str]:
    """Return a table of upstreams: where each is, and its share in which routes."""
    lines: list[tuple[str, ...]] = [
        (*(("NAMESPACE",) if namespaces else ()), "NAME", "HOSTS", "WEIGHT", "ROUTES", "STATE")
    ]
    for each in objects:
        spec = _mapping(each.manifest.get("spec"))
        lines.append(
            (
                *((each.object.namespace,) if namespaces else ()),
                each.object.name,
                _hosts(spec),
                str(spec.get("weight", 0)),
                ",".join(map(_route, spec.get("routes") or ())),
                state(each.problems),
            )
        )
    return aligned(lines)


def _hosts(spec: Mapping[str, Any]) -> str:
    service = _mapping(spec.get("service"))
    if service:
        return f"service {service.get('name', '')}:{service.get('port', '')}"
    hosts = [_mapping(each) for each in spec.get("hosts") or ()]
    shown = ",".join(_host(each) for each in hosts[:_HOSTS_SHOWN])
    more = len(hosts) - _HOSTS_SHOWN
    return f"{shown},+{more}" if more > 0 else shown


def _host(host: Mapping[str, Any]) -> str:
    address = str(host.get("address", ""))
    return f"[{address}]:{host.get('port', '')}" if ":" in address else f"{address}:{host.get('port', '')}"


def _route(route: object) -> str:
    found = _mapping(route)
    parts = [str(found.get(each) or "") for each in ("configuration", "virtualHost", "name")]
    while parts and not parts[-1]:
        parts.pop()
    return "/".join(each or "*" for each in parts) or f"cluster {found.get('cluster', '')}"


def _metadata(found: StoredObject) -> Mapping[str, Any]:
    return _mapping(found.manifest.get("metadata"))


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def aligned(lines: Sequence[Sequence[str]], widths: Sequence[int] = ()) -> list[str]:
    """Return rows as lines whose columns stand below each other.

    Args:
        lines: The rows.
        widths: How wide columns are at least.
    """
    shown = [[printable(each) for each in row] for row in lines]
    found = [max([*map(len, column), *widths[at : at + 1]]) for at, column in enumerate(zip(*shown, strict=True))]
    return [_GAP.join(each.ljust(width) for each, width in zip(row, found, strict=True)).rstrip() for row in shown]
